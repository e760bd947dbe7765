"""Edits every pair of a pair set, scores it against the truth and writes the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from vireo.data.pairs import read_pairs
from vireo.errors import InputError
from vireo.evaluation.editors import EditOptions, Editor, FinishedClips, Job, ModelEditor
from vireo.evaluation.measures import Measures
from vireo.evaluation.players import player_of, write_player
from vireo.evaluation.records import Condition, Record, RecordWriter, read_records, record_key
from vireo.evaluation.report import write_report
from vireo.evaluation.scoring import score
from vireo.evaluation.sheets import write_strip
from vireo.evaluation.truths import load_truth
from vireo.judges.judge import Judge, Sample
from vireo.types import EditPair
from vireo.video.io import write_lossless


def evaluate(
    pairs_dir: Path,
    *,
    out: Path,
    model: str | None = None,
    videos: Path | None = None,
    limit: int | None = None,
    options: EditOptions = EditOptions(),
    paraphrases: bool = False,
    judge: Judge | None = None,
    backbones: Mapping[str, str] | None = None,
    keep: bool = False,
    command: str | None = None,
    on_progress: Callable[..., None] | None = None,
) -> dict[str, Any]:
    """Scores a model, or finished clips, on a pair set; returns the report (contract "Scores").

    Every pair is edited once; what the pipeline makes and what is composited from it are scored together.
    Writes into `out`: records.jsonl (one line a pair; when the run breaks, the same call goes on from it),
    strips/*.png and sheet-*.jpg (pictures), players/*.mp4 (side by side), report.json, report.html, report.md and
    report.tex.

    limit: only the first so many pairs. paraphrases: each pair once more with one of its paraphrases, chosen
    by the pair's place in the set. judge: scores every edit, too (`vireo.judges`).
    backbones: of `vireo.evaluation.measures`, beyond what needs none.
    keep: also writes the edited clips, out/clips/ID.mkv, as `videos` takes them. command: what the report names as its
    origin. on_progress: called as on_progress(done, total, label).

    Raises InputError for wrong pair sets, clips and models.
    """
    pairs_dir, out = Path(pairs_dir), Path(out)
    if (model is None) == (videos is None):
        raise InputError("what is to be scored is not clear", "give either a model or a folder of videos")
    if videos is not None and paraphrases:
        raise InputError("finished clips have no paraphrases", "leave out --paraphrases")
    pairs = list(islice(read_pairs(pairs_dir), limit))
    if not pairs:
        raise InputError(f"{pairs_dir} has no pairs", "make some with: vireo world make DIR --count N")
    editor: Editor = ModelEditor.from_pretrained(model, options) if model is not None else FinishedClips(Path(videos))
    for name in ("strips", "players", "clips") if keep else ("strips", "players"):
        (out / name).mkdir(parents=True, exist_ok=True)
    measures = Measures(backbones or {})
    settings = {**editor.settings, **(judge.settings if judge else {}), **measures.settings}
    jobs = list(_jobs(pairs, settings, paraphrases=paraphrases))
    finished = read_records(out / "records.jsonl")
    with RecordWriter(out / "records.jsonl") as writer:
        # Batches are cut from all jobs, not from the open ones, so that a resumed run edits the same ones.
        for start in range(0, len(jobs), editor.batch):
            batch = jobs[start : start + editor.batch]
            if on_progress is not None:
                on_progress(start, len(jobs), "editing and scoring")
            kept = [not keep or _clip_of(out, job).is_file() for job in batch]
            if not all(kept) or any(job.key not in finished for job in batch):
                for record in _run(batch, editor, judge, measures, pairs_dir, out, keep):
                    writer.append(record)
                    finished[record.key] = record
    records = [finished[job.key] for job in jobs]
    return write_report(out, records, settings=settings, command=command)


def _jobs(pairs: list[EditPair], settings: dict[str, Any], *, paraphrases: bool) -> Iterator[Job]:
    for index, pair in enumerate(pairs):
        wordings: list[tuple[Condition, str]] = [("plain", pair.instruction)]
        if paraphrases and pair.paraphrases:
            wordings.append(("paraphrase", pair.paraphrases[index % len(pair.paraphrases)]))
        for condition, instruction in wordings:
            yield Job(pair, condition, instruction, record_key(pair, condition, settings))


def _clip_of(out: Path, job: Job) -> Path:
    return out / "clips" / f"{job.pair.id}.mkv"


def _run(
    jobs: list[Job], editor: Editor, judge: Judge | None, measures: Measures, folder: Path, out: Path, keep: bool
) -> Iterator[Record]:
    truths = [load_truth(folder, job.pair) for job in jobs]
    began = time.perf_counter()
    edits = editor.edit(jobs, truths)
    seconds = (time.perf_counter() - began) / len(jobs)
    samples = [
        Sample(truth.source, edited.composited, job.instruction, truth.reference, job.pair.task == "generate")
        for job, truth, edited in zip(jobs, truths, edits, strict=True)
    ]
    judgements = judge.judge(samples) if judge else [None] * len(jobs)
    for job, truth, edited, judgement in zip(jobs, truths, edits, judgements, strict=True):
        write_strip(out / "strips" / f"{job.key}.png", truth, edited.composited, edited.region)
        if job.condition == "plain":
            write_player(player_of(out, job.key), folder / job.pair.source, [edited.composited, truth.target])
        if keep and job.condition == "plain":
            write_lossless(_clip_of(out, job), edited.composited, fps=truth.fps)
        yield score(job, truth, edited, editor.reconstruct(truth.target), seconds, measures, judgement)
