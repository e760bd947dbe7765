"""`VireoPipeline`: one window of video and an instruction in, the edited window out (VIVA 3.1, 3.2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, HunyuanVideoTransformer3DModel
from diffusers.utils import BaseOutput
from diffusers.utils.torch_utils import randn_tensor
from diffusers.video_processor import VideoProcessor
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer, LlavaForConditionalGeneration, ProcessorMixin

from vireo.errors import InputError
from vireo.flow.path import clean_from_velocity, velocity_from_output
from vireo.models import presets, weights
from vireo.models.instructor.presence import p_absent
from vireo.models.instructor.prompts import InstructorTemplate
from vireo.models.instructor.states import encode_instruction
from vireo.models.latents import VideoAutoencoder, decode_latents, encode_latents, strides
from vireo.models.pixels import to_unit
from vireo.models.transformer import editor_input
from vireo.runtime import autocast

Frames = np.ndarray | Tensor | list
"""A clip: uint8 or 0..1 float array (T, H, W, 3), tensor (T, 3, H, W) in 0..1, or a list of PIL images."""


class VireoPipelineOutput(BaseOutput):
    """frames: as diffusers' video pipelines: (B, T, H, W, 3) array in 0..1 for "np", (B, T, 3, H, W) tensor
    for "pt", lists of PIL images for "pil", latents (B, C, k + 1, h, w) for "latent"."""

    frames: np.ndarray | Tensor | list


class VireoPipeline(DiffusionPipeline):
    """Edits a clip by a sentence.

    vae, transformer, scheduler: as in diffusers' HunyuanVideo pipelines; the transformer has twice the
        latent's channels (VIVA Eq. 2). instructor, processor: a frozen LLaVA (VIVA Eq. 1).
    text_encoder, tokenizer: the CLIP text model behind `pooled_projections` at full size; without them
        the mean text state of the instructor takes its place (mini).
    prediction: what the transformer's output means, see flow/path.py.
    template: fields of `InstructorTemplate`.
    frame_size, window_frames: (height, width) and frames that the weights were trained on.
    size_multiple: of the sides, where the weights take any aspect at about that area; None where every clip
        has to be squeezed into `frame_size`.
    steps, guidance: used where a call names none.
    embedded_guidance: for guidance-distilled transformers, fixed beside the true guidance.
    instructor_sees: whether the instructor is shown the first frame and the reference (VIVA's Table 2, without V:
        the instruction alone).
    reference_latents: whether the transformer gets a reference as one more latent frame (VIVA, figure 2).
    """

    model_cpu_offload_seq = "text_encoder->instructor->transformer->vae"
    _optional_components = ["text_encoder", "tokenizer"]  # noqa: RUF012 - diffusers reads it as declared
    _callback_tensor_inputs = ["latents", "clean"]  # noqa: RUF012

    def __init__(
        self,
        vae: VideoAutoencoder,
        transformer: HunyuanVideoTransformer3DModel,
        instructor: LlavaForConditionalGeneration,
        processor: ProcessorMixin,
        scheduler: FlowMatchEulerDiscreteScheduler,
        text_encoder: CLIPTextModel | None = None,
        tokenizer: CLIPTokenizer | None = None,
        prediction: str = "velocity",  # a Prediction; diffusers warns of types that are no classes
        template: dict[str, Any] | None = None,
        frame_size: tuple[int, int] = (96, 96),
        window_frames: int = 9,
        size_multiple: int | None = None,
        steps: int = 50,
        guidance: float = 2.0,
        embedded_guidance: float = 6.0,
        instructor_sees: bool = True,
        reference_latents: bool = True,
    ) -> None:
        super().__init__()
        self.register_modules(
            vae=vae,
            transformer=transformer,
            instructor=instructor,
            processor=processor,
            scheduler=scheduler,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
        )
        self.register_to_config(
            prediction=prediction,
            template=template,
            frame_size=frame_size,
            window_frames=window_frames,
            size_multiple=size_multiple,
            steps=steps,
            guidance=guidance,
            embedded_guidance=embedded_guidance,
            instructor_sees=instructor_sees,
            reference_latents=reference_latents,
        )
        self.template = InstructorTemplate(**(template or {}))
        self.temporal_stride, self.spatial_stride = strides(vae)
        self.video_processor = VideoProcessor(vae_scale_factor=self.spatial_stride, do_resize=False)
        self.last_timings: dict[str, float] = {}
        self._interrupt = False

    @classmethod
    def from_pretrained(cls, name: str | Path, **kwargs: Any) -> VireoPipeline:
        """name: a preset ("mini"), a folder, or a hub id. Weights are loaded as float32 unless told.

        Raises ModelError for an unknown name and for weights that are truncated, foreign or not finite.
        """
        folder = presets.resolve(str(name))
        weights.check_weights(folder)
        kwargs.setdefault("dtype", torch.float32)
        with weights.foreign_weights(folder):
            pipe = super().from_pretrained(folder, **kwargs)
        for part in ("vae", "transformer"):
            weights.check_complete(getattr(pipe, part), folder / part)
        return pipe

    @property
    def frame_size(self) -> tuple[int, int]:
        return tuple(self.config.frame_size)

    @property
    def window_frames(self) -> int:
        return self.config.window_frames

    @property
    def size_multiple(self) -> int | None:
        return self.config.size_multiple

    @property
    def interrupt(self) -> bool:
        """Set to True, from a callback or another thread, to end the denoising after the current step."""
        return self._interrupt

    @interrupt.setter
    def interrupt(self, value: bool) -> None:
        self._interrupt = value

    @torch.no_grad()
    def __call__(
        self,
        prompt: str | list[str],
        video: Frames | list[Frames],
        image: Image.Image | np.ndarray | list | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: Tensor | None = None,
        output_type: str = "np",
        return_dict: bool = True,
        callback_on_step_end: Callable[[VireoPipeline, int, Tensor, dict], dict] | None = None,
        callback_on_step_end_tensor_inputs: tuple[str, ...] = ("latents",),
    ) -> VireoPipelineOutput | tuple:
        """Edits one window, or a batch of windows of the same size.

        prompt: the instruction, or one a clip. video: a clip, or a list of clips; 4k + 1 frames, sides
            multiples of twice the VAE's stride. image: reference image, or one (or None) a clip.
        guidance_scale: classifier-free, on the instruction only: the unconditional branch keeps source
            and images and has an empty instruction. 1 switches it off.
        latents: starting noise instead of a draw from `generator`.
        callback_on_step_end: called as (pipe, step, time, tensors) with the tensors named in
            callback_on_step_end_tensor_inputs, of "latents" and "clean" (the estimate of the result so
            far, for previews: `pipe.decode(clean)`); what it returns replaces "latents".
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        clips = [video] if _is_clip(video) else list(video)
        references = list(image) if isinstance(image, list) else [image] * len(clips)
        if not len(prompts) == len(clips) == len(references):
            raise InputError(
                f"{len(prompts)} prompts, {len(clips)} clips and {len(references)} images", "give one of each a clip"
            )
        steps = self.config.steps if num_inference_steps is None else num_inference_steps
        guidance = self.config.guidance if guidance_scale is None else guidance_scale
        guided = guidance != 1.0
        self._interrupt = False

        began = time.perf_counter()
        pixels = self._pixels(clips)
        first = [np.round(frame * 255).astype(np.uint8) for frame in to_unit(pixels[:, :, :1])[:, 0]]
        pictures = [
            None if r is None else np.asarray(Image.fromarray(r) if isinstance(r, np.ndarray) else r.convert("RGB"))
            for r in references
        ]
        source = encode_latents(self.vae, pixels)
        reference = self._reference_latents(pictures, pixels.shape[-2:])
        if guided:
            condition = self._condition([""] * len(prompts) + prompts, 2 * first, 2 * pictures)
        else:
            condition = self._condition(prompts, first, pictures)
        self.last_timings = {"encode": time.perf_counter() - began}

        began = time.perf_counter()
        z = randn_tensor(source.shape, generator, self._execution_device, torch.float32) if latents is None else latents
        self.scheduler.set_timesteps(sigmas=np.linspace(1, 0, steps + 1)[:-1], device=self._execution_device)
        with self.progress_bar(total=steps) as bar:
            for i, timestep in enumerate(self.scheduler.timesteps):
                t = self.scheduler.sigmas[i].to(z).expand(len(z))
                v = self._velocity(z, t, source, reference, condition, guidance if guided else None)
                clean = clean_from_velocity(z, t, v)
                z = self.scheduler.step(v, timestep, z, return_dict=False)[0]
                bar.update()
                if callback_on_step_end:
                    tensors = {"latents": z, "clean": clean}
                    given = {k: tensors[k] for k in callback_on_step_end_tensor_inputs}
                    z = (callback_on_step_end(self, i, timestep, given) or {}).get("latents", z)
                if self._interrupt:
                    z = clean
                    break
        self.last_timings["denoise"] = time.perf_counter() - began

        began = time.perf_counter()
        frames = (
            z
            if output_type == "latent"
            else self.video_processor.postprocess_video(decode_latents(self.vae, z), output_type)
        )
        self.last_timings["decode"] = time.perf_counter() - began
        self.maybe_free_model_hooks()
        return VireoPipelineOutput(frames=frames) if return_dict else (frames,)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> np.ndarray:
        """Latents to frames (B, T, H, W, 3) in 0..1."""
        return to_unit(decode_latents(self.vae, latents))

    @torch.no_grad()
    def reconstruct(self, video: Frames) -> np.ndarray:
        """A clip through the VAE and back, (T, H, W, 3) in 0..1: what no edit can be better than."""
        return to_unit(decode_latents(self.vae, encode_latents(self.vae, self._pixels([video]))))[0]

    def p_absent(self, prompts: list[str], videos: list[np.ndarray]) -> np.ndarray:
        """How surely each clip lacks what its instruction names, float (B,) in 0..1, as the instructor sees it.

        videos: uint8 (T, H, W, 3) each. The first, the middle and the last frame count alike, so that an object that
        is hidden for a while is not missed. 0 for an instructor that has not learned to tell.
        """
        if not self.template.locates:
            return np.zeros(len(prompts))
        frames = [video[k] for video in videos for k in (0, len(video) // 2, -1)]
        texts = [text for text in prompts for _ in range(3)]
        chances = p_absent(self.instructor, self.processor, frames, texts, self.template)
        return chances.view(-1, 3).mean(1).cpu().numpy()

    def _pixels(self, clips: list[Frames]) -> Tensor:
        clips = [c.astype(np.float32) / 255 if isinstance(c, np.ndarray) and c.dtype == np.uint8 else c for c in clips]
        x = torch.cat([self.video_processor.preprocess_video(clip) for clip in clips])
        multiple = self.spatial_stride * self.transformer.config.patch_size
        if (x.shape[2] - 1) % self.temporal_stride or x.shape[3] % multiple or x.shape[4] % multiple:
            raise InputError(
                f"a window of {x.shape[2]} frames of {x.shape[4]}x{x.shape[3]} pixels does not fit the model",
                f"give {self.temporal_stride}k + 1 frames, sides multiples of {multiple}; or use vireo.edit_video",
            )
        return x.to(self._execution_device, self.vae.dtype)

    def _reference_latents(self, pictures: list[np.ndarray | None], size: tuple[int, int]) -> Tensor | None:
        if not self.config.reference_latents or all(picture is None for picture in pictures):
            return None
        if any(picture is None for picture in pictures):
            raise InputError("some clips of the batch have a reference image and some have none", "edit them apart")
        height, width = size
        resized = [np.asarray(Image.fromarray(p).resize((width, height), Image.Resampling.LANCZOS)) for p in pictures]
        return encode_latents(self.vae, self._pixels([picture[None] for picture in resized]))

    def _condition(
        self, prompts: list[str], first: list[np.ndarray], pictures: list[np.ndarray | None]
    ) -> list[Tensor]:
        seen = (first, pictures) if self.config.instructor_sees else (None, None)
        states = encode_instruction(self.instructor, self.processor, prompts, *seen, self.template)
        pooled = states.pooled
        if self.text_encoder is not None:
            tokens = self.tokenizer(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
            pooled = self.text_encoder(tokens.input_ids.to(self._execution_device)).pooler_output
        return [states.states, states.mask, pooled]

    def _velocity(
        self,
        z: Tensor,
        t: Tensor,
        source: Tensor,
        reference: Tensor | None,
        condition: list[Tensor],
        guidance: float | None,
    ) -> Tensor:
        x = editor_input(z, source, reference)
        times = t
        if guidance is not None:
            x, times = torch.cat([x, x]), torch.cat([t, t])
        embedded = None
        if self.transformer.config.guidance_embeds:
            embedded = torch.full_like(times, 1000 * self.config.embedded_guidance)
        states, mask, pooled = condition
        with autocast(z.device):
            output = self.transformer(x, 1000 * times, states, mask, pooled, guidance=embedded, return_dict=False)[0]
        output = output[:, :, : z.shape[2]].float()
        if guidance is None:
            return velocity_from_output(output, z, t, self.config.prediction, source)
        without, within = (velocity_from_output(o, z, t, self.config.prediction, source) for o in output.chunk(2))
        return without + guidance * (within - without)


def _is_clip(video: Frames | list[Frames]) -> bool:
    return not isinstance(video, list) or isinstance(video[0], Image.Image)
