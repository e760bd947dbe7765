"""Whatever offers itself as a reward, for the reward lab: critic, rubrics, VIVA's terms, and what sees no instruction.

QUESTION         the critic's probability of Yes, mean over frames; `QUESTION, hard`: 1 where that is over one half
critic           mean of the five
viva, revise     the rubrics' overall scores with the instructor as the judge, 0 to 10
recommended      `vireo.judges.reward`
R_SP             VIVA Eq. 5 as printed, without a mask: cosine of source and edit, frame by frame; by the instructor's
                 tower, or by the backbone `clip`
R_IF, R_PS       Eq. 4 and 6 with the backbone `clip`; R_PS with `pick` where that is given
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import torch

from vireo.errors import InputError
from vireo.evaluation.editors import fingerprint
from vireo.judges.critic import p_yes
from vireo.judges.judge import shown
from vireo.judges.own import rubric_scores
from vireo.judges.reward import recommended
from vireo.judges.rubric import applicable, overall
from vireo.metrics.backbones import ClipBackbone, picture_vectors
from vireo.metrics.consistency import frame_consistency, similarity, temporal_flickering
from vireo.metrics.frames import psnr
from vireo.models.chat import QuestionKind
from vireo.models.presets import resolve
from vireo.pipeline.pipeline import VireoPipeline
from vireo.runtime import autocast
from vireo.types import EditPair

FRAMES = 4
"""Frames of a clip that the critic is shown, one at a time; of nine frames at even and at odd places, since what
flickers may do so with either."""


class Scorers:
    """model: whose instructor judges. backbones: `clip` and `pick`. `settings`: all that the scores depend on.

    Raises InputError and ModelError.
    """

    def __init__(self, model: str, backbones: Mapping[str, str]) -> None:
        unknown = [name for name in backbones if name not in ("clip", "pick")]
        if unknown or ("pick" in backbones and "clip" not in backbones):
            raise InputError("the lab takes the backbones clip and, beside it, pick", "write --backbone clip=ID")
        self.pipe = VireoPipeline.from_pretrained(model)
        self.backbones = {name: ClipBackbone.from_pretrained(given) for name, given in backbones.items()}
        self.settings: dict[str, Any] = {"model": model, "weights": fingerprint(resolve(model)), "frames": FRAMES}
        if backbones:
            self.settings["backbones"] = dict(backbones)

    @torch.no_grad()
    def __call__(self, source: np.ndarray, clip: np.ndarray, pair: EditPair) -> dict[str, float]:
        """All scores of one edited clip, uint8 (T, H, W, 3) as its source; higher is better."""
        scores = self._judged(source, clip, pair.instruction)
        if "clip" in self.backbones:
            scores |= self._rewards(source, clip, pair)
        scores["temporal flickering"] = temporal_flickering(clip)
        scores["PSNR to the source"] = psnr(clip, source)
        return scores

    def _judged(self, source: np.ndarray, clip: np.ndarray, instruction: str) -> dict[str, float]:
        model = self.pipe.instructor, self.pipe.processor
        frames = [list(shown(video, FRAMES)) for video in (source, clip)]
        said = [instruction] * len(frames[0])
        soft: dict[QuestionKind, float] = {}
        with autocast(self.pipe.instructor.device):
            for kind in get_args(QuestionKind):
                soft[kind] = float(p_yes(*model, *frames, said, kind, self.pipe.template).float().mean())
            before, after = (picture_vectors(*model, list(video)) for video in (source, clip))
        scores = {**soft, "critic": float(np.mean(list(soft.values())))}
        scores |= {f"{kind}, hard": float(value > 0.5) for kind, value in soft.items()}
        scores["recommended"] = recommended(soft, source, clip)
        for rubric in ("viva", "revise"):
            scores[rubric] = next(iter(overall(rubric, rubric_scores(soft, applicable(rubric))).values()))
        return scores | {"R_SP": similarity(before, after), "frame consistency": frame_consistency(after)}

    def _rewards(self, source: np.ndarray, clip: np.ndarray, pair: EditPair) -> dict[str, float]:
        eye = self.backbones["clip"]
        before, after = eye.pictures(list(source)), eye.pictures(list(clip))
        wanted, had = (after @ vector for vector in eye.texts([pair.target_caption, pair.source_caption]))
        taste = self.backbones.get("pick")
        pleases = wanted if taste is None else taste.pictures(list(clip)) @ taste.texts([pair.target_caption])[0]
        return {
            "R_IF": float((wanted - had).mean()),
            "R_SP": similarity(before, after),
            "R_PS": float(pleases.mean()),
        }
