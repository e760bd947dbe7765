"""The one stand-in for a model: edits by rule, behind the protocol of editors; and a clip for it."""

import numpy as np
from scipy.ndimage import gaussian_filter

from vireo.models.editors.protocol import EditorFacts, Reconstruction
from vireo.models.instructor.presence import Presence
from vireo.pipeline.stream import edit_frames
from vireo.types import EditRequest, EditSettings

FACTS = EditorFacts(
    name="rule",
    frame_size=(96, 96),
    size_multiple=None,
    window_frames=9,
    temporal_stride=4,
    pads_short_clips=True,
    overlap=2,
    takes_reference=True,
    steps=4,
    guidance=1.0,
    slow_motion=True,
)


class RuleEditor:
    """Implements `Editor`, and is its own gate; "red to blue" and "darker" are its two edits.

    Its autoencoder loses fine detail: everything goes through a small blur. lengths, references: of the windows that it
    was given.
    """

    facts = FACTS

    def __init__(self):
        self.lengths, self.references = [], []

    def look(self, instructions, clips):
        """The disc is red, and it is all there is."""
        absent = [
            0.9 * ("ball" in text or clip[..., 0].max() < 200) for text, clip in zip(instructions, clips, strict=True)
        ]
        everywhere = np.array([float(text == "darker") for text in instructions])
        return Presence(np.array(absent), everywhere, np.array([clip.mean() > 250 for clip in clips]))

    def gate(self):
        return self

    def batch(self):
        return 1

    def to(self, device):
        pass

    def digest(self):
        return "0" * 64

    def blurred(self, frames):
        values = frames / 255.0 if frames.dtype == np.uint8 else frames
        return gaussian_filter(values, (0, 0.6, 0.6, 0), mode="nearest").astype(np.float32)

    def reconstruct(self, frames):
        return Reconstruction(self.blurred(frames), None)

    def edit(self, windows, sampling, monitor):
        return [self.edit_one(window, sampling, monitor) for window in windows]

    def edit_one(self, window, sampling, monitor):
        assert window.frames.shape[1:3] == self.facts.frame_size
        self.lengths.append(len(window.frames))
        self.references.append(window.reference)
        with monitor.time("denoise"):
            for step in range(sampling.steps):
                monitor.step(step)
        edited = window.frames / 255.0
        if window.text == "darker":
            edited = 0.4 * edited
        elif window.text == "red to blue":
            red = (edited[..., 0] > 0.6) & (edited[..., 1] < 0.4)
            edited = np.where(red[..., None], edited[..., ::-1], edited)
        elif window.text == "break":
            edited = edited * np.nan
        elif window.text == "stop":
            raise KeyboardInterrupt
        return self.blurred(edited)


def edit(editor, frames, instruction, reference=None, raw=True, **settings):
    """`edit_frames`; settings: of `EditSettings`."""
    request = EditRequest(instruction=instruction, reference=reference, settings=EditSettings(**settings))
    return edit_frames(editor, frames, request, raw=raw)


def scene(count, height=96, width=96):
    """A red disc that moves over a textured wall, uint8; and where it is."""
    wall = gaussian_filter(np.random.default_rng(0).normal(size=(height, width, 1)), (1, 1, 0)) * 25
    y, x = np.mgrid[:height, :width]
    frames, discs = [], []
    for t in range(count):
        disc = np.hypot((y - height / 2) / height, (x - width * (0.3 + 0.3 * t / count)) / width) < 0.12
        frames.append(np.where(disc[..., None], [230, 20, 25], np.clip(np.array([110, 130, 120]) + wall, 0, 255)))
        discs.append(disc)
    return np.stack(frames).astype(np.uint8), np.stack(discs)
