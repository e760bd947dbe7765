"""Runs on published benchmarks, which know no exact result: edits every item, then measures and asks the judge.

Measured of every edit: `vireo.evaluation.measures`, and what the benchmark adds. Not measured: VBench's aesthetic
quality.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vireo.code_digest import code_digest
from vireo.errors import InputError, VideoError, VireoError
from vireo.evaluation.benchmarks.benchmark import Benchmark
from vireo.evaluation.benchmarks.registry import BENCHMARKS
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import FinishedClips, open_model
from vireo.evaluation.measures import Measures
from vireo.evaluation.records import ItemRecord, JudgementRecord, append_records, key_of, read_records
from vireo.evaluation.report.page import write_files
from vireo.evaluation.report.pictures import player_of, players_of, write_player
from vireo.evaluation.report.summary import score_tables, summarise_judgements, usage
from vireo.evaluation.report.tables import paper_rows
from vireo.judges.chat_model import ChatJudge
from vireo.judges.five_acc import Questions, five_accuracy
from vireo.judges.judge import Sample
from vireo.judges.rubric import overall_score
from vireo.models.editors.protocol import Editor
from vireo.pairs.layouts import Item, read_layout
from vireo.pairs.layouts.folders import picture, pictures_in
from vireo.pipeline.edit import edit_video
from vireo.runtime import source_commit
from vireo.types import Reason
from vireo.video.io import read_clip, write_lossless


def evaluate_published(
    benchmark: str,
    folder: Path,
    out: Path,
    config: EvaluationConfig,
    *,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Scores a model, or finished clips ID.mkv or ID.mp4, on one of BENCHMARKS; returns the report.

    Writes into `out`: clips/ID.mp4 (of a model), sources/ID.mkv (of folders of frames), records.jsonl (the same call
    goes on from it), players/*.mp4, report.json, report.html, report.md and report.tex. An item that is missing or
    malformed, or whose edit fails, is listed there and the rest runs.

    Raises InputError for wrong folders and models, and for options that are of pair sets alone.
    """
    if benchmark not in BENCHMARKS:
        raise InputError(f"{benchmark} is no benchmark", f"choose one of {', '.join(BENCHMARKS)}")
    if config.paraphrases or config.keep or config.workers > 1:
        what = "a benchmark has no paraphrases, its clips are kept anyway, and one process edits them"
        raise InputError(what, "leave out --paraphrases, --keep and --workers")
    listing = read_layout(BENCHMARKS[benchmark].layout, folder, config.limit)
    evaluator = _ItemEvaluator(BENCHMARKS[benchmark], out, config)
    settings, items = evaluator.settings, listing.items
    (out / "players").mkdir(parents=True, exist_ok=True)
    done = read_records(out / "records.jsonl", ItemRecord)
    keys = [key_of([asdict(item), settings, evaluator.digest(item)]) for item in items]
    for number, (key, item) in enumerate(zip(keys, items, strict=True)):
        if on_progress:
            on_progress(number, len(items), "editing and scoring")
        # What failed is tried again: a file may have been put right meanwhile, a judge may answer.
        if key not in done or done[key].failed:
            done[key] = evaluator(key, item)
            append_records(out / "records.jsonl", done[key])
    records = [done[key] for key in keys]
    report = _report(benchmark, records, listing.problems, settings) | {"command": command, "commit": source_commit()}
    head, rows = paper_rows(report)
    worst_first = sorted(records, key=lambda record: _overall(record, settings))
    write_files(out, report, "published.html", head=head, rows=rows, players=players_of(out, worst_first))
    return report


