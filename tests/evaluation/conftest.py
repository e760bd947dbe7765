import pytest

from tests.evaluation.tiny_pairs import evaluate, make_pair
from vireo.evaluation.editors import ModelClips


@pytest.fixture(scope="session")
def pairs_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    families = ["recolor", "recolor", "remove", "absent", "hybrid"]
    pairs = [make_pair(folder, f"p{i}", family, seed=i) for i, family in enumerate(families)]
    (folder / "pairs.jsonl").write_text("".join(pair.model_dump_json() + "\n" for pair in pairs))
    return folder


@pytest.fixture
def run(pairs_dir, monkeypatch):
    def run(editor, out, **options):
        monkeypatch.setattr(ModelClips, "open", lambda config: editor)
        return evaluate(pairs_dir, out, model="any", **options)

    return run
