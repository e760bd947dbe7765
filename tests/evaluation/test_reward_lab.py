"""Corruptions do what they are called, and scorers of known quality get the grades that they deserve."""

import json
from types import MappingProxyType

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from vireo.errors import InputError
from vireo.evaluation.pair_clips import PairClips, load_pair_clips
from vireo.evaluation.reward_lab import candidate_clips
from vireo.evaluation.reward_lab import run as lab
from vireo.evaluation.reward_lab.corruptions import CORRUPTIONS, DECEPTIONS, STRENGTHS
from vireo.evaluation.reward_lab.run import LabConfig, run_lab
from vireo.evaluation.reward_lab.scorers import LabScorers
from vireo.evaluation.reward_lab.statistics import (
    EXCHANGED,
    MIX,
    OUTPUT,
    TARGET,
    Candidate,
    as_markdown,
    auroc,
    summarise,
)
from vireo.judges.judge import Judgement
from vireo.metrics.consistency import temporal_flickering
from vireo.metrics.truth import dilated, edit_error
from vireo.models.clip import build_clip_processor, embed_images, embed_texts
from vireo.models.editors.mini import build_mini_clip
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.critic import p_yes
from vireo.models.weights import Bundle
from vireo.pairs.format import read_pairs
from vireo.rewards.scorer import Undefined
from vireo.runtime import autocast
from vireo.video.io import write_lossless
from vireo.world.generate import PairSetSpec, make_pairs


def truth(seed=0):
    """A bright square with a shadow below it is recoloured; a second square stands beside."""
    generator = np.random.default_rng(seed)
    source = np.full((9, 96, 96, 3), 100, np.uint8) + generator.integers(0, 20, (9, 96, 96, 3), dtype=np.uint8)
    concerned, others, shadow = (np.zeros((9, 96, 96), bool) for _ in range(3))
    concerned[:, 20:40, 20:40], others[:, 60:80, 50:70], shadow[:, 44:52, 20:40] = True, True, True
    source[concerned], source[others] = (200, 60, 60), (60, 200, 60)
    target = source.copy()
    target[concerned], target[shadow] = (60, 60, 200), 40
    return PairClips(source, target, concerned | shadow, others, concerned, None)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruptions_grow_with_their_strength(name):
    pair, other = truth(), truth(1)
    clips = [CORRUPTIONS[name](pair, other, strength) for strength in STRENGTHS]
    gaps = [float(np.square(clip.astype(float) - pair.target).sum()) for clip in clips]
    assert 0 < gaps[0] < gaps[1] < gaps[2]
    assert all(clip.shape == pair.target.shape and clip.dtype == np.uint8 for clip in clips)
    assert (CORRUPTIONS[name](pair, other, 1.0) == clips[-1]).all()


def test_full_strength_by_hand():
    pair, other = truth(), truth(1)
    made = {name: corrupt(pair, other, 1.0) for name, corrupt in CORRUPTIONS.items()}
    assert (made["nothing_done"] == pair.source).all()
    assert (made["wrong_time"][0] == pair.target[0]).all()
    assert (made["wrong_time"][1:] == pair.source[1:]).all()
    assert (made["flicker"][::2] == pair.target[::2]).all()
    assert (made["flicker"][1::2] == pair.source[1::2]).all()
    assert (made["wrong_object"][pair.concerned] == pair.source[pair.concerned]).all()
    assert made["wrong_object"][pair.others].mean(0).tolist() == [0, 200, 200], "60 - 140 is cut off, 60 + 140"
    assert (made["shadow_left"][pair.concerned] == pair.target[pair.concerned]).all()
    assert (made["shadow_left"][:, 46:50, 22:38] == pair.source[:, 46:50, 22:38]).all()
    behind = ~(pair.mask | pair.concerned | pair.others)
    assert (made["background_swapped"][behind] == other.source[behind]).all()
    assert (made["background_swapped"][~behind] == pair.target[~behind]).all()
    moved = made["wrong_side"][:, 20:40, 56:76].astype(int) - pair.source[:, 20:40, 56:76]
    assert (moved.mean((0, 1, 2)) > [-141, -20, 100]).all(), "what was changed on the left is changed on the right"
    assert edit_error(made["wrong_side"], pair.source, pair.target, dilated(pair.mask)) > 0.9


