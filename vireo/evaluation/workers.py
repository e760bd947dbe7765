"""Edits and scores batches of pairs, in this process or in several."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import torch

from vireo.errors import InputError, VideoError
from vireo.evaluation.editors import EditOptions, Editor, FinishedClips, Job, ModelEditor
from vireo.evaluation.measures import Measures
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.pair_record import score_pair
from vireo.evaluation.records import Record
from vireo.evaluation.report.players import player_of, write_player
from vireo.evaluation.report.sheets import write_strip
from vireo.judges.judge import Judge, Sample
from vireo.runtime import available_cores
from vireo.video.io import write_lossless


@dataclass(frozen=True)
class EvaluationTask:
    """All that a process has to know to edit and score; as in `vireo.evaluation.runner.evaluate`."""

    folder: Path
    out: Path
    model: str | None
    videos: Path | None
    options: EditOptions
    judge: Judge | None
    backbones: dict[str, str]
    keep: bool


@dataclass(frozen=True)
class UnscorableClip:
    """A finished clip that cannot be scored, and why."""

    id: str
    why: str


def clip_of(out: Path, job: Job) -> Path:
    """Where the clip of a job is kept."""
    return out / "clips" / f"{job.pair.id}.mkv"


class PairEvaluator:
    """settings: all that the scores depend on. batch: how many pairs are edited at once."""

    def __init__(self, task: EvaluationTask) -> None:
        self.task = task
        self.editor: Editor = (
            ModelEditor.from_pretrained(task.model, task.options)
            if task.model is not None
            else FinishedClips(Path(task.videos))
        )
        self.measures = Measures(task.backbones)
        self.batch = self.editor.batch
        self.settings = {
            **self.editor.settings,
            **(task.judge.settings if task.judge else {}),
            **self.measures.settings,
        }

    def __call__(self, jobs: list[Job]) -> list[Record] | list[UnscorableClip]:
        """Edits the pairs of a batch, writes their pictures and clips, and scores them."""
        out, folder, judge = self.task.out, self.task.folder, self.task.judge
        loaded = [load_pair_clips(folder, job.pair) for job in jobs]
        began = time.perf_counter()
        try:
            edits = self.editor.edit(jobs, loaded)
        except (InputError, VideoError) as error:
            if self.task.videos is None:
                raise
            return [UnscorableClip(job.pair.id, str(error)) for job in jobs]
        seconds = (time.perf_counter() - began) / len(jobs)
        samples = [
            Sample(clips.source, edited.composited, job.instruction, clips.reference, job.pair.task == "generate")
            for job, clips, edited in zip(jobs, loaded, edits, strict=True)
        ]
        judgements = judge.judge(samples) if judge else [None] * len(jobs)
        records = []
        for job, clips, edited, judgement in zip(jobs, loaded, edits, judgements, strict=True):
            write_strip(out / "strips" / f"{job.key}.png", clips, edited.composited, edited.region)
            if job.condition == "plain":
                write_player(player_of(out, job.key), folder / job.pair.source, [edited.composited, clips.target])
                if self.task.keep:
                    write_lossless(clip_of(out, job), edited.composited, fps=clips.fps)
            rebuilt = self.editor.reconstruct(clips.target)
            records.append(score_pair(job, clips, edited, rebuilt, seconds, self.measures, judgement))
        return records


def evaluate_batches(
    evaluator: PairEvaluator, batches: Sequence[list[Job]], workers: int
) -> Iterator[list[Record] | list[UnscorableClip]]:
    """The records of each batch, as they are done; by `evaluator` itself where one process is enough."""
    workers = min(workers, len(batches))
    if workers <= 1:
        yield from map(evaluator, batches)
        return
    threads = max(1, available_cores() // workers)
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (evaluator.task, threads))
    try:
        for done in as_completed([pool.submit(_score, batch) for batch in batches]):
            yield done.result()
    except BrokenProcessPool:
        raise InputError("a process of the evaluation was killed", "call it again with fewer --workers") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_evaluator: PairEvaluator | None = None
"""Of a worker process."""


def _begin(task: EvaluationTask, threads: int) -> None:
    global _evaluator
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that shares out the work
    torch.set_num_threads(threads)
    _evaluator = PairEvaluator(task)


def _score(jobs: list[Job]) -> list[Record] | list[UnscorableClip]:
    assert _evaluator is not None, "the pool has begun"
    return _evaluator(jobs)
