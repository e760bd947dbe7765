"""The reward lab: how good is a judge? Rewards, metrics and judges on exact targets and on known corruptions of them.

A reward that training climbs has to fall with every corruption, must not like an untouched source better than the
right edit (VIVA's R_SP does so by design), and must not be high where no edit succeeded.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.stats import rankdata, spearmanr

from vireo.data.pairs import read_pairs
from vireo.errors import InputError
from vireo.evaluation.corruptions import CORRUPTIONS, OF_REMOVALS, STRENGTHS
from vireo.evaluation.editors import fingerprint
from vireo.evaluation.records import RecordWriter, read_records, record_key
from vireo.evaluation.truths import Truth, load_truth
from vireo.judges.critic import p_yes
from vireo.judges.judge import shown
from vireo.judges.own import rubric_scores
from vireo.judges.rubric import applicable, overall
from vireo.judges.sight import picture_vectors
from vireo.metrics.bootstrap import mean_interval
from vireo.metrics.consistency import frame_consistency, similarity, temporal_flickering
from vireo.metrics.frames import psnr
from vireo.metrics.truth import dilated, edit_error, score_edit
from vireo.models.chat import QuestionKind
from vireo.models.presets import resolve
from vireo.pipeline.pipeline import VireoPipeline
from vireo.runtime import autocast, whole_file
from vireo.types import EditPair

TARGET = "target"
FRAMES = 3
"""Frames of a clip that the critic is shown, one at a time."""


class Graded(BaseModel):
    """One candidate: the target (strength 0) or a corruption of it; every scorer's value, higher is better.

    accuracy: 1 - edit_error, not below 0. success: the contract's.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    family: str
    corruption: str
    strength: float
    accuracy: float
    success: bool
    scores: dict[str, float]


class GradedPair(BaseModel):
    """All candidates of a pair. key: of the pair and of all that the scores depend on."""

    model_config = ConfigDict(frozen=True)

    key: str
    candidates: list[Graded]


