"""StudioRVE, a few clips of it: queries evenly over cells and clips, each with its exact plan, twin and result."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from vireo.errors import InputError
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.instructor.reading import read_instruction
from vireo.pairs.format import read_pairs
from vireo.reasoning.checks import check_plan
from vireo.reasoning.hops import Language
from vireo.reasoning.plan import Plan
from vireo.reasoning.studiorve import CELLS, StudioRVE, make_studiorve
from vireo.reasoning.twin import DigitalTwin
from vireo.video.io import read_clip

VOCABULARY = studio_vocabulary()
SPEC = StudioRVE(videos=2, queries=10, seed=931_000, split="train")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rve") / "set"
    counts = []
    make_studiorve(folder, Language(VOCABULARY), SPEC, on_progress=lambda done, total: counts.append((done, total)))
    assert counts[-1] == (10, 10)
    return folder


@pytest.fixture(scope="module")
def pairs(folder):
    return list(read_pairs(folder))


def test_cells_and_clips_are_even(pairs):
    assert Counter((pair.reasoning["category"], pair.reasoning["level"]) for pair in pairs) == Counter(
        [*CELLS, CELLS[0]]
    )
    assert set(Counter(pair.source for pair in pairs).values()) == {5}
    full = StudioRVE()
    assert (full.videos, full.queries, full.seed, full.split) == (100, 519, 3_000_000, "test"), "never change it"


def test_results_are_exact_where_and_when_they_are_meant(folder, pairs):
    for pair in pairs:
        source, target, mask = (
            read_clip(folder / path, trusted=True).frames for path in (pair.source, pair.target, pair.mask)
        )
        changed = mask[..., 0] > 0
        assert changed.any(), pair.id
        span = pair.reasoning["time_span"]
        if span is not None:
            inside = np.array([span[0] <= frame / 8 < span[1] for frame in range(len(source))])
            assert (source[~inside] == target[~inside]).all()
            assert not changed[~inside].any()


def test_plans_and_twins_fit_the_queries(folder, pairs):
    for pair in pairs:
        told = pair.reasoning
        twin = DigitalTwin.model_validate_json((folder / told["twin"]).read_text())
        plan = Plan.model_validate(told["plan"])
        check_plan(plan, twin, VOCABULARY)
        assert plan.query == pair.instruction
        assert told["source"] == "river"
        assert [target.id for target in plan.steps[0].targets] == told["targets"]
        body = pair.scene["bodies"][pair.concerned[0]]
        (target,) = (twin.by_id[name] for name in told["targets"])
        assert (target.value("color"), target.value("category")) == (body["color"], body["shape"])
        assert read_instruction(told["literal_instruction"], VOCABULARY).text == told["literal_instruction"]
        assert len(pair.paraphrases) == 2
        assert told["explanation"]


def test_a_finished_set_stays_and_others_are_not_overwritten(folder, tmp_path):
    before = (folder / "pairs.jsonl").read_bytes()
    make_studiorve(folder, Language(VOCABULARY), SPEC)
    assert (folder / "pairs.jsonl").read_bytes() == before
    with pytest.raises(InputError, match="another"):
        make_studiorve(folder, Language(VOCABULARY), replace(SPEC, queries=9))
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="exists"):
        make_studiorve(tmp_path, Language(VOCABULARY), SPEC)


def test_a_broken_run_goes_on_to_the_same_set(tmp_path):
    class Stop(Exception):
        pass

    def stop(done, total):
        raise Stop

    small = replace(SPEC, queries=2)
    with pytest.raises(Stop):
        make_studiorve(tmp_path / "again", Language(VOCABULARY), small, on_progress=stop)
    make_studiorve(tmp_path / "again", Language(VOCABULARY), small)
    make_studiorve(tmp_path / "whole", Language(VOCABULARY), small)
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")} for name in ("again", "whole")]
    assert files[0] == files[1]
    assert len(files[0]["pairs.jsonl"].splitlines()) == 2
