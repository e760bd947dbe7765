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

from vireo.code_digest import code_digest
from vireo.errors import InputError, VideoError
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import ClipSource, FinishedClips, Job, ModelClips
from vireo.evaluation.measures import Measures
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.pair_record import score_pair
from vireo.evaluation.records import JudgementRecord, Record
from vireo.evaluation.report.players import player_of, write_player
from vireo.evaluation.report.sheets import write_strip
from vireo.runtime import available_cores
from vireo.video.io import write_lossless


@dataclass(frozen=True)
class UnscorableClip:
    """A finished clip that cannot be scored, and why."""

    id: str
    why: str


def clip_of(out: Path, job: Job) -> Path:
    """Where the clip of a job is kept."""
    return out / "clips" / f"{job.pair.id}.mkv"


class PairEvaluator:
    """Edits and scores batches of pairs of `folder`; writes their pictures into `out`.

    settings: all that the scores depend on, but for the pair. batch: how many pairs are edited at once.
    """

    def __init__(self, folder: Path, out: Path, config: EvaluationConfig) -> None:
        self.folder, self.out, self.config = folder, out, config
        self.editor: ClipSource
        if config.videos is not None:
            self.editor = FinishedClips(config.videos)
        else:
            self.editor = ModelClips.open(config)
        self.measures = Measures(config.backbones)
        self.batch = self.editor.batch
        self.settings = {
            **self.editor.settings,
            **(config.judge.settings if config.judge else {}),
            **self.measures.settings,
            "code": code_digest(__name__),
        }

    def __call__(self, jobs: list[Job]) -> list[Record] | list[UnscorableClip]:
        """Edits the pairs of a batch, writes their pictures and clips, and scores them."""
        out, folder, judge = self.out, self.folder, self.config.judge
        loaded = [load_pair_clips(folder, job.pair) for job in jobs]
        began = time.perf_counter()
        try:
            edits = self.editor.edit(jobs, loaded)
        except (InputError, VideoError) as error:
            if self.config.videos is None:
                raise
            return [UnscorableClip(job.pair.id, str(error)) for job in jobs]
        seconds = (time.perf_counter() - began) / len(jobs)
        samples = [
            clips.sample(job.pair, edited.composited, job.instruction)
            for job, clips, edited in zip(jobs, loaded, edits, strict=True)
        ]
        judgements = judge.judge(samples) if judge else [None] * len(jobs)
        records = []
        for job, clips, edited, sample, judgement in zip(jobs, loaded, edits, samples, judgements, strict=True):
            write_strip(out / "strips" / f"{job.key}.png", clips, edited.composited, edited.region)
            if job.condition == "plain":
                write_player(player_of(out, job.key), folder / job.pair.source, [edited.composited, clips.target])
                if self.config.keep:
                    write_lossless(clip_of(out, job), edited.composited, fps=clips.fps)
            rebuilt = self.editor.reconstruct(clips.target)
            record = score_pair(job, clips, edited, rebuilt, seconds)
            judged = None if judgement is None else JudgementRecord.of(judgement)
            records.append(record.model_copy(update={"judged": judged, "measures": self.measures(sample)}))
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
    given = (evaluator.folder, evaluator.out, evaluator.config, threads)
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, given)
    try:
        for done in as_completed([pool.submit(_score, batch) for batch in batches]):
            yield done.result()
    except BrokenProcessPool:
        raise InputError("a process of the evaluation was killed", "call it again with fewer --workers") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_evaluator: PairEvaluator | None = None
"""Of a worker process."""


def _begin(folder: Path, out: Path, config: EvaluationConfig, threads: int) -> None:
    global _evaluator
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that shares out the work
    torch.set_num_threads(threads)
    _evaluator = PairEvaluator(folder, out, config)


def _score(jobs: list[Job]) -> list[Record] | list[UnscorableClip]:
    assert _evaluator is not None, "the pool has begun"
    return _evaluator(jobs)
