"""How well the editor in training edits held-out pairs: the learning curve, and pictures to look at."""

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from PIL import Image

from vireo.metrics.truth import EditScore, best_match, score_edit, with_success
from vireo.models.editors.protocol import Window
from vireo.models.editors.viva import VireoPipeline
from vireo.models.editors.viva_editor import VivaEditor
from vireo.monitor import Monitor
from vireo.pipeline.edit_window import edit_windows
from vireo.pipeline.stream import sampling_of
from vireo.training.stage import save_rows
from vireo.types import EditPair, EditSettings
from vireo.video.geometry import to_uint8
from vireo.video.io import read_clip

log = logging.getLogger(__name__)


class Validation:
    """Edits some pairs a family with the pipeline's own settings, and scores the model's results, nothing composited.

    pipe: whose transformer is replaced by the one in training. pairs: of the set in pairs_dir, of one window each.
    """

    def __init__(self, pipe: VireoPipeline, pairs_dir: Path, pairs: Sequence[EditPair], per_family: int) -> None:
        self.pipe, self.editor = pipe, VivaEditor(pipe)
        self.pairs: dict[str, list[EditPair]] = defaultdict(list)
        for pair in pairs:
            if pair.family != "hybrid" and len(self.pairs[pair.family]) < per_family:
                self.pairs[pair.family].append(pair)
        chosen = [pair for group in self.pairs.values() for pair in group]
        results = [path for pair in chosen for result in pair.results for path in result]
        paths = {*results, *(pair.source for pair in chosen)}
        self.clips = {path: read_clip(pairs_dir / path, trusted=True).frames for path in sorted(paths)}
        self.references = {
            pair.id: np.asarray(Image.open(pairs_dir / pair.reference).convert("RGB"))
            for pair in chosen
            if pair.reference is not None
        }

    def measure(self, transformer: HunyuanVideoTransformer3DModel, folder: Path, step: int) -> dict[str, float]:
        """Writes folder/STEP.png and a line of folder/../validation.jsonl; returns success by family and overall."""
        self.pipe.transformer = transformer
        rows, errors = [], {}
        rates: dict[str, dict[str, float]] = {"success": {}, "success_loose": {}}
        for family, pairs in self.pairs.items():
            edited = self._edited(pairs)
            scores = [self._score(pair, video) for pair, video in zip(pairs, edited, strict=True)]
            for name, by_family in rates.items():
                by_family[family] = float(np.mean([getattr(score, name) for score in scores]))
            known = [score.changed if score.edit_error is None else score.edit_error for score in scores]
            errors[family] = float(np.median(known))
            for pair, video in zip(pairs[:2], edited, strict=False):
                rows.append(np.concatenate([self.clips[pair.source], video, self.clips[pair.target]], axis=2))
        for by_family in rates.values():
            by_family["all"] = float(np.mean([rate for name, rate in by_family.items() if name != "reference"]))
        success = rates["success"]
        save_rows(folder / f"{step:06d}.png", rows, every=4)
        line = {"step": step, **rates, "edit_error": errors}
        with (folder.parent / "validation.jsonl").open("a") as out:
            out.write(json.dumps(line) + "\n")
        log.info("step %d: success %s", step, {family: round(rate, 2) for family, rate in success.items()})
        return success

    def _edited(self, pairs: Sequence[EditPair]) -> list[np.ndarray]:
        windows = [
            Window(frames=self.clips[pair.source], text=pair.instruction, reference=self.references.get(pair.id))
            for pair in pairs
        ]
        sampling = sampling_of(EditSettings(), self.editor.facts)
        return [to_uint8(edit.edited) for edit in edit_windows(self.editor, windows, sampling, Monitor())]

    def _score(self, pair: EditPair, video: np.ndarray) -> EditScore:
        source = self.clips[pair.source]
        results = [(self.clips[target], self.clips[mask][..., 0] > 127) for target, mask in pair.results]
        score = score_edit(video, source, *best_match(video, source, results), family=pair.family)
        return with_success(score, pair.family, outside=False)
