"""The reward lab: how good is a judge? Rewards, metrics and judges on exact targets and on known corruptions of them.

A reward that training climbs has to fall with every corruption, must not like an untouched source better than the
right edit (VIVA's R_SP does so by design), and must not be high where no edit succeeded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from vireo.errors import InputError
from vireo.evaluation.editors import FinishedClips
from vireo.evaluation.pair_clips import PairClips, load_pair_clips, refuse_without_masks
from vireo.evaluation.records import RecordWriter, read_records, record_key
from vireo.evaluation.reward_lab.corruptions import CORRUPTIONS, OF_REMOVALS, STRENGTHS
from vireo.evaluation.reward_lab.scorers import Scorers, Unjudged
from vireo.evaluation.reward_lab.statistics import EXCHANGED, OUTPUT, TARGET, Candidate, as_markdown, summarise
from vireo.judges.judge import Judge
from vireo.metrics.truth import dilated, edit_error, score_edit
from vireo.pairs.format import read_pairs
from vireo.runtime import source_commit, whole_file
from vireo.types import EditPair

LAB_FORMAT = 3
"""Counts the sets of scorers; scores of another one are not reused."""


class PairCandidates(BaseModel):
    """All candidates of a pair. key: of the pair and of all that the scores depend on."""

    model_config = ConfigDict(frozen=True)

    key: str
    candidates: list[Candidate]


def grade(
    pairs_dir: Path,
    *,
    out: Path,
    model: str = "mini",
    outputs: Sequence[Path] = (),
    backbones: Mapping[str, str] | None = None,
    judge: Judge | None = None,
    limit: int | None = None,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Grades all of `vireo.evaluation.reward_lab.scorers` on the pairs of a folder; returns what `summarise` says.

    Writes graded.jsonl (a line a pair, from which a run that broke goes on), lab.json and lab.md into `out`.
    outputs: folders of finished clips, ID.mkv or ID.mp4 (`vireo eval --keep` writes such), best of editors of different
        quality; a folder need not have a clip of every pair.
    model: whose instructor judges. backbones: as in `vireo.evaluation.measures`; with `clip` VIVA's rewards are graded.
    judge: another one to grade. What it fails on is listed (`failures`), left out, and asked again by the next call.
    limit: only the first so many pairs. Pairs whose target is their source have nothing to grade.
    Raises InputError and ModelError.
    """
    refuse_without_masks(Path(pairs_dir))
    finished = [FinishedClips(folder) for folder in outputs]
    pairs = [pair for pair in read_pairs(Path(pairs_dir)) if pair.target != pair.source][:limit]
    if len(pairs) < 2:
        raise InputError(f"{pairs_dir} has fewer than two pairs to grade with", "make some with: vireo world make")
    score = Scorers(model, backbones or {}, judge)
    out.mkdir(parents=True, exist_ok=True)
    settings = score.settings | {"strengths": list(STRENGTHS), "scorers": LAB_FORMAT}
    done = read_records(out / "graded.jsonl", PairCandidates)
    rows: list[Candidate] = []
    failures = []
    with RecordWriter(out / "graded.jsonl") as writer:
        for index, pair in enumerate(pairs):
            if on_progress:
                on_progress(index, len(pairs), "grading")
            other = pairs[(index + len(pairs) // 2) % len(pairs)]
            for source in (None, *(clips for clips in finished if clips.path(pair.id))):
                key = record_key(
                    pair, "graded", settings | {"candidates": source.digest(pair.id) if source else other.id}
                )
                if key not in done:
                    clips = load_pair_clips(Path(pairs_dir), pair)
                    try:
                        if source is None:
                            candidates = list(_made(pair, clips, load_pair_clips(Path(pairs_dir), other), score))
                        else:
                            clip = source.read(pair.id, clips.source.shape)
                            candidates = [_graded(pair, clips, OUTPUT, 0.0, clip, score)]
                    except Unjudged as error:
                        failures.append({"id": pair.id, "editor": source and str(source.folder), "why": str(error)})
                        if source is None:
                            break  # without its target a pair has nothing to compare its outputs with
                        continue
                    done[key] = PairCandidates(key=key, candidates=candidates)
                    writer.append(done[key])
                editor = str(source.folder) if source else None
                rows += [row.model_copy(update={"editor": editor}) for row in done[key].candidates]
    if not rows:
        raise InputError(f"the judge failed on every pair; {failures[0]['id']}: {failures[0]['why']}")
    origin = {"settings": settings, "pairs": len(pairs), "command": command, "commit": source_commit()}
    report = summarise(rows) | {"failures": failures} | origin
    for name, text in (("lab.json", json.dumps(report, indent=1)), ("lab.md", as_markdown(report))):
        with whole_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return report


def _graded(
    pair: EditPair, clips: PairClips, corruption: str, strength: float, clip: np.ndarray, score: Scorers
) -> Candidate:
    error = edit_error(clip, clips.source, clips.target, dilated(clips.mask))
    exact = score_edit(clip, clips.source, clips.target, clips.mask, family=pair.family, others=clips.others)
    scores = score(clips.source, clip, pair, clips.reference)
    facts = {"id": pair.id, "family": pair.family, "corruption": corruption, "strength": strength}
    return Candidate(**facts, accuracy=max(0.0, 1 - (error or 0.0)), success=exact.success, scores=scores)


def _made(pair: EditPair, clips: PairClips, other: PairClips, score: Scorers) -> Iterator[Candidate]:
    """The target, all that makes it worse, and the two exchanged."""
    yield _graded(pair, clips, TARGET, 0.0, clips.target, score)
    for name, corrupt in CORRUPTIONS.items():
        if name in OF_REMOVALS and pair.family != "remove":
            continue
        for strength in STRENGTHS:
            clip = corrupt(clips, other, strength)
            if clip is not None and (clip != clips.target).any():
                yield _graded(pair, clips, name, strength, clip, score)
    scores = score(clips.target, clips.source, pair, clips.reference)
    facts = {"id": pair.id, "family": pair.family, "corruption": EXCHANGED, "strength": 1.0}
    yield Candidate(**facts, accuracy=0.0, success=False, scores=scores)
