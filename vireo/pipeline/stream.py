"""The edit of frames of any size and number: windows of the model's size and length, and their edits frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from vireo.models.editors.protocol import Editor, EditorFacts, Sampling
from vireo.models.editors.protocol import Window as ModelWindow
from vireo.models.instructor.presence import Gate
from vireo.models.instructor.reading import Reading, read_instruction
from vireo.monitor import Monitor
from vireo.pipeline.compositing import Box, Edits, FrameEdit, composited
from vireo.pipeline.crops import UNSURE, is_seen, likeliest, neighbour_reached, parts
from vireo.pipeline.edit_window import WindowEdit, edit_windows
from vireo.pipeline.exact import operation_of
from vireo.types import EditRequest, EditSettings
from vireo.video.geometry import model_size, resize
from vireo.video.operations import Operation
from vireo.video.windows import Window, join, split

Item = TypeVar("Item")
"""Whatever a caller's frames come in; see `ClipEditor`."""


@dataclass(frozen=True)
class FramesEdit:
    """An edited clip. edited: uint8 (T, H, W, 3). region: bool (T, H, W), the edit region. raw: uint8
    (T, H, W, 3), the executor's own result whatever the gate saw, nothing composited; where it was asked for.
    found, notes: as in `EditResult`."""

    edited: np.ndarray
    region: np.ndarray
    raw: np.ndarray | None
    found: bool | None
    notes: tuple[str, ...]


def sampling_of(settings: EditSettings, facts: EditorFacts) -> Sampling:
    """Seed, steps and guidance of an edit: the settings' own, else those that the editor declares."""
    return Sampling(
        seed=settings.seed,
        steps=facts.steps if settings.steps is None else settings.steps,
        guidance=facts.guidance if settings.guidance is None else settings.guidance,
    )


def warnings_of(settings: EditSettings, facts: EditorFacts) -> list[str]:
    """What to say of steps or guidance for which the weights were not trained."""
    sampling, found = sampling_of(settings, facts), []
    for name, value, known in (
        ("steps", sampling.steps, facts.trained_steps),
        ("guidance", sampling.guidance, facts.trained_guidance),
    ):
        if known is not None and not known[0] <= value <= known[1]:
            trained = f"{known[0]:g}" if known[0] == known[1] else f"{known[0]:g} to {known[1]:g}"
            found.append(f"{facts.name} was trained for {name} {trained}, not {value:g}: expect worse edits")
    return found


def edit_frames(
    editor: Editor, frames: np.ndarray, request: EditRequest, *, raw: bool = False, monitor: Monitor | None = None
) -> FramesEdit:
    """Edits a clip in memory, exactly as `edit_video` edits a file.

    frames: uint8 (T, H, W, 3). raw: whether the model's own result is wanted, too. Raises InputError as `edit_video`
    does.
    """
    return edit_clips(editor, [frames], [request], raw=raw, monitor=monitor)[0]


def edit_clips(
    editor: Editor,
    clips: Sequence[np.ndarray],
    requests: Sequence[EditRequest],
    *,
    raw: bool = False,
    monitor: Monitor | None = None,
) -> list[FramesEdit]:
    """The same for several clips, whose windows are computed together; requests: with the same settings."""
    monitor = monitor or Monitor()
    for request in requests:
        request.check()
    gate, operations = editor.gate(), [operation_of(request) for request in requests]
    states = [ClipEditor[np.ndarray](editor, gate, request, monitor, _itself, raw=raw) for request in requests]
    jobs = list(zip(states, clips, operations, strict=True))
    windows = [(state, window) for state, clip, known in jobs if known is None for window in state.windows(clip)]
    edits: dict[ClipEditor[np.ndarray], list[tuple[Any, list[FrameEdit]]]] = {state: [] for state in states}
    for state, window, made in _edited(editor, windows, monitor):
        edits[state].append((window, made))
    return [
        _finished(state, edits[state], raw) if known is None else _edit_exactly(known, clip, raw)
        for state, clip, known in jobs
    ]


def _edit_exactly(operation: Operation, clip: np.ndarray, raw: bool) -> FramesEdit:
    edited = operation(clip)
    return FramesEdit(edited, np.ones(clip.shape[:3], bool), edited if raw else None, None, ())


def _itself(pixels: np.ndarray) -> np.ndarray:
    return pixels


def _finished(state: ClipEditor[np.ndarray], windows: list[tuple[Any, list[FrameEdit]]], raw: bool) -> FramesEdit:
    preserve, frames, raws = state.request.settings.preserve, [], []
    for (source, _), edits in join(windows):
        frames.append(composited(source, edits, preserve))
        if raw:
            ungated = [(weight, edit.ungated or edit) for weight, edit in edits]
            raws.append(composited(source, ungated, "off").pixels)
    edited, region = np.stack([frame.pixels for frame in frames]), np.stack([frame.region for frame in frames])
    return FramesEdit(edited, region, np.stack(raws) if raw else None, state.seen, state.notes)