def test_what_means_nothing_is_left_out():
    pair = truth()
    empty = np.zeros_like(pair.mask)
    alone = PairClips(pair.source, pair.target, pair.mask, empty, empty, None)
    everywhere = PairClips(pair.source, pair.target, ~empty, pair.others, pair.concerned, None)
    assert CORRUPTIONS["wrong_object"](alone, pair, 1.0) is None
    assert CORRUPTIONS["shadow_left"](alone, pair, 1.0) is None
    assert CORRUPTIONS["wrong_side"](everywhere, pair, 1.0) is None
    clips = (pair.source, pair.target, pair.mask, pair.others, pair.concerned)
    assert CORRUPTIONS["flicker"](PairClips(*(clip[:1] for clip in clips), None), pair, 1.0) is None


@pytest.mark.parametrize("name", DECEPTIONS)
def test_deceptions_are_no_successes(name):
    """None passes, where the exact target does; grain makes no blur sharp."""
    pair = truth()
    pair.target[pair.concerned] += np.random.default_rng(2).integers(0, 50, (int(pair.concerned.sum()), 1), np.uint8)
    assert pair.score(pair.target, "remove").success
    corrupt, strength = DECEPTIONS[name]
    clip = corrupt(pair, pair, strength)
    assert clip is not None
    assert (clip[~dilated(pair.mask)] == pair.target[~dilated(pair.mask)]).all(), "wrong inside alone"
    assert not pair.score(clip, "remove").success


def test_ghosts_that_hardly_differ_are_left_out():
    pair = truth()
    pair.target[:] = np.minimum(pair.source, pair.target)
    assert DECEPTIONS["the darker of old and new"][0](pair, pair, 1.0) is None
    assert DECEPTIONS["the brighter of old and new"][0](pair, pair, 1.0) is not None


def test_auroc_is_mann_and_whitneys():
    generator = np.random.default_rng(0)
    a, b = generator.normal(1, 1, 40).round(1), generator.normal(0, 1, 60).round(1)
    assert auroc(a, b) == pytest.approx(mannwhitneyu(a, b).statistic / (len(a) * len(b)))
    assert auroc(np.array([1.0]), np.array([1.0, 0.0])) == 0.75
    assert auroc([1.0], []) is None


def graded(pair, corruption, strength, accuracy, editor=None, **scores):
    facts = {"id": pair, "family": "recolor", "corruption": corruption, "strength": strength, "editor": editor}
    return Candidate(**facts, accuracy=accuracy, success=accuracy > 0.85, success_loose=accuracy > 0.65, scores=scores)


def test_grades_of_known_scorers():
    """`exact` knows the truth, `lazy` likes what changed least, `blind` always says the same."""
    rows = []
    for k in range(10):
        rows.append(graded(f"p{k}", TARGET, 0.0, 1.0, exact=1.0, lazy=0.1 + k / 100, blind=0.5))
        rows.append(graded(f"p{k}", "nothing_done", 1.0, 0.0, exact=0.0, lazy=1.0, blind=0.5))
        rows.append(graded(f"p{k}", "nothing_done", 0.5, 0.5, exact=0.5, lazy=0.5, blind=0.5))
        rows.append(graded(f"p{k}", "blur", 1.0, 0.7, exact=0.7, lazy=0.1 + k / 100, blind=0.5))
    found = summarise(rows)
    assert found["candidates"] == 40
    exact, lazy, blind = (found["scorers"][name] for name in ("exact", "lazy", "blind"))
    assert exact["corruptions"]["nothing_done"]["1"] == {"auroc": 1, "preferred": 1, "n": 10}
    assert exact["spearman"] == pytest.approx(1)
    assert (exact["ties"], exact["nothing_preferred"]["rate"], exact["exploit"]) == (0, 0, 0)
    assert lazy["corruptions"]["nothing_done"]["1"]["auroc"] == 0
    assert lazy["corruptions"]["blur"]["1"]["preferred"] == 0.5
    assert lazy["ties"] == pytest.approx(1 / 3)
    assert (lazy["nothing_preferred"]["rate"], lazy["exploit"]) == (1, 1)
    assert lazy["spearman"] < 0
    assert blind["spearman"] is None
    assert (blind["ties"], blind["nothing_preferred"]["rate"], blind["exploit"]) == (1, 1, 0.5)
    table = as_markdown(found).splitlines()
    assert table[0].split(" | ")[:3] == ["| scorer", "nothing done", "blur"]
    assert table[2].startswith("| exact | 1.00 | 1.00 | 1.00 | - | 0.00 | 0.00 | 0.00 |")


