"""The one edit there is: windows of the model's size in, their edits and where these are out.

`vireo edit`, evaluation, validation in training, the ablation and rollouts all come through here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vireo.errors import ModelError
from vireo.models.editors.protocol import Editor, Sampling, Window
from vireo.monitor import Monitor
from vireo.pipeline.slow_motion import in_slow_motion, real_time
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
        shown = [replace(window, reconstruction=editor.reconstruct(window.frames)) for window in windows]
    whole = [chance > EVERYWHERE for chance in everywhere] if everywhere is not None else [False] * len(windows)
    results = editor.edit(shown, sampling, monitor)
    edits = [
        _located(window.frames, edited, _rebuilt(window), each, monitor)
        for window, edited, each in zip(shown, results, whole, strict=True)
    ]
    with monitor.time("encode"):
        slowed = {
            number: slow
            for number, (window, edit) in enumerate(zip(windows, edits, strict=True))
            if (slow := in_slow_motion(window.frames, edit.rebuilt, edit.alpha, editor)) is not None
        }
    clips = [
        replace(windows[number], frames=clip, reconstruction=reconstruction)
        for number, slow in slowed.items()
        for clip, reconstruction in zip(slow.clips, slow.reconstructions, strict=True)
    ]
    again = iter(editor.edit(clips, sampling, monitor) if clips else ())
    for number, slow in slowed.items():
        edited = real_time([next(again) for _ in slow.clips])
        edits[number] = _located(windows[number].frames, edited, slow.rebuilt, whole[number], monitor)
    return edits


def _rebuilt(window: Window) -> np.ndarray:
    """float32 (T, h, w, 3) in 0..1; of a model without autoencoder, the window itself."""
    if window.reconstruction is None:
        return window.frames / np.float32(255)
    return window.reconstruction.frames


def _located(
    frames: np.ndarray, edited: np.ndarray, rebuilt: np.ndarray, everywhere: bool, monitor: Monitor
) -> WindowEdit:
    if not np.isfinite(edited).all():
        raise ModelError("the model's result is not a number", "its weights are damaged: get them again")
    with monitor.time("composite"):
        return WindowEdit(edited, rebuilt, estimate_alpha(frames, edited, rebuilt, everywhere=everywhere))
