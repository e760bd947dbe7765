"""Any video-to-video pipeline of diffusers as an editor."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.video_processor import VideoProcessor
from PIL import Image

from vireo.models.editors.protocol import EditorFacts, PipelineEditor, Reconstruction, Sampling, Window, declared_facts
from vireo.models.weights import check_weights, foreign_weights
from vireo.monitor import Monitor


class DiffusersEditor(PipelineEditor):
    """Implements `models.editors.protocol.Editor` by calling a pipeline whose arguments are `prompt` and `video`.

    options: further arguments of its call (strength, negative_prompt ...). A family whose call takes other arguments
    overrides `arguments`.

    Frames are handed over as PIL images: diffusers takes uint8 arrays for floats in 0..1. Arguments that a pipeline
    does not know are left out.
    """

    def __init__(self, pipe: DiffusionPipeline, facts: EditorFacts, **options: Any) -> None:
        super().__init__(pipe, facts)
        self.options = options
        self.pipe.set_progress_bar_config(disable=True)
        self._known = frozenset(inspect.signature(type(pipe).__call__).parameters)

    @classmethod
    def from_pretrained(
        cls, kind: type[DiffusionPipeline], folder: Path, facts: EditorFacts, dtype: torch.dtype, **options: Any
    ) -> Self:
        """Loads the pipeline class `kind` from a folder; a file editor.json there may override single facts.

        dtype: torch.float32 for full precision; else weights have the precision that the facts declare.
        Raises ModelError for damaged weights, and for those of another class.
        """
        facts = declared_facts(facts, folder)
        check_weights(folder)
        with foreign_weights(folder):
            weights = dtype if dtype == torch.float32 else getattr(torch, facts.weights)
            return cls(kind.from_pretrained(folder, torch_dtype=weights), facts, **options)

    def batch(self) -> int:
        return 1

    def arguments(self, window: Window, sampling: Sampling) -> dict[str, Any]:
        """What the pipeline is called with for one window."""
        frames = [Image.fromarray(frame) for frame in window.frames]
        height, width = window.frames.shape[1:3]
        given = {
            "prompt": window.text,
            "video": frames,
            "height": height,
            "width": width,
            "num_frames": len(frames),
            "num_inference_steps": sampling.steps,
            "guidance_scale": sampling.guidance,
            "generator": torch.Generator().manual_seed(sampling.seed),
            **self.options,
        }
        return {name: value for name, value in given.items() if name in self._known}

    @torch.no_grad()
    def edit(self, windows: Sequence[Window], sampling: Sampling, monitor: Monitor) -> list[np.ndarray]:
        def on_step(pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            monitor.step(step)
            return tensors

        edited = []
        for window in windows:
            with monitor.time("denoise"):  # diffusers does not tell its stages apart
                watched = {"callback_on_step_end": on_step} if "callback_on_step_end" in self._known else {}
                result = self.pipe(**self.arguments(window, sampling), **watched, output_type="np")
            edited.append(np.asarray(result.frames[0], np.float32))
        return edited

    @torch.no_grad()
    def reconstruct(self, frames: np.ndarray) -> Reconstruction | None:
        vae = getattr(self.pipe, "vae", None)
        if vae is None:
            return None
        processor = VideoProcessor(do_resize=False)
        pixels = processor.preprocess_video([Image.fromarray(frame) for frame in frames]).to(vae.device, vae.dtype)
        latent = vae.encode(pixels).latent_dist.mode()
        rebuilt = processor.postprocess_video(vae.decode(latent).sample.float(), output_type="np")[0]
        return Reconstruction(np.asarray(rebuilt, np.float32), latent)

    def gate(self) -> None:
        """None of these models comes with one."""
