"""Runs on published benchmarks, which know no exact result: edits every item, then measures and asks the judge.

Measured of every edit: `vireo.evaluation.measures`; of FiVE's, too, `five` beside this file. With RVE-Bench and
RVEBenchmark goes ReViSE's rubric, with EditVerseBench its own, with the others VIVA's.

Not measured: VEGGIE's detection score and mIoU, whose formulas are not published, and VBench's aesthetic quality.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vireo.errors import InputError, VideoError, VireoError
from vireo.evaluation.benchmarks.five import five_measures
from vireo.evaluation.editors import COMPOSITION, EditOptions, FinishedClips, check_source, fingerprint
from vireo.evaluation.judgement_report import score_tables, summarise_judgements, usage
from vireo.evaluation.measures import Measures
from vireo.evaluation.pair_record import judgement_record
from vireo.evaluation.records import ItemRecord, JudgementRecord, RecordWriter, key_of, read_records
from vireo.evaluation.report.players import player_of, write_player
from vireo.evaluation.report.published_page import render_published
from vireo.evaluation.report.tables import as_latex, as_markdown
from vireo.judges.chat_model import Answer, ChatJudge
from vireo.judges.five_acc import Questions, five_accuracy
from vireo.judges.judge import Judge, Judgement, Sample
from vireo.judges.rubric import overall
from vireo.models.editors.viva import VireoPipeline
from vireo.models.presets import resolve
from vireo.pairs.layouts import BENCHMARKS, Item, read_layout
from vireo.pairs.layouts.folders import picture, pictures_in
from vireo.pipeline.edit import edit_video
from vireo.runtime import source_commit, whole_file
from vireo.video.io import read_clip, write_lossless


def evaluate_published(
    layout: str,
    folder: Path,
    *,
    out: Path,
    model: str | None = None,
    videos: Path | None = None,
    limit: int | None = None,
    options: EditOptions = EditOptions(),
    judge: Judge | None = None,
    backbones: Mapping[str, str] | None = None,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Scores a model, or finished clips ID.mkv or ID.mp4, on a benchmark of `BENCHMARKS`; returns the report.

    Writes into `out`: clips/ID.mp4 (of a model), sources/ID.mkv (of folders of frames), records.jsonl (the same call
    goes on from it), players/*.mp4, report.json, report.html, report.md and report.tex. An item that is missing or
    malformed, or whose edit fails, is listed there and the rest runs. limit: only the first so many items.

    Raises InputError for wrong folders and models.
    """
    if layout not in BENCHMARKS:
        raise InputError(f"{layout} is no benchmark", f"choose one of {', '.join(BENCHMARKS)}")
    check_source(model, videos)
    listing = read_layout(layout, folder, limit)
    measures, items = Measures(backbones or {}), listing.items
    clips = _ModelClips(model, options, out) if model is not None else _FoundClips(Path(videos))
    settings = dict(clips.settings)
    settings |= {**(judge.settings if judge else {}), **measures.settings}
    (out / "players").mkdir(parents=True, exist_ok=True)
    done = read_records(out / "records.jsonl", ItemRecord)
    keys = [key_of([asdict(item), settings, clips.mark(item)]) for item in items]
    with RecordWriter(out / "records.jsonl") as writer:
        for number, (key, item) in enumerate(zip(keys, items, strict=True)):
            if on_progress:
                on_progress(number, len(items), "editing and scoring")
            # What failed is tried again: a file may have been put right meanwhile, a judge may answer.
            if key not in done or done[key].failed:
                done[key] = _record(key, layout, item, clips, measures, judge, out)
                writer.append(done[key])
    records = [done[key] for key in keys]
    return _report(layout, out, records, listing.problems, settings, command)


