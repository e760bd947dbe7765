"""Everything that is measured of one edited pair."""

from __future__ import annotations

import numpy as np

from vireo.evaluation.editors import Edited, Job
from vireo.evaluation.pair_clips import PairClips
from vireo.evaluation.records import Ceiling, Record
from vireo.metrics.image_quality import masked_psnr, psnr, ssim
from vireo.metrics.shadow import Trace, removal_trace
from vireo.metrics.truth import EditScore, dilated, is_global, region_excess, region_recall, score_edit
from vireo.world.studiobench import subsets


def score_pair(job: Job, clips: PairClips, edited: Edited, rebuilt: np.ndarray | None, seconds: float) -> Record:
    """The record of one pair, without judgement and measures.

    rebuilt: the target through the VAE and back, uint8 (T, H, W, 3), or None. seconds: what the edit took.
    """

    def against_truth(video: np.ndarray) -> EditScore:
        return score_edit(video, clips.source, clips.target, clips.mask, family=job.pair.family, others=clips.others)

    def trace(video: np.ndarray | None) -> Trace | None:
        if job.pair.family != "remove" or video is None or clips.concerned is None:
            return None
        return removal_trace(video, clips.source, clips.target, clips.mask, clips.concerned)

    grown = dilated(clips.mask)
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
        oracle_vae=None if rebuilt is None else _ceiling(against_truth(rebuilt), rebuilt, clips, grown),
        target_itself=against_truth(clips.target),
        region_recall=None if region is None else region_recall(region, grown),
        region_excess=None if region is None else region_excess(region, grown),
        trace=trace(edited.composited),
        trace_raw=trace(edited.raw),
        seconds=seconds,
        subsets=subsets(job.pair),
    )


def _ceiling(against_truth: EditScore, rebuilt: np.ndarray, clips: PairClips, grown: np.ndarray) -> Ceiling:
    return Ceiling(
        score=against_truth,
        psnr=psnr(rebuilt, clips.target),
        psnr_inside=masked_psnr(rebuilt, clips.target, grown),
        ssim=ssim(rebuilt, clips.target),
    )