def test_what_is_undefined_is_left_out_and_counted():
    """Half of the pairs have no reference: figures are those of the other half alone, and nothing counts as 0."""
    rows, half = [], []
    for k in range(6):
        pair = [graded(f"p{k}", TARGET, 0.0, 1.0, near=0.9), graded(f"p{k}", "blur", 1.0, 0.2, near=0.5 + k / 10)]
        rows += pair if k % 2 else [row.model_copy(update={"scores": {}, "undefined": {"near": "no"}}) for row in pair]
        half += pair if k % 2 else []
    found, alone = summarise(rows)["scorers"]["near"], summarise(half)["scorers"]["near"]
    assert found.pop("undefined") == {"no": 6}
    assert alone.pop("undefined") == {}
    assert found == alone
    assert found["corruptions"]["blur"]["1"]["n"] == 3
    never = summarise([row.model_copy(update={"scores": {}, "undefined": {"near": "no"}}) for row in rows])
    assert (never["scorers"]["near"]["spearman"], never["scorers"]["near"]["ties"]) == (None, None)
    assert as_markdown(never).splitlines()[2].startswith("| near | -")


def test_outputs_of_editors_are_graded_by_themselves():
    """What scorers say of outputs changes nothing that is said of corruptions, and the other way round."""
    made = [graded(f"p{k}", TARGET, 0.0, 1.0, exact=1.0, wrong=0.0) for k in range(20)]
    made += [graded(f"p{k}", "blur", 1.0, 0.2, exact=0.2, wrong=0.5) for k in range(20)]
    outputs = []
    for k in range(20):
        outputs.append(graded(f"p{k}", OUTPUT, 0.0, k / 20, "good", exact=k / 20, wrong=-k / 20))
        outputs.append(graded(f"p{k}", OUTPUT, 0.0, k / 40, "bad", exact=k / 40, wrong=-k / 40))
    alone, both = summarise(made), summarise(made + outputs)
    assert alone["outputs"] == {}
    good = both["outputs"]["good"]
    assert (good["n"], good["accuracy"]) == (20, pytest.approx(0.475))
    rates = [good[name]["rate"] for name in ("success", "success_loose")]
    assert rates == [pytest.approx(0.1), pytest.approx(0.3)]
    assert good["success_loose"]["low"] < 0.3 < good["success_loose"]["high"]
    for name in ("exact", "wrong"):
        before, after = (found["scorers"][name] for found in (alone, both))
        assert before["spearman_outputs"] is None
        assert {k: before[k] for k in ("corruptions", "spearman", "ties")} == {
            k: after[k] for k in ("corruptions", "spearman", "ties")
        }
    exact, wrong = (both["scorers"][name]["spearman_outputs"] for name in ("exact", "wrong"))
    assert exact == {"rate": pytest.approx(1), "n": 40, "low": pytest.approx(1), "high": pytest.approx(1)}
    assert wrong["rate"] == pytest.approx(-1)


def replace_scorers(monkeypatch, score):
    score.settings = {"model": "made up"}
    monkeypatch.setattr(lab, "LabScorers", lambda instructor, backbones, judge: score)


