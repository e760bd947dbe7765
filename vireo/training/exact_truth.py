"""The exact truth of held-out edits, by which a run of post-training is audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vireo.judges.judge import Sample
from vireo.metrics.truth import dilated, score_edit, with_success
from vireo.models.editors.protocol import Editor, Window
from vireo.monitor import Monitor
from vireo.pipeline.edit_window import edit_windows
from vireo.pipeline.stream import sampling_of
from vireo.types import EditPair, EditSettings
from vireo.video.geometry import to_uint8
from vireo.video.io import read_clip


@dataclass(frozen=True)
class Measured:
    """samples: the edits, as rewards see them. truth: of each, 1 exact, 0 nothing done, at least -1. figures: means of
    the truth, of success and of success_loose, over all edits, hybrids and single ones."""

    samples: list[Sample]
    truth: list[float]
    figures: dict[str, float]


class ExactTruth:
    """Edits pairs with an editor at its own settings, in one pass, and compares with their exact results.

    pairs: of the set in a folder, of one window each; those without a change to make (`absent`) and with a reference
    picture are left out.
    """

    def __init__(self, folder: Path, pairs: Sequence[EditPair]) -> None:
        self.pairs = [pair for pair in pairs if pair.family != "absent" and pair.reference is None]
        paths = {path for pair in self.pairs for path in (pair.source, pair.target, pair.mask)}
        self.clips = {path: read_clip(folder / path, trusted=True).frames for path in sorted(paths)}

    def measure(self, editor: Editor) -> Measured:
        windows = [Window(frames=self.clips[pair.source], text=pair.instruction) for pair in self.pairs]
        edits = edit_windows(editor, windows, sampling_of(EditSettings(), editor.facts), Monitor())
        samples, truth = [], []
        rates: dict[str, list[float]] = {}
        for pair, edit in zip(self.pairs, edits, strict=True):
            edited, source, target = to_uint8(edit.edited), self.clips[pair.source], self.clips[pair.target]
            mask = self.clips[pair.mask][..., 0] > 127
            score = with_success(
                score_edit(edited, source, target, mask, family=pair.family), pair.family, outside=False
            )
            assert score.edit_error is not None, "each of these pairs has a change to make"
            truth.append(max(-1.0, 1 - score.edit_error))
            kind = "hybrid" if pair.family == "hybrid" else "single"
            figures = {"truth": truth[-1], "success": score.success, "success_loose": score.success_loose}
            for name, value in figures.items():
                rates.setdefault(f"audit/{name}", []).append(float(value))
                rates.setdefault(f"audit/{name}/{kind}", []).append(float(value))
            samples.append(
                Sample(
                    source,
                    edited,
                    pair.instruction,
                    source_caption=pair.source_caption,
                    target_caption=pair.target_caption,
                    region=dilated(mask),
                )
            )
        return Measured(samples, truth, {name: float(np.mean(values)) for name, values in rates.items()})