def edit_stream(state: ClipEditor[Item], items: Iterable[Item]) -> Iterator[tuple[Item, Edits]]:
    """Yields every item with its edits, in order, holding no more of the stream than a few windows."""
    windows = ((state, window) for window in state.windows(items))
    for (item, _), edits in join((window, edits) for _, window, edits in _edited(state.editor, windows, state.monitor)):
        yield item, edits


def _edited(
    editor: Editor, windows: Iterable[tuple[ClipEditor[Any], Window[Any]]], monitor: Monitor
) -> Iterator[tuple[ClipEditor[Any], Window[Any], list[FrameEdit]]]:
    """The edits of windows, `batch` of them at a time."""
    waiting = iter(windows)
    while batch := list(islice(waiting, editor.batch())):
        monitor.check()
        jobs = [state.prepare(window) for state, window in batch]
        wanted = [job for job in jobs if job.shown is not None]
        made: Iterator[WindowEdit] = iter(())
        if wanted:
            sampling = sampling_of(batch[0][0].request.settings, editor.facts)
            shown = [job.shown for job in wanted if job.shown is not None]
            made = iter(edit_windows(editor, shown, sampling, monitor, [job.everywhere for job in wanted]))
        for (state, window), job in zip(batch, jobs, strict=True):
            yield state, window, state.finish(window, job, next(made) if job.shown is not None else None)


@dataclass(frozen=True)
class _Job:
    """What becomes of a window. source: its frames at the model's size. shown: what the model is given, or None.
    kept: whether the window stays as it is, whatever the model makes of it. box: the part of the frame that is shown,
    one of `boxes`."""

    source: np.ndarray
    shown: ModelWindow | None
    kept: bool
    everywhere: float
    box: Box | None
    boxes: list[Box]