def grade(pairs_dir, out, command=None, **fields):
    return run_lab(pairs_dir, out, LabConfig(**fields), command=command)


def test_the_papers_mix_is_standardised_within_a_pair():
    """Whatever the scale of a term, it weighs as much as the others; terms that are missing leave the mix out."""
    rows = []
    for k in range(4):
        terms = {"R_IF": 0.2, "R_SP": 0.9, "R_PS": 21.0}
        rows.append(graded(f"p{k}", TARGET, 0.0, 1.0, **terms))
        rows.append(graded(f"p{k}", "nothing_done", 1.0, 0.0, **(terms | {"R_IF": 0.0, "R_SP": 1.0, "R_PS": 20.0})))
    found = summarise(rows)["scorers"]
    assert found["R_SP"]["nothing_preferred"]["rate"] == 1
    assert found[MIX]["nothing_preferred"]["rate"] == 0, "two terms of three: +1 +1 -1 against -1 -1 +1"
    assert found[MIX]["corruptions"]["nothing_done"]["1"]["auroc"] == 1
    fewer = [row.model_copy(update={"scores": {"R_SP": row.scores["R_SP"]}}) for row in rows]
    assert MIX not in summarise(fewer)["scorers"]


def test_scorers_against_the_models_they_name(tmp_path):
    """VIVA's terms from a small random CLIP's own vectors; the critic's from its probabilities of Yes."""
    make_pairs(tmp_path / "pairs", PairSetSpec(count=1, seed=40, families=["recolor"]), workers=1)
    (pair,) = read_pairs(tmp_path / "pairs")
    made = load_pair_clips(tmp_path / "pairs", pair)
    pipe = VireoPipeline.from_pretrained("mini")
    torch.manual_seed(0)
    clip = build_mini_clip(len(pipe.processor.tokenizer)).eval()
    processor = build_clip_processor(pipe.processor.tokenizer, pipe.processor.image_processor)
    Bundle(clip, processor).save_pretrained(tmp_path / "clip")
    scores = LabScorers("mini", {"clip": str(tmp_path / "clip")})(made.sample(pair, made.target))
    before, after = (embed_images(clip, processor, list(video)) for video in (made.source, made.target))
    wanted, had = embed_texts(clip, processor, [pair.target_caption, pair.source_caption])
    assert scores["R_IF"] == pytest.approx((after @ (wanted - had)).mean().item(), abs=1e-4)
    assert scores["R_SP"] == pytest.approx((before * after).sum(1).mean().item(), abs=1e-4)
    assert scores["R_PS"] == pytest.approx((after @ wanted).mean().item(), abs=1e-4)
    frames = [list(video[[0, 3, 5, 8]]) for video in (made.source, made.target)]
    with torch.no_grad(), autocast(pipe.instructor.device):
        sure = p_yes(pipe.templated_instructor, *frames, [pair.instruction] * 4, "accuracy")
    assert scores["accuracy"] == pytest.approx(sure.float().mean().item(), abs=1e-4)
    assert scores["TF"] == temporal_flickering(made.target)
    assert {"MS", "CLIP-T", "Frame-Text", "PSNR to the source", "seen change"} < set(scores)
    assert scores["PSNR to the target"] == 100, "it is shown the exact result"
    assert scores["Reference"] == Undefined("no reference"), "and the pair has none"
    with pytest.raises(InputError, match="no backbone 'clap'"):
        LabScorers("mini", {"clap": "x"})


class Moody:
    """Says 6 of everything; fails on the pair `bad`."""

    rubric, bad = "viva", None
    settings = MappingProxyType({"judge": "moody", "rubric": "viva"})

    def judge(self, samples):
        if samples[0].instruction == self.bad:
            return [Judgement(None, failure="not today")]
        return [Judgement(dict.fromkeys(("instruction_following", "editing_quality"), 6.0))]


