"""Runs on published benchmarks, which know no exact result: edits every item, then measures and asks the judge.

Measured of every edit: `vireo.evaluation.measures`, and what the benchmark adds. Not measured: VBench's aesthetic
quality.
"""

from __future__ import annotations

import json
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
from vireo.evaluation.editors import FinishedClips, check_source, fingerprint, open_configured
from vireo.evaluation.judgement_report import score_tables, summarise_judgements, usage
from vireo.evaluation.measures import Measures
from vireo.evaluation.records import ItemRecord, JudgementRecord, RecordWriter, key_of, read_records
from vireo.evaluation.report.players import player_of, write_player
from vireo.evaluation.report.published_page import render_published
from vireo.evaluation.report.tables import as_latex, as_markdown
from vireo.judges.chat_model import ChatJudge
from vireo.judges.five_acc import Questions, five_accuracy
from vireo.judges.judge import Sample
from vireo.judges.rubric import overall_score
from vireo.models.presets import resolve
from vireo.pairs.layouts import Item, read_layout
from vireo.pairs.layouts.folders import picture, pictures_in
from vireo.pipeline.edit import edit_video
from vireo.runtime import source_commit, whole_file
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
    check_source(config.model, config.videos)
    listing = read_layout(BENCHMARKS[benchmark].layout, folder, config.limit)
    evaluator = _ItemEvaluator(BENCHMARKS[benchmark], out, config)
    settings, items = evaluator.settings, listing.items
    (out / "players").mkdir(parents=True, exist_ok=True)
    done = read_records(out / "records.jsonl", ItemRecord)
    keys = [key_of([asdict(item), settings, evaluator.clips.digest(item)]) for item in items]
    with RecordWriter(out / "records.jsonl") as writer:
        for number, (key, item) in enumerate(zip(keys, items, strict=True)):
            if on_progress:
                on_progress(number, len(items), "editing and scoring")
            # What failed is tried again: a file may have been put right meanwhile, a judge may answer.
            if key not in done or done[key].failed:
                done[key] = evaluator(key, item)
                writer.append(done[key])
    records = [done[key] for key in keys]
    report = _report(benchmark, records, listing.problems, settings) | {"command": command, "commit": source_commit()}
    _write(out, report, sorted(records, key=lambda record: _overall(record, settings)))
    return report


class _ModelClips:
    """Edits by a model, written to out/clips."""

    def __init__(self, config: EvaluationConfig, out: Path) -> None:
        assert config.model is not None, "check_source has been called"
        self.editor, self.options, self.folder = open_configured(config), config.edit, out / "clips"
        self.folder.mkdir(parents=True, exist_ok=True)
        weights = fingerprint(resolve(config.model))
        self.settings = {"model": config.model, "weights": weights, "dtype": config.dtype, **asdict(config.edit)}

    def digest(self, item: Item) -> str:
        return ""

    def edit(self, item: Item, source: Path) -> Path:
        path = self.folder / f"{item.id}.mp4"
        edit_video(
            source,
            item.instruction,
            path,
            model=self.editor,
            reference=item.reference,
            steps=self.options.steps,
            guidance=self.options.guidance,
            seed=self.options.seed,
            preserve=self.options.preserve,
            look=self.options.gate,
            overwrite=True,
        )
        return path


class _FoundClips:
    """Finished clips."""

    def __init__(self, folder: Path) -> None:
        self.clips = FinishedClips(folder)
        self.settings = self.clips.settings

    def digest(self, item: Item) -> str:
        """Of the clip itself, so that a new one is scored anew."""
        return self.clips.digest(item.id)

    def edit(self, item: Item, source: Path) -> Path:
        return self.clips.need(item.id)


class _ItemEvaluator:
    """Edits and scores single items. settings: all that the result depends on, but for the item and its clip."""

    def __init__(self, benchmark: Benchmark, out: Path, config: EvaluationConfig) -> None:
        self.benchmark, self.out, self.judge = benchmark, out, config.judge
        self.measures = Measures(config.backbones)
        self.clips: _ModelClips | _FoundClips
        if config.videos is not None:
            self.clips = _FoundClips(config.videos)
        else:
            self.clips = _ModelClips(config, out)
        self.settings: dict[str, Any] = {
            **self.clips.settings,
            **(self.judge.settings if self.judge else {}),
            **self.measures.settings,
            "code": code_digest(__name__),
        }

    def __call__(self, key: str, item: Item) -> ItemRecord:
        facts = ItemRecord(key=key, id=item.id, family=item.kind, instruction=item.instruction)
        try:
            source, began = _as_file(item.source, self.out / "sources" / f"{item.id}.mkv"), time.perf_counter()
            path = self.clips.edit(item, source)
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
    answered = [(record, record.answered) for record in edited if record.answered is not None]
    figures = [(r.family, r.measures | ((r.answered and r.answered.scores) or {})) for r in edited]
    answers = {
        "failures": [{"id": record.id, "why": each.failure} for record, each in answered if each.failure is not None],
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
        "settings": dict(settings),
    }


def _write(out: Path, report: Mapping[str, Any], records: Sequence[ItemRecord]) -> None:
    """The report's files; its page shows the records' clips in this order."""
    shown = [(path.relative_to(out).as_posix(), r) for r in records if (path := player_of(out, r.key)).is_file()]
    files = {"report.json": json.dumps(report, indent=1), "report.html": render_published(report, shown)}
    files |= {"report.md": as_markdown(report), "report.tex": as_latex(report)}
    for name, content in files.items():
        with whole_file(out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")


def _overall(record: ItemRecord, settings: Mapping[str, Any]) -> float:
    """The judge's overall score, to show the worst first; infinite where there is none."""
    if record.judged is None or record.judged.scores is None:
        return float("inf")
    return overall_score(settings["rubric"], record.judged.scores)
