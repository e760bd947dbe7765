"""`VireoPipeline` behind the protocol of editors."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch

from vireo.flow.sample import sample
from vireo.models.editors.protocol import PipelineEditor, Reconstruction, Sampling, Window
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.presence import PresenceGate
from vireo.monitor import Monitor


class VivaEditor(PipelineEditor):
    """Implements `models.editors.protocol.Editor`."""

    pipe: VireoPipeline

    def __init__(self, pipe: VireoPipeline) -> None:
        super().__init__(pipe, pipe.facts)

    def batch(self) -> int:
        return 1 if self.pipe.device.type == "cpu" else self.facts.batch

    @torch.no_grad()
    def edit(self, windows: Sequence[Window], sampling: Sampling, monitor: Monitor) -> list[np.ndarray]:
        size = self.batch()
        edited: dict[int, np.ndarray] = {}
        for group in _alike(windows):
            for start in range(0, len(group), size):
                places = group[start : start + size]
                frames = self._edit([windows[place] for place in places], sampling, monitor)
                edited.update(zip(places, frames, strict=True))
        return [edited[place] for place in range(len(windows))]

    def _edit(self, windows: list[Window], sampling: Sampling, monitor: Monitor) -> np.ndarray:
        pipe = self.pipe
        with monitor.time("encode"):
            clips = [window.frames for window in windows]
            source = torch.cat([self._latent(window) for window in windows])
            texts, references = [w.text for w in windows], [w.reference for w in windows]
            velocity = pipe.velocity(texts, clips, references, source, sampling.guidance)
        # The same noise for every window: what differs between results is the source alone.
        noise = torch.randn(source.shape[1:], generator=torch.Generator().manual_seed(sampling.seed))
        noise = noise.to(source.device).expand(source.shape)
        with monitor.time("denoise"):
            latents = sample(velocity, noise, pipe.times(sampling.steps), lambda step: monitor.step(step.index))
        with monitor.time("decode"):
            return pipe.decode(latents)

    def _latent(self, window: Window) -> torch.Tensor:
        if window.reconstruction is not None:
            return window.reconstruction.latent
        return self.pipe.encode(self.pipe.pixels([window.frames])).float()

    @torch.no_grad()
    def reconstruct(self, frames: np.ndarray) -> Reconstruction:
        latent = self.pipe.encode(self.pipe.pixels([frames]))
        return Reconstruction(self.pipe.decode(latent)[0], latent.float())

    def gate(self) -> PresenceGate | None:
        """The check by the pipeline's own instructor; None where that has not learned to locate edits."""
        instructor = self.pipe.templated_instructor
        if not instructor.template.locates:
            return None
        return PresenceGate(instructor, self.facts.vocabulary, self.pipe.familiarity)


def _alike(windows: Sequence[Window]) -> list[list[int]]:
    """Places of windows that can be computed together: of one shape, all with a reference or all without."""

    def kind(place: int) -> tuple[tuple[int, ...], bool]:
        return windows[place].frames.shape, windows[place].reference is not None

    return [list(group) for _, group in itertools.groupby(sorted(range(len(windows)), key=kind), kind)]
