"""Halves of hybrids are what their parts alone make; a head learns from exact results what is better."""

from itertools import chain

import numpy as np
import pytest
import torch
from tiny_pairs import make_pair

from vireo.errors import ModelError
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.reward_lab import candidate_clips as candidate_clips_module
from vireo.evaluation.reward_lab.candidate_clips import HALF_DONE, candidate_clips
from vireo.evaluation.reward_lab.corruptions import CORRUPTIONS
from vireo.evaluation.reward_lab.partial_edits import half_done, partly_edited
from vireo.evaluation.reward_lab.preferences import draw_preferences, preference_set, prefers
from vireo.metrics.truth import EditScore, dilated
from vireo.models.preference import PreferenceHead
from vireo.pairs.format import read_pairs
from vireo.rewards.evidence import Evidence, Networks
from vireo.rewards.preference import PREFERENCE, preference_vectors
from vireo.training.export import save_model
from vireo.training.preference import PreferenceConfig, PreferenceVectors, pair_accuracy, train_preference_head
from vireo.world.generate import PairSetSpec, make_pairs
from vireo.world.render import render
from vireo.world.scene import Scene


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    make_pairs(folder, PairSetSpec(count=4, seed=60, families=["recolor", "hybrid"]), workers=1)
    return folder


@pytest.fixture(scope="module")
def networks():
    return Networks.open(torch.device("cpu"), instructor="mini")


def hybrids(folder):
    return [pair for pair in read_pairs(folder) if pair.family == "hybrid"]


def test_half_of_a_hybrid_is_the_source_here_and_the_target_there(pairs):
    """Each body of the half is that of the source or that of the target, some of each; so are most pixels."""
    for pair in hybrids(pairs):
        source, target = Scene.model_validate(pair.scene), Scene.model_validate(pair.target_scene)
        half = partly_edited(source, target)
        assert half is not None
        assert half not in (source, target)
        assert all(body in source.bodies or body in target.bodies for body in half.bodies)
        clips = load_pair_clips(pairs, pair)
        assert (render(target, truth=False).frames == clips.target).all(), "scenes give the pair's own bytes"
        made = half_done(pair)
        assert made is not None
        near = np.abs(np.stack([clips.source, clips.target]).astype(int) - made).max(-1).min(0) <= 3
        assert near[dilated(clips.mask)].mean() > 0.8
        error = clips.score(made, "hybrid").edit_error
        assert error is not None
        assert 0.02 < error < 1


def test_parts_of_known_scenes(pairs):
    """Of a changed, a removed, an added body and a night, in this order, the first two."""
    source = next(s for pair in hybrids(pairs) if len((s := Scene.model_validate(pair.scene)).bodies) >= 2)
    first, second, *others = source.bodies
    blue = first.model_copy(update={"color": "blue", "radius": first.radius * 2})
    added = first.model_copy(update={"position": (9.0, 9.0, 1.0)})
    night = source.light.model_copy(update={"name": "night"})
    target = source.model_copy(update={"bodies": (blue, *others, added), "light": night})
    half = partly_edited(source, target)
    assert half == source.model_copy(update={"bodies": (blue, *others)})
    assert partly_edited(source, source.model_copy(update={"bodies": (blue, second, *others)})) is None


def test_only_hybrids_have_halves(pairs):
    kinds = {}
    for pair in read_pairs(pairs):
        clips = load_pair_clips(pairs, pair)
        found = [(kind, strength) for kind, strength, _ in candidate_clips(pair, clips, clips)]
        kinds.setdefault(pair.family, []).append((HALF_DONE, 1.0) in found)
    assert all(kinds["hybrid"])
    assert not any(kinds["recolor"])


def score(success, error):
    fields = dict.fromkeys(EditScore.__dataclass_fields__)
    return EditScore(**(fields | {"success": success, "success_loose": success, "edit_error": error}))


def test_what_the_truth_prefers():
    assert prefers(score(True, 0.1), score(False, 0.1))
    assert prefers(score(False, 0.3), score(False, 0.5))
    assert not prefers(score(False, 0.45), score(False, 0.5)), "too near"
    assert not prefers(score(True, 0.2), score(False, 0.1)), "the two measures do not agree"
    assert not prefers(score(False, 0.1), score(True, 0.5))


def test_a_head_learns_what_the_truth_prefers(networks, tmp_path, monkeypatch):
    """Trained on five tiny pairs, it is right about three others; saved, it is the reward."""
    kinds = {name: CORRUPTIONS[name] for name in ("nothing_done", "blur", "wrong_side")}
    monkeypatch.setattr(candidate_clips_module, "CORRUPTIONS", kinds)
    monkeypatch.setattr(candidate_clips_module, "STRENGTHS", (1.0,))
    made = [make_pair(tmp_path, f"p{k}", seed=k).model_copy(update={"target_caption": "a ball"}) for k in range(8)]
    (tmp_path / "pairs.jsonl").write_text("".join(f"{pair.model_dump_json()}\n" for pair in made))
    drawn = list(draw_preferences(tmp_path, 30, np.random.default_rng(0)))
    train, held_out = (preference_set(list(chain(*part)), networks) for part in (drawn[:5], drawn[5:]))
    assert len(held_out.texts) >= 9
    head = train_preference_head(train, PreferenceConfig(steps=100))
    assert pair_accuracy(head, train) > 0.85
    assert pair_accuracy(head, held_out) > 0.7
    turned = PreferenceVectors(held_out.worse, held_out.better, held_out.texts)
    assert pair_accuracy(head, turned) == pytest.approx(1 - pair_accuracy(head, held_out))
    save_model(tmp_path / "head", head)
    opened = Networks(networks.instructor, preference=PreferenceHead.open(tmp_path / "head"))
    better, worse = drawn[5][0]
    values = [PREFERENCE(Evidence(sample, opened)) for sample in (better, worse)]
    vectors = [preference_vectors(Evidence(sample, networks)) for sample in (better, worse)]
    with torch.no_grad():
        wanted = [head(*(torch.from_numpy(v)[None] for v in each)).item() for each in vectors]
    assert values == pytest.approx(wanted, abs=1e-5)
    (tmp_path / "head" / "diffusion_pytorch_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError):
        PreferenceHead.open(tmp_path / "head")


def test_the_loss_is_bradley_and_terrys_and_seeded():
    """Vectors that differ in one number alone, by which people would choose: the head finds it, the same each time."""
    rng = np.random.default_rng(0)
    better, worse = rng.normal(0, 1, (2, 200, 3, 5)).astype(np.float32)
    better[..., 0] += 2
    given = PreferenceVectors(better, worse, rng.normal(0, 1, (200, 2)).astype(np.float32))
    first, again = (train_preference_head(given, PreferenceConfig(steps=60)) for _ in range(2))
    assert pair_accuracy(first, given) > 0.95
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    same = PreferenceVectors(better, better, given.texts)
    assert pair_accuracy(first, same) == 0.5, "ties count half"
