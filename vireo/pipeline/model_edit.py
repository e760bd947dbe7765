"""The edit of one clip's frames by a model. Imported where one takes part: what it needs takes seconds to load."""

from collections.abc import Iterable, Iterator
from typing import Literal

from vireo.models.editors.protocol import Editor
from vireo.monitor import Monitor
from vireo.pipeline.clip_edit import Masks
from vireo.pipeline.compositing import composited
from vireo.pipeline.stream import ClipEditor, edit_stream, warnings_of
from vireo.types import Composite, EditRequest, Preserve
from vireo.video.io import TimedFrame


class ModelEdit:
    """Implements `ClipEdit`. masked: whether the user says where the edit is; then the gate is not asked."""

    executor: Literal["model"] = "model"
    operation: str | None = None

    def __init__(self, editor: Editor, request: EditRequest, monitor: Monitor, *, masked: bool) -> None:
        gate = None if masked else editor.gate()
        self._preserve: Preserve = request.settings.preserve
        self._monitor = monitor
        self._clip = ClipEditor[TimedFrame](editor, gate, request, monitor, lambda frame: frame.pixels)

    @property
    def read_as(self) -> str | None:
        return self._clip.reading.text

    @property
    def found(self) -> bool | None:
        return self._clip.seen

    @property
    def notes(self) -> tuple[str, ...]:
        return self._clip.notes

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(warnings_of(self._clip.request.settings, self._clip.editor.facts))

    def frames(self, frames: Iterable[TimedFrame], masks: Masks) -> Iterator[tuple[TimedFrame, Composite]]:
        for (frame, edits), mask in zip(edit_stream(self._clip, frames), masks, strict=False):
            with self._monitor.time("composite"):
                made = composited(frame.pixels, edits, self._preserve, mask)
            yield frame, made

    def weights(self) -> str:
        return self._clip.editor.digest()
