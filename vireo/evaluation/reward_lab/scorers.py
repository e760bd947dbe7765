"""Whatever offers itself as a reward, for the reward lab: critic, rubrics, VIVA's terms, and what sees no instruction.

QUESTION         the critic's probability of Yes, mean over frames; `QUESTION, hard`: 1 where that is over one half
critic           mean of the five
viva, revise     the rubrics' overall scores with the instructor as the judge, 0 to 10
recommended      `vireo.rewards.mix`
R_SP             VIVA Eq. 5 as printed, without a mask: cosine of source and edit, frame by frame; by the instructor's
                 tower, or by the backbone `clip`
R_IF, R_PS       Eq. 4 and 6 with the backbone `clip`; R_PS with `pick` where that is given
TF, MS, ...      `vireo.evaluation.measures`, all that the given backbones allow but the likeness to a reference
judge, RUBRIC    overall score of another judge, where one is given
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import torch

from vireo.evaluation.editors import fingerprint
from vireo.evaluation.measures import Measures
from vireo.judges.instructor_judge import rubric_scores
from vireo.judges.judge import Judge, Sample, evenly_spaced
from vireo.judges.rubric import applicable, overall
from vireo.metrics.consistency import frame_consistency, similarity
from vireo.metrics.image_quality import psnr
from vireo.models.backbones.encoders import picture_vectors
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.critic import p_yes
from vireo.models.instructor.prompts import QuestionKind
from vireo.models.presets import resolve
from vireo.rewards.mix import recommended
from vireo.runtime import autocast
from vireo.types import EditPair

FRAMES = 4
"""Frames of a clip that the critic is shown, one at a time; of nine frames at even and at odd places, since what
flickers may do so with either."""


class Unjudged(Exception):
    """A judge failed, and why."""


class Scorers:
    """model: whose instructor judges. backbones: as in `Measures`; with `clip` VIVA's rewards are there, too.
    judge: another one. `settings`: all that the scores depend on.

    Raises InputError and ModelError.
    """

    def __init__(self, model: str, backbones: Mapping[str, str], judge: Judge | None = None) -> None:
        self.pipe, self.measures, self.judge = VireoPipeline.from_pretrained(model), Measures(backbones), judge
        self.settings: dict[str, Any] = {"model": model, "weights": fingerprint(resolve(model)), "frames": FRAMES}
        self.settings |= self.measures.settings | (judge.settings if judge else {})

    @torch.no_grad()
    def __call__(
        self, source: np.ndarray, clip: np.ndarray, pair: EditPair, reference: np.ndarray | None = None
    ) -> dict[str, float]:
        """All scores of one edited clip, uint8 (T, H, W, 3) as its source; higher is better.

        reference: the pair's reference picture, uint8 (H, W, 3).

        Raises Unjudged where the other judge fails: such a clip has no score, least of all 0.
        """
        scores = self._judged(source, clip, pair.instruction)
        if self.judge is not None:
            said = self.judge.judge([Sample(source, clip, pair.instruction, reference, pair.task == "generate")])[0]
            if said.scores is None:
                raise Unjudged(said.failure)
            scores["judge, " + self.judge.rubric] = next(iter(overall(self.judge.rubric, said.scores).values()))
        if "clip" in self.measures.models:
            scores |= self._rewards(source, clip, pair)
        scores |= self.measures(clip, pair.target_caption)
        scores["PSNR to the source"] = psnr(clip, source)
        return scores

    def _judged(self, source: np.ndarray, clip: np.ndarray, instruction: str) -> dict[str, float]:
        model = self.pipe.instructor, self.pipe.processor
        frames = [list(evenly_spaced(video, FRAMES)) for video in (source, clip)]
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
        eye = self.measures.models["clip"]
        before, after = eye.pictures(list(source)), eye.pictures(list(clip))
        wanted, had = (after @ vector for vector in eye.texts([pair.target_caption, pair.source_caption]))
        taste = self.measures.models.get("pick")
        pleases = wanted if taste is None else taste.pictures(list(clip)) @ taste.texts([pair.target_caption])[0]
        return {
            "R_IF": float((wanted - had).mean()),
            "R_SP": similarity(before, after),
            "R_PS": float(pleases.mean()),
        }
