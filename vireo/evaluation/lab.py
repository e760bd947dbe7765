"""The reward lab: how good is a judge? Rewards, metrics and judges on exact targets and on known corruptions of them.

A reward that training climbs has to fall with every corruption, must not like an untouched source better than the
right edit (VIVA's R_SP does so by design), and must not be high where no edit succeeded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict

from vireo.data.pairs import read_pairs
from vireo.errors import InputError
from vireo.evaluation.corruptions import CORRUPTIONS, OF_REMOVALS, STRENGTHS
from vireo.evaluation.editors import FinishedClips, fingerprint
from vireo.evaluation.grades import EXCHANGED, OUTPUT, TARGET, Graded, as_markdown, summarise
from vireo.evaluation.records import RecordWriter, read_records, record_key
from vireo.evaluation.truths import Truth, load_truth
from vireo.judges.critic import p_yes
from vireo.judges.judge import shown
from vireo.judges.own import rubric_scores
from vireo.judges.rubric import applicable, overall
from vireo.metrics.backbones import picture_vectors
from vireo.metrics.consistency import frame_consistency, similarity, temporal_flickering
from vireo.metrics.frames import psnr
from vireo.metrics.truth import dilated, edit_error, score_edit
from vireo.models.chat import QuestionKind
from vireo.models.presets import resolve
from vireo.pipeline.pipeline import VireoPipeline
from vireo.runtime import autocast, whole_file
from vireo.types import EditPair

FRAMES = 4
"""Frames of a clip that the critic is shown, one at a time; of nine frames at even and at odd places, since what
flickers may do so with either."""


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
    outputs: Sequence[Path] = (),
    limit: int | None = None,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Grades the scorers of `score_clip` on the pairs of a folder; returns what `summarise` says.

    Writes graded.jsonl (a line a pair, from which a run that broke goes on), lab.json and lab.md into `out`.
    outputs: folders of finished clips, ID.mkv or ID.mp4 (`vireo eval --keep` writes such), best of editors of different
        quality; a folder need not have a clip of every pair.
    limit: only the first so many pairs. Pairs whose target is their source have nothing to grade.
    Raises InputError and ModelError.
    """
    finished = [FinishedClips(folder) for folder in outputs]
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
            other = pairs[(index + len(pairs) // 2) % len(pairs)]
            for source in (None, *(clips for clips in finished if clips.path(pair.id))):
                key = record_key(
                    pair, "graded", settings | {"candidates": source.digest(pair.id) if source else "made"}
                )
                if key not in done:
                    truth = load_truth(Path(pairs_dir), pair)
                    if source is None:
                        candidates = list(_made(pair, truth, load_truth(Path(pairs_dir), other), pipe))
                    else:
                        clip = source.read(pair.id, truth.source.shape)
                        candidates = [_graded(pair, truth, OUTPUT, 0.0, clip, pipe)]
                    done[key] = GradedPair(key=key, candidates=candidates)
                    writer.append(done[key])
                editor = str(source.folder) if source else None
                rows += [row.model_copy(update={"editor": editor}) for row in done[key].candidates]
    report = summarise(rows) | {"settings": settings, "pairs": len(pairs), "command": command}
    for name, text in (("lab.json", json.dumps(report, indent=1)), ("lab.md", as_markdown(report))):
        with whole_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return report


def _graded(
    pair: EditPair, truth: Truth, corruption: str, strength: float, clip: np.ndarray, pipe: VireoPipeline
) -> Graded:
    error = edit_error(clip, truth.source, truth.target, dilated(truth.mask))
    exact = score_edit(clip, truth.source, truth.target, truth.mask, family=pair.family, others=truth.others)
    scores = score_clip(pipe, truth.source, clip, pair.instruction)
    facts = {"id": pair.id, "family": pair.family, "corruption": corruption, "strength": strength}
    return Graded(**facts, accuracy=max(0.0, 1 - (error or 0.0)), success=exact.success, scores=scores)


def _made(pair: EditPair, truth: Truth, other: Truth, pipe: VireoPipeline) -> Iterator[Graded]:
    """The target, all that makes it worse, and the two exchanged."""
    yield _graded(pair, truth, TARGET, 0.0, truth.target, pipe)
    for name, corrupt in CORRUPTIONS.items():
        if name in OF_REMOVALS and pair.family != "remove":
            continue
        for strength in STRENGTHS:
            clip = corrupt(truth, other, strength)
            if clip is not None and (clip != truth.target).any():
                yield _graded(pair, truth, name, strength, clip, pipe)
    scores = score_clip(pipe, truth.target, truth.source, pair.instruction)
    facts = {"id": pair.id, "family": pair.family, "corruption": EXCHANGED, "strength": 1.0}
    yield Graded(**facts, accuracy=0.0, success=False, scores=scores)


def score_clip(pipe: VireoPipeline, source: np.ndarray, clip: np.ndarray, instruction: str) -> dict[str, float]:
    """All scorers of one edited clip, higher is better.

    QUESTION: the critic's probability of Yes, mean over frames; `QUESTION, hard`: 1 where that is over one half.
    critic: mean of the five. viva, revise: the rubrics' overall scores of the instructor as a judge, 0 to 10.
    R_SP: VIVA's similarity of source and edit, as printed (without a mask). Then what sees no instruction at all.
    """
    frames = [list(shown(video, FRAMES)) for video in (source, clip)]
    said = [instruction] * len(frames[0])
    scores: dict[str, float] = {}
    with autocast(pipe.instructor.device):
        for kind in get_args(QuestionKind):
            sure = p_yes(pipe.instructor, pipe.processor, *frames, said, kind, pipe.template)
            scores[kind] = float(sure.float().mean())
        before, after = (picture_vectors(pipe.instructor, pipe.processor, list(video)) for video in (source, clip))
    soft = dict(scores)
    scores["critic"] = float(np.mean(list(soft.values())))
    scores |= {f"{kind}, hard": float(value > 0.5) for kind, value in soft.items()}
    for rubric in ("viva", "revise"):
        scores[rubric] = next(iter(overall(rubric, rubric_scores(soft, applicable(rubric))).values()))
    scores["R_SP"] = similarity(before, after)
    scores["frame consistency"] = frame_consistency(after)
    scores["temporal flickering"] = temporal_flickering(clip)
    scores["PSNR to the source"] = psnr(clip, source)
    return scores