class _ItemEvaluator:
    """Edits and scores single items. settings: all that the result depends on, but for the item and its clip."""

    def __init__(self, benchmark: Benchmark, out: Path, config: EvaluationConfig) -> None:
        self.benchmark, self.out, self.judge = benchmark, out, config.judge
        self.options = config.edit
        self.reason: Reason = config.reason
        self.reasoner, self.perception = config.reasoner, config.perception
        self.measures = Measures(config.backbones)
        self.clips: FinishedClips | Editor
        if config.videos is not None:
            self.clips = FinishedClips(config.videos)
            made_by = self.clips.settings
        else:
            self.clips, made_by = open_model(config)
        self.settings: dict[str, Any] = {
            **made_by,
            **(self.judge.settings if self.judge else {}),
            **self.measures.settings,
            "code": code_digest(__name__),
        }

    def digest(self, item: Item) -> str:
        """Of a finished clip, so that a new one is scored anew; empty for those that the model makes."""
        return self.clips.digest(item.id) if isinstance(self.clips, FinishedClips) else ""

    def __call__(self, key: str, item: Item) -> ItemRecord:
        facts = ItemRecord(key=key, id=item.id, family=item.kind, instruction=item.instruction)
        try:
            source, began = _as_file(item.source, self.out / "sources" / f"{item.id}.mkv"), time.perf_counter()
            path = self._edited(item, source)
            seconds = time.perf_counter() - began
            before, after = read_clip(source).frames, read_clip(path).frames
            reference = None if item.reference is None else read_clip(item.reference, max_frames=1).frames[0]
            sample = Sample(
                before, after, item.instruction, reference, item.generates, target_caption=item.target_caption
            )
            measured = self.measures(sample)
            if self.benchmark.measures is not None:
                measured |= self.benchmark.measures(item, before, after, self.measures.backbones)
            if before.shape == after.shape:
                write_player(player_of(self.out, key), source, [after], trusted=False)
        except VireoError as error:
            return facts.model_copy(update={"failure": str(error)})
        found: dict[str, Any] = {"measures": measured, "seconds": seconds}
        if self.judge is not None:
            found["judged"] = JudgementRecord.of(self.judge.judge([sample])[0])
        if item.questions is not None and isinstance(self.judge, ChatJudge):
            answers = five_accuracy(self.judge.chat, after, Questions(*item.questions))
            found["answered"] = JudgementRecord.of(answers)
        return facts.model_copy(update=found)

    def _edited(self, item: Item, source: Path) -> Path:
        """The finished clip, or what the model makes of the source, in out/clips."""
        if isinstance(self.clips, FinishedClips):
            return self.clips.need(item.id)
        path = self.out / "clips" / f"{item.id}.mp4"
        path.parent.mkdir(exist_ok=True)
        edit_video(
            source,
            item.instruction,
            path,
            model=self.clips,
            reference=item.reference,
            steps=self.options.steps,
            guidance=self.options.guidance,
            seed=self.options.seed,
            preserve=self.options.preserve,
            look=self.options.gate,
            executor=self.options.executor,
            reason=self.reason,
            planner=self.reasoner,
            perceive=self.perception,
            ask=False,
            overwrite=True,
        )
        return path


def _as_file(source: Path, copy: Path) -> Path:
    """The source itself, or a clip made of a folder of frames."""
    if source.is_dir():
        frames = [picture(path) for path in pictures_in(source)]
        if not frames or len({frame.shape for frame in frames}) > 1:
            raise VideoError(f"{source} holds no pictures, or pictures of several sizes", "unpack it again")
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_lossless(copy, np.stack(frames), fps=8)
        return copy
    return source


def _report(
    benchmark: str, records: Sequence[ItemRecord], problems: Sequence[dict[str, str]], settings: Mapping[str, Any]
) -> dict[str, Any]:
    edited = [record for record in records if record.failure is None]
    kinds = list(dict.fromkeys(record.family for record in edited))
    answered = [(record.id, record.answered) for record in edited if record.answered is not None]
    figures = [(r.family, r.measures | ((r.answered and r.answered.scores) or {})) for r in edited]
    answers = {
        "failures": [{"id": name, "why": each.failure} for name, each in answered if each.failure is not None],
        "usage": usage([each for _, each in answered]),
    }
    return {
        "layout": benchmark,
        "n": len(edited),
        "families": {kind: {"n": sum(record.family == kind for record in edited)} for kind in kinds},
        "measures": score_tables(figures, kinds),
        "judged": summarise_judgements(edited, kinds, settings),
        "answered": answers if answered else None,
        "problems": list(problems),
        "failures": [{"id": record.id, "why": record.failure} for record in records if record.failure is not None],
        "seconds_per_clip": float(np.median([record.seconds for record in edited])) if edited else None,
        "model": settings.get("model") or settings.get("videos"),
        "executor": settings.get("executor"),
        "reason": settings.get("reason"),
        "settings": dict(settings),
    }


def _overall(record: ItemRecord, settings: Mapping[str, Any]) -> float:
    """The judge's overall score, to show the worst first; infinite where there is none."""
    if record.judged is None or record.judged.scores is None:
        return float("inf")
    return overall_score(settings["rubric"], record.judged.scores)