class ClipEditor(Generic[Item]):
    """The state of one edit of one clip.

    pixels_of: item to its pixels, uint8 (H, W, 3). raw: whether windows that stay as they are go through the model all
    the same (`FrameEdit.ungated`).

    reading: of the instruction in the model's language; where it is not understood, all windows stay as they are.
    found: whether the gate has seen what the instruction names in a window so far; until then windows stay as they are.
    From then on all are edited: an object that is hidden for a moment must not fall back to its old look.
    box: the part of the frame that the model was last shown, None for all of it; where it is a part, the gate looks
    again in every window. everywhere: the gate's probability that the edit concerns the whole picture. unfamiliar:
    whether the gate has learned from no such clips; then objects that are named without a color are not believed.
    """

    def __init__(
        self,
        editor: Editor,
        gate: Gate | None,
        request: EditRequest,
        monitor: Monitor,
        pixels_of: Callable[[Item], np.ndarray],
        *,
        raw: bool = False,
    ) -> None:
        self.editor, self.request, self.monitor, self.pixels_of, self.raw = editor, request, monitor, pixels_of, raw
        self.gate = gate if request.settings.gate else None
        self.reading = _read(request, editor.facts)
        self.text = request.instruction if self.reading.text is None else self.reading.text
        self.found, self.everywhere, self.unfamiliar, self.count = self.gate is None, 0.0, False, 0
        self.box: Box | None = None

    @property
    def seen(self) -> bool | None:
        """As `found` of `EditResult`."""
        return None if self.gate is None or self.reading.text is None else self.found

    @property
    def notes(self) -> tuple[str, ...]:
        """As in `EditResult`."""
        name, shapes = self.editor.facts.name, ", ".join(self.reading.shapes)
        if self.reading.text is None:
            return (f"{name} {self.reading.note}",)
        strange = f"the clip looks unlike all that {name} has learned from"
        if self.seen is False and self.unfamiliar and shapes:
            return (f"{strange}: whether it shows this ({shapes}) cannot be told; name its color, give a mask",)
        if self.seen is False:
            return ("nothing in the picture fits the instruction",)
        return (f"{strange}: look closely at what it made of it",) if self.unfamiliar else ()

    def windows(self, items: Iterable[Item]) -> Iterator[Window[tuple[Item, np.ndarray]]]:
        """The windows of a stream; their items come with their pixels at the model's size."""
        facts = self.editor.facts
        return split(((item, self._small(self.pixels_of(item))) for item in items), facts.window_frames, facts.overlap)

    def _small(self, pixels: np.ndarray) -> np.ndarray:
        facts, (height, width) = self.editor.facts, pixels.shape[:2]
        size = model_size(height, width, facts.frame_size, facts.size_multiple)
        return resize(pixels, size)

    def prepare(self, window: Window[tuple[Item, np.ndarray]]) -> _Job:
        """What the model is to be shown of a window; asks the gate, and remembers what it says."""
        facts = self.editor.facts
        length = _length(window.count, facts)
        source = np.stack([small for _, small in window.items[:length]])
        frames = [self.pixels_of(item) for item, _ in window.items[:length]]
        self.count += 1
        squeezed = self.gate is not None and facts.size_multiple is None
        boxes = parts((frames[0].shape[0], frames[0].shape[1]), facts.frame_size) if squeezed else []
        seen = self._look(source, frames, boxes)
        shown = (
            self._window(source if self.box is None else self._smalls(frames, self.box)) if seen or self.raw else None
        )
        return _Job(source, shown, not seen, self.everywhere, self.box, boxes)

    def finish(self, window: Window[Any], job: _Job, made: WindowEdit | None) -> list[FrameEdit]:
        """One edit an item of the window."""
        edits = [] if made is None else _frame_edits(made, job.box)
        if made is not None and not job.kept:
            edits = self._whole(window, job, made) or edits
        if job.kept:
            same = job.source / np.float32(255)
            alphas = np.zeros(same.shape[:3], np.float32)
            ungated = edits or [None] * len(same)
            edits = [
                FrameEdit(edited=frame, rebuilt=frame, alpha=alpha, ungated=other)
                for frame, alpha, other in zip(same, alphas, ungated, strict=True)
            ]
        # Items that fill up the window get the last edit; they are no frames of the clip.
        return edits + [edits[-1]] * (len(window.items) - len(edits))

    def _whole(self, window: Window[Any], job: _Job, made: WindowEdit) -> list[FrameEdit] | None:
        """The edit in the neighbouring part, where it is cut at the border of this one and whole in that one."""
        other = None if job.box is None else neighbour_reached(made.alpha, job.box, job.boxes)
        if other is None:
            return None
        frames = [self.pixels_of(item) for item, _ in window.items[: len(job.source)]]
        sampling = sampling_of(self.request.settings, self.editor.facts)
        shown = [self._window(self._smalls(frames, other))]
        again = edit_windows(self.editor, shown, sampling, self.monitor, [job.everywhere])[0]
        if not again.alpha.any() or neighbour_reached(again.alpha, other, job.boxes) is not None:
            return None
        self.box = other
        return _frame_edits(again, other)

    def _window(self, frames: np.ndarray) -> ModelWindow:
        return ModelWindow(frames=frames, text=self.text, reference=self.request.reference)

    def _smalls(self, frames: list[np.ndarray], part: Box) -> np.ndarray:
        return np.stack([self._small(pixels[part]) for pixels in frames])

    def _look(self, source: np.ndarray, frames: list[np.ndarray], boxes: list[Box]) -> bool:
        """Whether a window is to be edited; sets `box` and `everywhere`. source: (T, h, w, 3) of `frames`."""
        if self.reading.text is None:
            return False
        if self.gate is None or (self.found and self.box is None):
            return True
        some = [frames[k] for k in (0, len(frames) // 2, -1)]
        with self.monitor.time("encode"):
            views = [source, *(self._smalls(some, box) for box in boxes)]
            presence = self.gate.look([self.text] * len(views), views)
        self.unfamiliar = bool(presence.unfamiliar[0])
        if is_seen(presence.absent) and not (self.unfamiliar and self.reading.shapes):
            self.found, self.everywhere = True, float(presence.everywhere[0])
            elsewhere = bool(boxes) and presence.absent[0] > UNSURE
            self.box = boxes[likeliest(presence.absent[1:])] if elsewhere else None
        return self.found


def _read(request: EditRequest, facts: EditorFacts) -> Reading:
    """What the model is given for an instruction: as it stands where the model takes any words or nothing is asked."""
    if facts.vocabulary is None or not request.settings.gate:
        return Reading(request.instruction)
    reading = read_instruction(request.instruction, facts.vocabulary)
    if reading.refers and request.reference is None:
        return Reading(None, "is not given the picture that the instruction speaks of (--reference)")
    return reading


def _frame_edits(made: WindowEdit, box: Box | None) -> list[FrameEdit]:
    frames = zip(made.edited, made.rebuilt, made.alpha, strict=True)
    return [FrameEdit(edited=e, rebuilt=r, alpha=a, box=box) for e, r, a in frames]


def _length(count: int, facts: EditorFacts) -> int:
    """Frames with which a window of so many real ones is shown to the model; a single picture is shown as one."""
    if count == 1:
        return 1
    if facts.pads_short_clips:
        return facts.window_frames
    return min(facts.window_frames, -(-(count - 1) // facts.temporal_stride) * facts.temporal_stride + 1)
