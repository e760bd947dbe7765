"""A stand-in for the model that edits by rule, and a clip for it."""

from types import SimpleNamespace

import numpy as np
from scipy.ndimage import gaussian_filter

from vireo.models.instructor.prompts import MINI


class RulePipe:
    """Has the surface of `VireoPipeline` that the edit uses; "red to blue" and "darker" are its two edits.

    Its VAE loses fine detail: everything goes through a small blur.
    """

    frame_size, window_frames, size_multiple, template, temporal_stride = (96, 96), 9, None, MINI, 4

    def __init__(self):
        self.lengths, self.images, self.last_timings, self.components = [], [], {}, {}
        self.config = SimpleNamespace(steps=4)

    def p_absent(self, prompts, videos):
        """The disc is red, and it is all there is."""
        return np.array([0.9 * ("ball" in p or v[..., 0].max() < 200) for p, v in zip(prompts, videos, strict=True)])

    def reconstruct(self, video):
        values = video / 255.0 if video.dtype == np.uint8 else video
        return gaussian_filter(values, (0, 0.6, 0.6, 0), mode="nearest").astype(np.float32)

    def __call__(
        self,
        prompt,
        video,
        image=None,
        num_inference_steps=None,
        guidance_scale=None,
        generator=None,
        output_type="np",
        callback_on_step_end=None,
    ):
        assert video.shape[1:3] == self.frame_size
        assert len(video) in (1, 9)
        self.lengths.append(len(video))
        self.images.append(image)
        for step in range(num_inference_steps or 4):
            callback_on_step_end(self, step, 1.0, {})
        edited = video / 255.0
        if prompt == "darker":
            edited = 0.4 * edited
        elif prompt == "red to blue":
            red = (edited[..., 0] > 0.6) & (edited[..., 1] < 0.4)
            edited = np.where(red[..., None], edited[..., ::-1], edited)
        elif prompt == "break":
            edited = edited * np.nan
        elif prompt == "stop":
            raise KeyboardInterrupt
        self.last_timings = {"encode": 0.01, "denoise": 0.02, "decode": 0.01}
        return SimpleNamespace(frames=self.reconstruct(edited)[None])


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