def test_another_judge_is_graded_and_its_failures_are_no_scores(tmp_path, monkeypatch):
    monkeypatch.setattr(candidate_clips, "CORRUPTIONS", {name: CORRUPTIONS[name] for name in ("nothing_done", "blur")})
    monkeypatch.setattr(candidate_clips, "STRENGTHS", (1.0,))
    make_pairs(tmp_path / "pairs", PairSetSpec(count=3, seed=40, families=["light"]), workers=1)
    first, *_ = read_pairs(tmp_path / "pairs")
    judge = Moody()
    judge.bad = first.instruction
    given = {"out": tmp_path / "out", "judge": judge}
    report = grade(tmp_path / "pairs", **given)
    assert {failure["why"] for failure in report["failures"]} == {"not today"}
    assert {(failure["id"], failure["editor"]) for failure in report["failures"]} == {(first.id, None)}
    found = report["scorers"]["judge, viva"]
    assert (found["spearman"], found["ties"]) == (None, 1), "it always says the same"
    judge.bad = None
    again = grade(tmp_path / "pairs", **given)
    assert again["failures"] == []
    assert again["candidates"] > report["candidates"]


def test_a_broken_run_goes_on(tmp_path, monkeypatch):
    make_pairs(tmp_path / "pairs", PairSetSpec(count=3, seed=40, families=["recolor"]), workers=1)
    calls = []

    def score(sample):
        calls.append(sample.instruction)
        if len(calls) == 40:
            raise KeyboardInterrupt
        return {"mean": float(sample.edited.mean())}

    replace_scorers(monkeypatch, score)
    with pytest.raises(KeyboardInterrupt):
        grade(tmp_path / "pairs", out=tmp_path / "out")
    path = tmp_path / "out" / "candidates.jsonl"
    kept = path.read_text().split()
    assert len(kept) == 1
    path.write_text(path.read_text() + '{"key": "half wri')
    before = len(calls)
    report = grade(tmp_path / "pairs", out=tmp_path / "out", command="vireo lab")
    first = len(json.loads(kept[0])["candidates"])
    assert len(calls) - before == report["candidates"] - first, "the finished pair is not graded again"
    assert json.loads((tmp_path / "out" / "lab.json").read_text()) == report
    assert grade(tmp_path / "pairs", out=tmp_path / "out", command="vireo lab") == report
    with pytest.raises(InputError, match="fewer than two"):
        grade(tmp_path / "pairs", out=tmp_path / "out", limit=1)
    with pytest.raises(InputError, match="no folder"):
        grade(tmp_path / "pairs", out=tmp_path / "out", outputs=[tmp_path / "nothing"])


def test_exchanged_pictures_and_finished_clips(tmp_path, monkeypatch):
    """`exchanged` shows the target as the source; a folder's clips are graded where it has them, and only once."""
    make_pairs(tmp_path / "pairs", PairSetSpec(count=3, seed=40, families=["recolor"]), workers=1)
    pairs = list(read_pairs(tmp_path / "pairs"))
    loaded = [load_pair_clips(tmp_path / "pairs", pair) for pair in pairs]
    clips = tmp_path / "copies"
    clips.mkdir()
    for pair, truth in zip(pairs[:2], loaded, strict=False):
        write_lossless(clips / f"{pair.id}.mkv", truth.source, fps=truth.fps)
    asked = []

    def score(sample):
        asked.append((sample.source, sample.edited))
        return {"mean": float(sample.edited.mean()) - float(sample.source.mean())}

    replace_scorers(monkeypatch, score)
    plain = grade(tmp_path / "pairs", out=tmp_path / "out")
    swapped = [i for i, truth in enumerate(loaded) if any((s == truth.target).all() for s, _ in asked)]
    assert swapped == [0, 1, 2]
    assert plain["scorers"]["mean"]["corruptions"][EXCHANGED]["1"]["n"] == 3
    before = len(asked)
    report = grade(tmp_path / "pairs", out=tmp_path / "out", outputs=[clips])
    assert len(asked) == before + 2
    none = {"rate": 0.0, "n": 2, "low": 0.0, "high": 0.0}
    assert report["outputs"] == {str(clips): {"n": 2, "accuracy": 0.0, "success": none, "success_loose": none}}