class _ModelClips:
    """Edits by a model, written to out/clips."""

    def __init__(self, model: str, options: EditOptions, out: Path) -> None:
        folder = resolve(model)
        self.pipe, self.options, self.folder = VireoPipeline.from_pretrained(folder), options, out / "clips"
        self.pipe.set_progress_bar_config(disable=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = {"model": model, "weights": fingerprint(folder), "composition": COMPOSITION, **asdict(options)}

    def mark(self, item: Item) -> str:
        return ""

    def edit(self, item: Item, source: Path) -> Path:
        path = self.folder / f"{item.id}.mp4"
        given = {"model": self.pipe, "reference": item.reference, "overwrite": True}
        edit_video(source, item.instruction, path, **given, **asdict(self.options))
        return path


class _FoundClips:
    """Finished clips."""

    def __init__(self, folder: Path) -> None:
        self.clips = FinishedClips(folder)
        self.settings = self.clips.settings

    def mark(self, item: Item) -> str:
        """Of the clip itself, so that a new one is scored anew."""
        return self.clips.digest(item.id)

    def edit(self, item: Item, source: Path) -> Path:
        return self.clips.need(item.id)


def _record(
    key: str,
    layout: str,
    item: Item,
    clips: _ModelClips | _FoundClips,
    measures: Measures,
    judge: Judge | None,
    out: Path,
) -> ItemRecord:
    facts = {"key": key, "id": item.id, "family": item.kind, "instruction": item.instruction}
    try:
        source, began = _as_file(item.source, out / "sources" / f"{item.id}.mkv"), time.perf_counter()
        path = clips.edit(item, source)
        seconds = time.perf_counter() - began
        before, after = read_clip(source).frames, read_clip(path).frames
        reference = None if item.reference is None else read_clip(item.reference, max_frames=1).frames[0]
        found = measures(after, item.target_caption, reference)
        if layout == "five":
            found |= five_measures(item, before, after, measures)
        if before.shape == after.shape:
            write_player(player_of(out, key), source, [after], trusted=False)
    except VireoError as error:
        return ItemRecord(**facts, failure=str(error))
    judgement = judge.judge([Sample(before, after, item.instruction, reference, item.generates)])[0] if judge else None
    answers = five_accuracy(judge.chat, after, Questions(*item.questions)) if _answers(judge, item) else None
    said = {"judged": judgement and judgement_record(judgement), "answered": answers and _as_judged(answers)}
    return ItemRecord(**facts, measures=found, seconds=seconds, **said)


def _answers(judge: Judge | None, item: Item) -> bool:
    """Whether there are questions about a clip, and a judge that can be asked anything."""
    return item.questions is not None and isinstance(judge, ChatJudge)


def _as_judged(answers: Answer[dict[str, float]]) -> JudgementRecord:
    return judgement_record(Judgement(answers.value, failure=answers.failure, usage=answers.usage))


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
    layout: str,
    out: Path,
    records: Sequence[ItemRecord],
    problems: Sequence[dict[str, str]],
    settings: Mapping[str, Any],
    command: str | None,
) -> dict[str, Any]:
    edited = [record for record in records if record.failure is None]
    kinds = list(dict.fromkeys(record.family for record in edited))
    asked = [(record, record.answered) for record in edited if record.answered is not None]
    figures = [(r.family, r.measures | ((r.answered and r.answered.scores) or {})) for r in edited]
    report = {
        "layout": layout,
        "n": len(edited),
        "families": {kind: {"n": sum(record.family == kind for record in edited)} for kind in kinds},
        "measures": score_tables(figures, kinds),
        "judged": summarise_judgements(edited, kinds, settings),
        "answered": {
            "failures": [{"id": record.id, "why": said.failure} for record, said in asked if said.failure is not None],
            "usage": usage([said for _, said in asked]),
        }
        if asked
        else None,
        "problems": list(problems),
        "failures": [{"id": record.id, "why": record.failure} for record in records if record.failure is not None],
        "seconds_per_clip": float(np.median([record.seconds for record in edited])) if edited else None,
        "model": settings.get("model") or settings.get("videos"),
        "settings": dict(settings),
        "command": command,
        "commit": source_commit(),
    }
    worst_first = sorted(edited, key=lambda record: _overall(record, settings))
    shown = [(path.relative_to(out).as_posix(), r) for r in worst_first if (path := player_of(out, r.key)).is_file()]
    files = {"report.json": json.dumps(report, indent=1), "report.html": render_published(report, shown)}
    files |= {"report.md": as_markdown(report), "report.tex": as_latex(report)}
    for name, content in files.items():
        with whole_file(out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return report


def _overall(record: ItemRecord, settings: Mapping[str, Any]) -> float:
    """The judge's overall score; infinite where there is none."""
    if record.judged is None or record.judged.scores is None:
        return float("inf")
    return next(iter(overall(settings["rubric"], record.judged.scores).values()))
