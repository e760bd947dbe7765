"""How well the editor in training edits held-out pairs: the learning curve, and pictures to look at."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from diffusers import HunyuanVideoTransformer3DModel
from PIL import Image

from vireo.metrics.truth import score_edit
from vireo.models.editors.viva import VireoPipeline
from vireo.training.contact import save_rows
from vireo.types import EditPair
from vireo.video.io import read_clip

log = logging.getLogger(__name__)


class Validation:
    """Edits some pairs a family with the pipeline's own settings, and scores them with nothing composited."""

    def __init__(self, pipe: VireoPipeline, pairs_dir: Path, pairs: list[EditPair], a_family: int) -> None:
        self.pipe = pipe
        self.pairs: dict[str, list[EditPair]] = defaultdict(list)
        for pair in pairs:
            if pair.family != "hybrid" and len(self.pairs[pair.family]) < a_family:
                self.pairs[pair.family].append(pair)
        self.clips = {
            path: read_clip(pairs_dir / path, trusted=True).frames
            for group in self.pairs.values()
            for pair in group
            for path in (pair.source, pair.target, pair.mask)
        }
        self.pictures = {
            pair.id: np.asarray(Image.open(pairs_dir / pair.reference).convert("RGB"))
            for group in self.pairs.values()
            for pair in group
            if pair.reference
        }

    def measure(self, transformer: HunyuanVideoTransformer3DModel, folder: Path, step: int) -> dict[str, float]:
        """Writes folder/STEP.png and a line of folder/../validation.jsonl; returns success by family and overall."""
        self.pipe.transformer = transformer
        self.pipe.set_progress_bar_config(disable=True)
        rows, result, errors = [], {}, {}
        for family, pairs in self.pairs.items():
            edited = self.pipe(
                [pair.instruction for pair in pairs],
                [self.clips[pair.source] for pair in pairs],
                [self.pictures.get(pair.id) for pair in pairs],
                generator=[torch.Generator().manual_seed(0) for _ in pairs],
            ).frames
            edited = np.round(edited * 255).astype(np.uint8)
            scores = [
                score_edit(
                    video,
                    self.clips[pair.source],
                    self.clips[pair.target],
                    self.clips[pair.mask][..., 0] > 127,
                    family=family,
                )
                for pair, video in zip(pairs, edited, strict=True)
            ]
            good = [s.success if s.edit_error is None else s.edit_error <= 0.35 for s in scores]
            result[family] = float(np.mean(good))
            errors[family] = float(np.median([s.changed if s.edit_error is None else s.edit_error for s in scores]))
            for pair, video in zip(pairs[:2], edited, strict=False):
                rows.append(np.concatenate([self.clips[pair.source], video, self.clips[pair.target]], axis=2))
        result["all"] = float(np.mean([rate for family, rate in result.items() if family != "reference"]))
        save_rows(folder / f"{step:06d}.png", rows, every=4)
        line = {"step": step, "success": result, "edit_error": errors}
        with (folder.parent / "validation.jsonl").open("a") as out:
            out.write(json.dumps(line) + "\n")
        log.info("step %d: success %s", step, {k: round(v, 2) for k, v in result.items()})
        return result
