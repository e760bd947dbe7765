"""The reward lab: rewards, metrics and judges on exact targets and on known corruptions of them.

A reward that training climbs has to fall with every corruption, must not like an untouched source better than the
right edit (VIVA's R_SP does so by design), and must not be high where no edit succeeded.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vireo.code_digest import code_digest
from vireo.errors import InputError
from vireo.evaluation.editors import FinishedClips
from vireo.evaluation.pair_clips import finished_clip, load_pair_clips, refuse_without_masks
from vireo.evaluation.records import KeyedRecord, append_records, key_of, read_records, write_texts
from vireo.evaluation.reward_lab.candidate_clips import candidate_clips
from vireo.evaluation.reward_lab.corruptions import STRENGTHS
from vireo.evaluation.reward_lab.scorers import LabScorers
from vireo.evaluation.reward_lab.statistics import EXCHANGED, OUTPUT, Candidate, as_markdown, summarise
from vireo.judges.judge import Judge, Sample
from vireo.pairs.format import read_pairs
from vireo.rewards.scorer import ScoringFailed, Undefined, Value
from vireo.runtime import source_commit
from vireo.types import EditPair

Score = Callable[[Sample], Mapping[str, Value]]


@dataclass(frozen=True, kw_only=True)
class LabConfig:
    """instructor: of which pipeline the instructor is asked. outputs: folders of finished clips, ID.mkv or ID.mp4
    (`vireo eval --keep` writes such), best of editors of different quality; a folder need not have a clip of every
    pair. backbones: as in `Backbones.open`; with `clip` VIVA's rewards are there. judge: another one to compare; what
    it fails on is listed (`failures`), left out, and asked again by the next call. limit: only the first so many pairs.
    """

    instructor: str = "mini"
    outputs: Sequence[Path] = ()
    backbones: Mapping[str, str] = field(default_factory=dict)
    judge: Judge | None = None
    limit: int | None = None


class PairCandidates(KeyedRecord, frozen=True):
    """All candidates of a pair."""

    candidates: list[Candidate]


def run_lab(
    pairs_dir: Path,
    out: Path,
    config: LabConfig = LabConfig(),
    *,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Scores candidates of the pairs of a folder by all of `vireo.evaluation.reward_lab.scorers`; returns what
    `summarise` makes of it.

    Writes candidates.jsonl (a line a pair, from which a run that broke goes on), lab.json and lab.md into `out`. Pairs
    whose target is their source are left out.

    Raises InputError and ModelError.
    """
    refuse_without_masks(pairs_dir)
    sources = [None, *(FinishedClips(folder) for folder in config.outputs)]
    pairs = [pair for pair in read_pairs(pairs_dir) if pair.target != pair.source][: config.limit]
    if len(pairs) < 2:
        raise InputError(f"{pairs_dir} has fewer than two pairs to compare on", "make some with: vireo world make")
    score = LabScorers(config.instructor, config.backbones, config.judge)
    out.mkdir(parents=True, exist_ok=True)
    settings = score.settings | {"strengths": list(STRENGTHS), "code": code_digest(__name__)}
    rows: list[Candidate] = []
    failures: list[dict[str, Any]] = []
    finished = read_records(out / "candidates.jsonl", PairCandidates)
    for index, pair in enumerate(pairs):
        if on_progress:
            on_progress(index, len(pairs), "scoring")
        other = pairs[(index + len(pairs) // 2) % len(pairs)]
        for source in sources:
            if source is not None and finished_clip(source.folder, pair.id) is None:
                continue
            editor = str(source.folder) if source else None
            clip = source.digest(pair.id) if source else other.id
            key = key_of([pair.model_dump(mode="json"), "lab", settings | {"clip": clip}])
            if key not in finished:
                try:
                    candidates = list(_candidates(pairs_dir, pair, source or other, score))
                except ScoringFailed as error:
                    failures.append({"id": pair.id, "editor": editor, "why": str(error)})
                    if source is None:
                        break  # without its target a pair has nothing to compare its outputs with
                    continue
                finished[key] = PairCandidates(key=key, candidates=candidates)
                append_records(out / "candidates.jsonl", finished[key])
            rows += [row.model_copy(update={"editor": editor}) for row in finished[key].candidates]
    if not rows:
        raise InputError(f"the judge failed on every pair; {failures[0]['id']}: {failures[0]['why']}")
    origin = {"settings": settings, "pairs": len(pairs), "command": command, "commit": source_commit()}
    report = summarise(rows) | {"failures": failures} | origin
    write_texts(out, {"lab.json": json.dumps(report, indent=1), "lab.md": as_markdown(report)})
    return report


def _candidates(
    pairs_dir: Path, pair: EditPair, against: EditPair | FinishedClips, score: Score
) -> Iterator[Candidate]:
    """An editor's output; or, beside another pair, the target, all that makes it worse, and the two exchanged."""
    clips = load_pair_clips(pairs_dir, pair)
    if isinstance(against, FinishedClips):
        made = iter([(OUTPUT, 0.0, against.read(pair.id, clips.source.shape))])
    else:
        made = candidate_clips(pair, clips, load_pair_clips(pairs_dir, against))
    for corruption, strength, clip in made:
        sample, exchanged = clips.sample(pair, clip), corruption == EXCHANGED
        if exchanged:
            sample = replace(sample, source=clips.target)
        values = score(sample)
        exact = clips.score(clip, pair.family)
        yield Candidate(
            id=pair.id,
            family=pair.family,
            corruption=corruption,
            strength=strength,
            accuracy=0.0 if exchanged else max(0.0, 1 - (exact.edit_error or 0.0)),
            success=exact.success and not exchanged,
            success_loose=exact.success_loose and not exchanged,
            scores={name: value for name, value in values.items() if not isinstance(value, Undefined)},
            undefined={name: value.reason for name, value in values.items() if isinstance(value, Undefined)},
        )
