import pytest

from vireo.errors import ModelError
from vireo.models import presets
from vireo.models.presets import Preset, resolve


@pytest.fixture
def preset(tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    folder.mkdir()
    made = Preset("tiny", "for this test", folder, memory_gb=1)
    monkeypatch.setattr(presets, "PRESETS", {"tiny": made})
    return made


def test_preset_folder_and_their_absence(preset, tmp_path):
    with pytest.raises(ModelError, match="weights of tiny"):
        resolve("tiny")
    (preset.folder / "model_index.json").write_text("{}")
    assert resolve("tiny") == preset.folder
    assert resolve(preset.folder) == preset.folder
    with pytest.raises(ModelError, match=r"no model_index\.json"):
        resolve(tmp_path)
    with pytest.raises(ModelError, match="is a file"):
        resolve(preset.folder / "model_index.json")


def test_unknown_names_say_what_there_is(preset):
    with pytest.raises(ModelError, match=r"no model 'tinny'.*did you mean tiny\? presets: tiny"):
        resolve("tinny")
    with pytest.raises(ModelError, match="presets: tiny"):
        resolve("")


def test_hub_errors_are_one_line(preset, monkeypatch):
    import huggingface_hub

    def fails(*args, **options):
        raise OSError("no route\nto anywhere")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(ModelError, match="hub: no route") as caught:
        resolve("someone/something")
    assert "\n" not in str(caught.value)


def test_hub_ids_are_fetched(preset, monkeypatch, tmp_path):
    import huggingface_hub

    (tmp_path / "model_index.json").write_text("{}")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, allow_patterns: str(tmp_path))
    assert resolve("someone/something") == tmp_path
