"""Edits and scores batches of pairs, in this process or in several."""

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import torch

from vireo.code_digest import code_digest
from vireo.errors import InputError, VideoError
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import Edited, FinishedClips, Job, ModelClips
from vireo.evaluation.measures import Measures
from vireo.evaluation.pair_clips import PairClips, load_pair_clips
from vireo.evaluation.records import Ceiling, JudgementRecord, Record
from vireo.evaluation.report.pictures import player_of, write_player, write_strip
from vireo.metrics.image_quality import masked_psnr, psnr, ssim
from vireo.metrics.truth import EditScore, dilated, is_global, region_excess, region_recall
from vireo.runtime import available_cores, end_with_parent
from vireo.video.io import write_lossless
from vireo.world.studiobench import subsets

Results = tuple[list[Record], list[dict[str, str]]]
"""Of a batch: what was scored, and `id` and `why` of the finished clips that cannot be."""


def clip_of(out: Path, job: Job) -> Path:
    """Where the clip of a job is kept."""
    return out / "clips" / f"{job.pair.id}.mkv"


class PairEvaluator:
    """Edits and scores batches of pairs of `folder`; writes their pictures into `out`.

    settings: all that the scores depend on, but for the pair. batch: how many pairs are edited at once.
    """

    def __init__(self, folder: Path, out: Path, config: EvaluationConfig) -> None:
        self.folder, self.out, self.config = folder, out, config
        self.editor = ModelClips.open(config) if config.videos is None else FinishedClips(config.videos)
        self.measures = Measures(config.backbones)
        self.batch = self.editor.batch
        self.settings = {
            **self.editor.settings,
            **(config.judge.settings if config.judge else {}),
            **self.measures.settings,
            "code": code_digest(__name__),
        }

    def __call__(self, jobs: list[Job]) -> Results:
        """Edits the pairs of a batch, writes their pictures and clips, and scores them."""
        out, folder, judge = self.out, self.folder, self.config.judge
        loaded = [load_pair_clips(folder, job.pair) for job in jobs]
        began = time.perf_counter()
        try:
            edits = self.editor.edit(jobs, loaded)
        except (InputError, VideoError) as error:
            if self.config.videos is None:
                raise
            return [], [{"id": job.pair.id, "why": str(error)} for job in jobs]
        seconds = (time.perf_counter() - began) / len(jobs)
        matching = [clips.matching(edited.composited) for clips, edited in zip(loaded, edits, strict=True)]
        samples = [
            clips.sample(job.pair, edited.composited, job.instruction)
            for job, clips, edited in zip(jobs, matching, edits, strict=True)
        ]
        judgements = judge.judge(samples) if judge else [None] * len(jobs)
        records = []
        found = zip(jobs, loaded, matching, edits, samples, judgements, strict=True)
        for job, whole, clips, edited, sample, judgement in found:
            write_strip(out / "strips" / f"{job.key}.png", clips, edited.composited, edited.region)
            if job.condition == "plain":
                write_player(player_of(out, job.key), folder / job.pair.source, [edited.composited, clips.target])
                if self.config.keep:
                    write_lossless(clip_of(out, job), edited.composited, fps=clips.fps)
            rebuilt = self.editor.reconstruct(clips.target)
            record = _record(job, whole, clips, edited, rebuilt, seconds)
            judged = None if judgement is None else JudgementRecord.of(judgement)
            records.append(record.model_copy(update={"judged": judged, "measures": self.measures(sample)}))
        return records, []


def _record(
    job: Job, whole: PairClips, clips: PairClips, edited: Edited, rebuilt: np.ndarray | None, seconds: float
) -> Record:
    """The record of one pair, without judgement and measures.

    whole: with all exact results. clips: with the one that the edit comes nearest to. rebuilt: its
    target through the VAE and back, uint8 (T, H, W, 3), or None. seconds: what the edit took.
    """

    def against_truth(video: np.ndarray) -> EditScore:
        return whole.score(video, job.pair.family)

    grown = dilated(clips.mask)
    ceiling = None
    if rebuilt is not None:
        ceiling = Ceiling(
            score=against_truth(rebuilt),
            psnr=psnr(rebuilt, clips.target),
            psnr_inside=masked_psnr(rebuilt, clips.target, grown),
            ssim=ssim(rebuilt, clips.target),
        )
    region = None if job.pair.family == "absent" or is_global(grown) else edited.region
    return Record(
        key=job.key,
        id=job.pair.id,
        family=job.pair.family,
        condition=job.condition,
        instruction=job.instruction,
        composited=against_truth(edited.composited),
        raw=None if edited.raw is None else against_truth(edited.raw),
        do_nothing=against_truth(clips.source),
        oracle_vae=ceiling,
        target_itself=against_truth(clips.target),
        region_recall=None if region is None else region_recall(region, grown),
        region_excess=None if region is None else region_excess(region, grown),
        seconds=seconds,
        subsets=subsets(job.pair),
    )


def evaluate_batches(evaluator: PairEvaluator, batches: Sequence[list[Job]], workers: int) -> Iterator[Results]:
    """Each batch as it is done; by `evaluator` itself where one process is enough."""
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
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that shares out the work
    torch.set_num_threads(threads)
    _evaluator = PairEvaluator(folder, out, config)


def _score(jobs: list[Job]) -> Results:
    assert _evaluator is not None, "the pool has begun"
    return _evaluator(jobs)
