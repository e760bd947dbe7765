"""The one edit there is: windows of the model's size in, their edits and where these are out.

`vireo edit`, evaluation, validation in training, the ablation and rollouts all come through here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vireo.errors import ModelError
from vireo.models.editors.protocol import Editor, Sampling, Window
from vireo.monitor import Monitor
from vireo.pipeline.slow_motion import choose_pace, real_time
from vireo.video.alpha import estimate_alpha

EVERYWHERE = 0.5
"""Probability, by the gate, that an edit concerns the whole picture, above which the whole frame is its region."""


@dataclass(frozen=True)
class WindowEdit:
    """edited, rebuilt: float32 (T, h, w, 3) in 0..1, the model's result, and the window through its autoencoder.
    alpha: float32 (T, h, w) in 0..1, the predicted edit region."""

    edited: np.ndarray
    rebuilt: np.ndarray
    alpha: np.ndarray


def edit_windows(
    editor: Editor,
    windows: Sequence[Window],
    sampling: Sampling,
    monitor: Monitor,
    everywhere: Sequence[float] | None = None,
) -> list[WindowEdit]:
    """The edits of windows, which may be of different clips.

    everywhere: for each window the probability that its edit concerns the whole picture; None where nobody was asked.
    Raises ModelError where a result is not finite.
    """
    with monitor.time("encode"):
        paces = [choose_pace(window.frames, editor) for window in windows]
    shown = [
        replace(window, frames=clip, reconstruction=reconstruction)
        for window, pace in zip(windows, paces, strict=True)
        for clip, reconstruction in zip(pace.clips, pace.reconstructions, strict=True)
    ]
    results = iter(editor.edit(shown, sampling, monitor))
    edits = []
    for number, (window, pace) in enumerate(zip(windows, paces, strict=True)):
        edited = real_time([next(results) for _ in pace.clips])
        if not np.isfinite(edited).all():
            raise ModelError("the model's result is not a number", "its weights are damaged: get them again")
        with monitor.time("composite"):
            whole = everywhere is not None and everywhere[number] > EVERYWHERE
            alpha = estimate_alpha(window.frames, edited, pace.rebuilt, everywhere=whole)
        edits.append(WindowEdit(edited, pace.rebuilt, alpha))
    return edits