def grade(
    pairs_dir: Path,
    *,
    out: Path,
    model: str = "mini",
    limit: int | None = None,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Grades the scorers of `score_clip` on the pairs of a folder; returns what `summarise` says.

    Writes graded.jsonl (a line a pair, from which a run that broke goes on), lab.json and lab.md into `out`.
    limit: only the first so many pairs. Pairs whose target is their source have nothing to grade.
    Raises InputError and ModelError.
    """
    pairs = [pair for pair in read_pairs(Path(pairs_dir)) if pair.target != pair.source][:limit]
    if len(pairs) < 2:
        raise InputError(f"{pairs_dir} has fewer than two pairs to grade with", "make some with: vireo world make")
    pipe = VireoPipeline.from_pretrained(model)
    out.mkdir(parents=True, exist_ok=True)
    settings = {"model": model, "weights": fingerprint(resolve(model)), "frames": FRAMES, "strengths": list(STRENGTHS)}
    done = read_records(out / "graded.jsonl", GradedPair)
    rows: list[Graded] = []
    with RecordWriter(out / "graded.jsonl") as writer:
        for index, pair in enumerate(pairs):
            if on_progress:
                on_progress(index, len(pairs), "grading")
            key = record_key(pair, "graded", settings)
            if key not in done:
                other = load_truth(Path(pairs_dir), pairs[(index + len(pairs) // 2) % len(pairs)])
                candidates = list(_candidates(pair, load_truth(Path(pairs_dir), pair), other, pipe))
                done[key] = GradedPair(key=key, candidates=candidates)
                writer.append(done[key])
            rows += done[key].candidates
    report = summarise(rows) | {"settings": settings, "pairs": len(pairs), "command": command}
    for name, text in (("lab.json", json.dumps(report, indent=1)), ("lab.md", as_markdown(report))):
        with whole_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return report


def _candidates(pair: EditPair, truth: Truth, other: Truth, pipe: VireoPipeline) -> Iterator[Graded]:
    mask = dilated(truth.mask)

    def graded(name: str, strength: float, clip: np.ndarray) -> Graded:
        error = edit_error(clip, truth.source, truth.target, mask)
        exact = score_edit(clip, truth.source, truth.target, truth.mask, family=pair.family, others=truth.others)
        scores = score_clip(pipe, truth, clip, pair.instruction)
        facts = {"id": pair.id, "family": pair.family, "corruption": name, "strength": strength}
        return Graded(**facts, accuracy=max(0.0, 1 - (error or 0.0)), success=exact.success, scores=scores)

    yield graded(TARGET, 0.0, truth.target)
    for name, corrupt in CORRUPTIONS.items():
        if name in OF_REMOVALS and pair.family != "remove":
            continue
        for strength in STRENGTHS:
            clip = corrupt(truth, other, strength)
            if clip is not None and (clip != truth.target).any():
                yield graded(name, strength, clip)


def score_clip(pipe: VireoPipeline, truth: Truth, clip: np.ndarray, instruction: str) -> dict[str, float]:
    """All scorers of one edited clip, higher is better.

    QUESTION: the critic's probability of Yes, mean over frames; `QUESTION, hard`: 1 where that is over one half.
    critic: mean of the five. viva, revise: the rubrics' overall scores of the instructor as a judge, 0 to 10.
    R_SP: VIVA's similarity of source and edit, as printed (without a mask). Then what sees no instruction at all.
    """
    frames = [list(shown(video, FRAMES)) for video in (truth.source, clip)]
    said = [instruction] * len(frames[0])
    scores: dict[str, float] = {}
    with autocast(pipe.instructor.device):
        for kind in get_args(QuestionKind):
            sure = p_yes(pipe.instructor, pipe.processor, *frames, said, kind, pipe.template)
            scores[kind] = float(sure.float().mean())
        before, after = (
            picture_vectors(pipe.instructor, pipe.processor, list(video)) for video in (truth.source, clip)
        )
    soft = dict(scores)
    scores["critic"] = float(np.mean(list(soft.values())))
    scores |= {f"{kind}, hard": float(value > 0.5) for kind, value in soft.items()}
    for rubric in ("viva", "revise"):
        scores[rubric] = next(iter(overall(rubric, rubric_scores(soft, applicable(rubric))).values()))
    scores["R_SP"] = similarity(before, after)
    scores["frame consistency"] = frame_consistency(after)
    scores["temporal flickering"] = temporal_flickering(clip)
    scores["PSNR to the source"] = psnr(clip, truth.source)
    return scores


def summarise(rows: Sequence[Graded]) -> dict[str, Any]:
    """For each scorer:

    auroc: by corruption and strength, the probability that a target scores higher than a corrupted clip of any pair,
        ties count half. preferred: the same within a pair.
    spearman: rank correlation with exact edit accuracy over all candidates.
    ties: share of (target, corrupted) of a pair with equal scores. nothing_preferred: share of pairs, with 95 %
        interval, in which the untouched source scores at least as high as the target.
    exploit: mean over pairs of the highest score among candidates that fail, by the rank that it has among all
        targets (0.5: as good as a median target).
    """
    by_pair: dict[str, list[Graded]] = defaultdict(list)
    for row in rows:
        by_pair[row.id].append(row)
    targets = [row for row in rows if row.corruption == TARGET]
    scorers = list(targets[0].scores)
    return {"candidates": len(rows), "scorers": {name: _graded(name, rows, targets, by_pair) for name in scorers}}


def _graded(
    name: str, rows: Sequence[Graded], targets: Sequence[Graded], by_pair: dict[str, list[Graded]]
) -> dict[str, Any]:
    right = np.array([row.scores[name] for row in targets])
    own = {row.id: row.scores[name] for row in targets}
    groups: dict[str, dict[float, list[Graded]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.corruption != TARGET:
            groups[row.corruption][row.strength].append(row)
    table = {
        corruption: {
            f"{strength:g}": {
                "auroc": auroc(right, np.array([row.scores[name] for row in group])),
                "preferred": float(np.mean([_wins(own[row.id], row.scores[name]) for row in group])),
                "n": len(group),
            }
            for strength, group in strengths.items()
        }
        for corruption, strengths in groups.items()
    }
    values, accuracy = [row.scores[name] for row in rows], [row.accuracy for row in rows]
    varied = len(set(values)) > 1 and len(set(accuracy)) > 1
    undone = [row for row in rows if row.corruption == "nothing_done" and row.strength == 1]
    best = [max((r.scores[name] for r in group if not r.success), default=None) for group in by_pair.values()]
    corrupted = [row for row in rows if row.corruption != TARGET]
    preferred = mean_interval([row.scores[name] >= own[row.id] for row in undone])
    return {
        "corruptions": table,
        "spearman": float(spearmanr(values, accuracy).statistic) if varied else None,
        "ties": float(np.mean([row.scores[name] == own[row.id] for row in corrupted])),
        "nothing_preferred": None if preferred is None else vars(preferred),
        "exploit": float(np.mean([(right < b).mean() + (right == b).mean() / 2 for b in best if b is not None])),
    }


def _wins(target: float, corrupted: float) -> float:
    return float(target > corrupted) + 0.5 * float(target == corrupted)


def auroc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The probability that a positive is above a negative, ties count half (Mann and Whitney's U)."""
    ranks = rankdata(np.concatenate([positives, negatives]))[: len(positives)]
    return float((ranks.sum() - len(positives) * (len(positives) + 1) / 2) / (len(positives) * len(negatives)))


def as_markdown(report: dict[str, Any]) -> str:
    """The table of a report: AUROC of every corruption at full strength, and what else tells a good reward."""
    names = dict.fromkeys(name for scorer in report["scorers"].values() for name in scorer["corruptions"])
    head = ["scorer", *(name.replace("_", " ") for name in names), "Spearman", "ties", "nothing preferred", "exploit"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for scorer, found in report["scorers"].items():
        full = [found["corruptions"].get(name, {}).get("1", {}).get("auroc") for name in names]
        nothing = found["nothing_preferred"]
        rest = [found["spearman"], found["ties"], nothing and nothing["rate"], found["exploit"]]
        cells = ["-" if value is None else f"{value:.2f}" for value in [*full, *rest]]
        lines.append("| " + " | ".join([scorer, *cells]) + " |")
    return "\n".join(lines) + "\n"
