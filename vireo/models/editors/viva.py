"""`VireoPipeline`: one window of video and an instruction in, the edited window out (VIVA 3.1, 3.2)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from diffusers.loaders.lora_pipeline import HunyuanVideoLoraLoaderMixin
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from diffusers.pipelines.hunyuan_video.pipeline_output import HunyuanVideoPipelineOutput
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.utils.torch_utils import randn_tensor
from diffusers.video_processor import VideoProcessor
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer, LlavaForConditionalGeneration, ProcessorMixin

from vireo.errors import InputError, ModelError
from vireo.flow.path import Prediction, sampling_times, velocity_from_output
from vireo.flow.sample import Step, Velocity, guided, sample
from vireo.models import presets, weights
from vireo.models.editors.protocol import EditorFacts
from vireo.models.instructor.familiarity import Familiarity
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.prompts import InstructorTemplate
from vireo.models.instructor.states import Conditioning, encode_instruction
from vireo.models.latents import VideoAutoencoder, decode_latents, encode_latents, strides, to_unit
from vireo.models.transformer import editor_input
from vireo.runtime import autocast

Frames = np.ndarray | Tensor | list
"""A clip: uint8 or 0..1 float array (T, H, W, 3), tensor (T, 3, H, W) in 0..1, or a list of PIL images."""


@dataclass(frozen=True, kw_only=True)
class VivaConfig:
    """How the parts of a `VireoPipeline` are wired; saved with its weights.

    template: the chat format of the instructor. prediction: what the transformer's output means, see flow/path.py.
    embedded_guidance: of guidance-distilled transformers, fixed beside the true guidance; None for others.
    instructor_sees: whether the instructor's prompt holds the first frame and the reference (VIVA's Table 2 has a row
        without them).
    reference_latents: whether the transformer gets a reference as one more latent frame (VIVA, figure 2).
    """

    template: InstructorTemplate
    prediction: Prediction = "velocity"
    embedded_guidance: float | None = None
    instructor_sees: bool = True
    reference_latents: bool = True


class VireoPipeline(DiffusionPipeline, HunyuanVideoLoraLoaderMixin):
    """Edits a clip by a sentence. Holds no state of a call, so that several threads may share one.

    vae, transformer, scheduler: as in diffusers' HunyuanVideo pipelines; the transformer has twice the latent's
        channels (VIVA Eq. 2). Of the scheduler only the shift of its times is used.
    instructor, processor: a frozen LLaVA (VIVA Eq. 1).
    text_encoder, tokenizer: the CLIP text model behind `pooled_projections` at full size; without them the mean text
        state of the instructor takes its place (mini).
    familiarity: which clips look like those that the instructor has learned from; without it all do.
    LoRA files (`vireo.training.lora`) are loaded by `load_lora_weights`, as in diffusers' HunyuanVideo pipelines.
    facts: fields of `EditorFacts`. wiring: fields of `VivaConfig`.
    products: precision of the transformer's matrix products; set it to torch.float32 for full precision.
    """

    model_cpu_offload_seq = "text_encoder->instructor->transformer->vae"
    _optional_components = ["text_encoder", "tokenizer", "familiarity"]  # noqa: RUF012 - diffusers reads it as declared
    _callback_tensor_inputs = ["latents", "clean"]  # noqa: RUF012

    def __init__(  # noqa: PLR0913 - diffusers wants a parameter a component
        self,
        vae: VideoAutoencoder,
        transformer: HunyuanVideoTransformer3DModel,
        instructor: LlavaForConditionalGeneration,
        processor: ProcessorMixin,
        scheduler: FlowMatchEulerDiscreteScheduler,
        text_encoder: CLIPTextModel | None = None,
        tokenizer: CLIPTokenizer | None = None,
        familiarity: Familiarity | None = None,
        *,
        facts: dict[str, Any] | None = None,
        wiring: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if facts is None or wiring is None:  # diffusers takes what has no default for a component
            raise ModelError("the pipeline's facts or wiring are missing", "its weights are of an older layout")
        self.register_modules(
            vae=vae,
            transformer=transformer,
            instructor=instructor,
            processor=processor,
            scheduler=scheduler,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            familiarity=familiarity,
        )
        self.facts = EditorFacts.model_validate(facts)
        self.wiring = VivaConfig(**{**wiring, "template": InstructorTemplate(**wiring["template"])})
        self.register_to_config(facts=self.facts.model_dump(mode="json"), wiring=asdict(self.wiring))
        self.products = torch.bfloat16
        self.temporal_stride, self.spatial_stride = strides(vae)
        self.video_processor = VideoProcessor(vae_scale_factor=self.spatial_stride, do_resize=False)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any) -> Self:
        """pretrained_model_name_or_path: a preset ("mini"), a folder, or a hub id.

        Weights have the precision that their facts declare. Raises ModelError for an unknown name and for weights that
        are truncated or foreign.
        """
        folder = presets.resolve(str(pretrained_model_name_or_path))
        weights.check_weights(folder)
        with weights.foreign_weights(folder):
            config: Any = cls.load_config(folder)  # a dict unless more is asked for
            declared = config.get("facts") or {}
            kwargs.setdefault("dtype", getattr(torch, declared.get("weights", "float32")))
            pipe = super().from_pretrained(folder, **kwargs)
        for part in ("vae", "transformer"):
            weights.check_complete(getattr(pipe, part), folder / part)
        return pipe

    @torch.no_grad()
    def __call__(  # noqa: PLR0913 - the arguments of diffusers' video pipelines
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
    ) -> HunyuanVideoPipelineOutput | tuple:
        """Edits one window, or a batch of windows of the same size.

        prompt: the instruction, or one a clip. video: a clip, or a list of clips; 4k + 1 frames, sides multiples of
            twice the VAE's stride. image: reference image, or one (or None) a clip.
        guidance_scale: classifier-free, on the instruction only: the unconditional branch keeps source and images and
            has an empty instruction. 1 switches it off.
        latents: starting noise instead of a draw from `generator`.
        callback_on_step_end: called as (pipe, step, time, tensors) with the tensors that are named beside it, of
            "latents" and "clean" (the estimate of the result so far, for previews: `pipe.decode(clean)`); what it
            returns replaces "latents". To stop early it raises.

        Returns `frames` as diffusers' video pipelines do: an array (B, T, H, W, 3) in 0..1 for "np", a tensor
        (B, T, 3, H, W) for "pt", lists of PIL images for "pil", latents (B, C, k + 1, h, w) for "latent".
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        clips = [video] if _is_clip(video) else list(video)
        references = list(image) if isinstance(image, list) else [image] * len(clips)
        if not len(prompts) == len(clips) == len(references):
            what = f"{len(prompts)} prompts, {len(clips)} clips and {len(references)} images"
            raise InputError(what, "give one of each a clip")
        steps = self.facts.steps if num_inference_steps is None else num_inference_steps
        guidance = self.facts.guidance if guidance_scale is None else guidance_scale
        source = self.encode(self.pixels(clips))
        pictures = [None if reference is None else _picture(reference) for reference in references]
        velocity = self.velocity(prompts, clips, pictures, source, guidance)
        if latents is None:
            latents = randn_tensor(tuple(source.shape), generator, self._execution_device, torch.float32)
        progress_bar: Any = self.progress_bar  # an iterable, or a total alone
        with progress_bar(total=steps) as bar:

            def on_step(step: Step) -> Tensor | None:
                bar.update()
                if callback_on_step_end is None:
                    return None
                tensors = {"latents": step.z, "clean": step.clean}
                given = {name: tensors[name] for name in callback_on_step_end_tensor_inputs}
                return (callback_on_step_end(self, step.index, 1000 * step.time, given) or {}).get("latents")

            frames: Any = sample(velocity, latents, self.times(steps), on_step)
        if output_type != "latent":
            frames = self.video_processor.postprocess_video(self.decode_pixels(frames), output_type)
        self.maybe_free_model_hooks()
        return HunyuanVideoPipelineOutput(frames=frames) if return_dict else (frames,)

    @property
    def templated_instructor(self) -> Instructor:
        return Instructor(self.instructor, self.processor, self.wiring.template)

    # The parts of a call; each takes and gives tensors of a batch.

    def pixels(self, clips: Sequence[Frames]) -> Tensor:
        """Clips of one size as (B, 3, 4k + 1, H, W) in -1..1; raises InputError for a size that does not fit."""
        clips = [c.astype(np.float32) / 255 if isinstance(c, np.ndarray) and c.dtype == np.uint8 else c for c in clips]
        x = torch.cat([self.video_processor.preprocess_video(clip) for clip in clips])
        multiple = self.spatial_stride * self.transformer.config["patch_size"]
        if (x.shape[2] - 1) % self.temporal_stride or x.shape[3] % multiple or x.shape[4] % multiple:
            raise InputError(
                f"a window of {x.shape[2]} frames of {x.shape[4]}x{x.shape[3]} pixels does not fit the model",
                f"give {self.temporal_stride}k + 1 frames, sides multiples of {multiple}; or use vireo.edit_video",
            )
        return x.to(self._execution_device, self.vae.dtype)

    def encode(self, pixels: Tensor) -> Tensor:
        """(B, 3, 4k + 1, H, W) in -1..1 to latents (B, C, k + 1, h, w)."""
        return encode_latents(self.vae, pixels)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> np.ndarray:
        """Latents to frames, float32 (B, T, H, W, 3) in 0..1."""
        return to_unit(self.decode_pixels(latents))

    def decode_pixels(self, latents: Tensor) -> Tensor:
        """Latents to (B, 3, T, H, W), about -1..1; differentiable."""
        return decode_latents(self.vae, latents.to(self.vae.dtype))

    def times(self, steps: int) -> Tensor:
        """(steps + 1,) times of the sampling, from 1 to 0."""
        return sampling_times(steps, self.scheduler.config["shift"]).to(self._execution_device)

    def velocity(
        self,
        texts: Sequence[str],
        clips: Sequence[Frames],
        references: Sequence[np.ndarray | None],
        source: Tensor,
        guidance: float,
    ) -> Velocity:
        """The velocity field that edits clips as texts say; see `flow.sample`.

        references: uint8 (H, W, 3) each, for all clips of the batch or none. source: latents of the clips.
        """
        reference = self._reference_latents(references, (source.shape[-2], source.shape[-1]))
        prompts = list(texts) if guidance == 1.0 else [*[""] * len(texts), *texts]
        branches = len(prompts) // max(1, len(texts))
        condition = self.condition(prompts, list(clips) * branches, list(references) * branches)
        return self.conditioned_velocity(source, condition, guidance, reference)

    def condition(
        self, texts: Sequence[str], clips: Sequence[Frames], references: Sequence[np.ndarray | None]
    ) -> Conditioning:
        """What the transformer attends to: the instructor's states, one row a text, its clip and its reference."""
        images = ([_picture(clip[0]) for clip in clips], references) if self.wiring.instructor_sees else (None, None)
        encoded = encode_instruction(self.templated_instructor, texts, *images)
        if self.text_encoder is None:
            return encoded
        tokens = self.tokenizer(list(texts), padding="max_length", max_length=77, truncation=True, return_tensors="pt")
        pooled = self.text_encoder(tokens.input_ids.to(self._execution_device)).pooler_output
        return Conditioning(encoded.states, encoded.mask, pooled)

    def conditioned_velocity(
        self, source: Tensor, condition: Conditioning, guidance: float = 1.0, reference: Tensor | None = None
    ) -> Velocity:
        """The velocity field for sources (B, C, k + 1, h, w) under what `condition` gave; gradients reach the
        transformer.

        condition: of B rows; with guidance other than 1 of 2 B, those of the empty instruction first.
        reference: latents (B, C, 1, h, w) or None.
        """
        branches, prediction = 1 if guidance == 1.0 else 2, self.wiring.prediction

        def field(z: Tensor, t: Tensor) -> Tensor:
            x = torch.cat([editor_input(z, source, reference)] * branches)
            output = self._transform(x, torch.cat([t] * branches), condition)[:, :, : z.shape[2]].float()
            parts = [velocity_from_output(part, z, t, prediction, source) for part in output.chunk(branches)]
            return parts[0] if branches == 1 else guided(parts[1], parts[0], guidance)

        return field

    def _transform(self, x: Tensor, times: Tensor, condition: Conditioning) -> Tensor:
        embedded = None
        if self.transformer.config["guidance_embeds"]:
            assert self.wiring.embedded_guidance is not None, "a guidance-distilled transformer needs its guidance"
            embedded = torch.full_like(times, 1000 * self.wiring.embedded_guidance)
        given = (1000 * times, condition.states, condition.mask, condition.pooled)
        with autocast(x.device, self.products):
            return self.transformer(x, *given, guidance=embedded, return_dict=False)[0]

    def _reference_latents(self, pictures: Sequence[np.ndarray | None], size: tuple[int, int]) -> Tensor | None:
        """Latents (B, C, 1, h, w) of the reference pictures; size: (h, w) of the clips' latents."""
        given = [picture for picture in pictures if picture is not None]
        if not self.wiring.reference_latents or not given:
            return None
        if len(given) < len(pictures):
            raise InputError("some clips of the batch have a reference image and some have none", "edit them apart")
        wide, high = self.spatial_stride * size[1], self.spatial_stride * size[0]
        resized = [np.asarray(Image.fromarray(p).resize((wide, high), Image.Resampling.LANCZOS)) for p in given]
        return self.encode(self.pixels([picture[None] for picture in resized]))


def _is_clip(video: Frames | list[Frames]) -> bool:
    return not isinstance(video, list) or isinstance(video[0], Image.Image)


def _picture(image: Image.Image | np.ndarray | Tensor) -> np.ndarray:
    """uint8 (H, W, 3) of a picture: also of floats in 0..1, and of a tensor (3, H, W)."""
    if isinstance(image, Tensor):
        image = image.permute(1, 2, 0).float().cpu().numpy()
    if isinstance(image, np.ndarray):
        levels = image if image.dtype == np.uint8 else np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
        image = Image.fromarray(levels)
    return np.asarray(image.convert("RGB"))
