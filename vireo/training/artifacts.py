"""What the stages of mini stand on: caches and finished models, each made once, when first asked for."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from transformers import LlavaForConditionalGeneration, LlavaProcessor, PreTrainedTokenizerFast

from vireo.code_digest import code_digest
from vireo.errors import InputError
from vireo.instruction_tuning.batches import BatchSampler
from vireo.instruction_tuning.corpus import Corpus, CorpusTexts
from vireo.instruction_tuning.pictures import PictureSet, cache_instances
from vireo.models.editors.mini import MINI_TEMPLATE, PATCH_SIZE
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.familiarity import Familiarity
from vireo.models.instructor.instructor import Instructor
from vireo.models.latents import encode_latents, strides, to_pixels
from vireo.models.tokenizer import train_tokenizer
from vireo.models.vae import BlockTransformVAE
from vireo.models.weights import Bundle
from vireo.pairs.augment import translated
from vireo.pairs.conditioning_cache import ConditioningCache, Prompt, cache_conditioning
from vireo.pairs.frame_cache import FrameCache
from vireo.pairs.latent_cache import NO_SHIFT, LatentCache, Shift, cache_latents, cache_masks
from vireo.pairs.mixture import PHRASES
from vireo.training.export import save_model
from vireo.training.pair_sets import DataConfig, PairSets, Part, ProgressFor
from vireo.training.stages.editor import EditorData
from vireo.types import EditPair, PairFiles
from vireo.world.families import MOVABLE_FAMILIES


class Artifacts:
    """Caches and models of one workdir.

    question_clips: most clips of which all questions are made.
    init_from: preset or folder of a pipeline whose tokenizer, template and patch size the instructor takes over.
    dtype: precision of the products of the models that fill caches.
    """

    def __init__(
        self,
        workdir: Path,
        data: DataConfig,
        question_clips: int,
        device: torch.device,
        progress_for: ProgressFor,
        init_from: str | None = None,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        self.workdir, self.question_clips, self.device, self.dtype = workdir, question_clips, device, dtype
        self.progress_for = progress_for
        self.pair_sets = PairSets(workdir, data, progress_for)
        self.initial = VireoPipeline.from_pretrained(init_from) if init_from else None
        self.template = replace(self.initial.wiring.template, highlights=True) if self.initial else MINI_TEMPLATE

    def finished(self, stage: str) -> bool:
        return (self.workdir / stage / "model").exists()

    def adopt(self, pipe: VireoPipeline) -> None:
        """Takes a pipeline's autoencoder, instructor and template for those of this workdir.

        Raises InputError where others have been trained there.
        """
        models = {"vae": pipe.vae, "vlm": Bundle(pipe.instructor, pipe.processor)}
        for stage, model in models.items():
            if not self.finished(stage):
                save_model(self.workdir / stage / "model", model)
        if not (_same_weights(self.vae_model, pipe.vae) and _same_weights(self.instructor, pipe.instructor)):
            raise InputError(f"{self.workdir} holds another autoencoder or instructor", "choose another --workdir")
        if pipe.familiarity is not None:
            save_model(self.workdir / "vlm" / "familiarity", pipe.familiarity)
        self.template = pipe.wiring.template

    def model(self, stage: str) -> Path:
        """Folder of a stage's finished model. Raises InputError where there is none yet."""
        if not self.finished(stage):
            raise InputError(
                f"stage {stage} is not finished in {self.workdir}",
                f"run first: vireo train {stage} --workdir {self.workdir}",
            )
        return self.workdir / stage / "model"

    # For the CLIP-class model and the instructor.

    @cached_property
    def pictures(self) -> PictureSet:
        pairs, frames = self.pair_sets.picture_pairs
        return self._pictures(self.pair_sets.cache("pictures", settings=self.pair_sets.data).name, pairs, frames)

    @cached_property
    def validation_pictures(self) -> PictureSet:
        pairs = self.pair_sets.validation
        return self._pictures("validation", pairs, self.pair_sets.frames_of("validation", pairs))

    def _pictures(self, name: str, pairs: list[EditPair], frames: Mapping[str, np.ndarray]) -> PictureSet:
        folder = self.workdir / "cache" / f"{name}-instances"
        masks = cache_instances(self.pair_sets.folder, pairs, folder, self.progress_for("instances"))
        return PictureSet(pairs, frames, masks)

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        if self.initial:
            return self.initial.processor.tokenizer
        folder = self.pair_sets.cache("tokenizer", settings=(self.pair_sets.data, self.question_clips))
        if not folder.exists():
            pairs = self.pair_sets.picture_pairs[0]
            texts = CorpusTexts(pairs, self.pictures, self.question_clips, self.progress_for("words"))
            captions = (f" {picture.caption}" for picture in self.pictures.pictures)
            save_model(folder, train_tokenizer([*texts.every(), *captions]))
        return PreTrainedTokenizerFast.from_pretrained(folder)

    @property
    def patch_size(self) -> int:
        """Of the instructor's vision tower."""
        return self.initial.instructor.config.vision_config.patch_size if self.initial else PATCH_SIZE

    @cached_property
    def sampler(self) -> BatchSampler:
        """What the instructor learns from."""
        return self._sampler("training", self.pair_sets.picture_pairs[0], self.pictures)

    @cached_property
    def validation_sampler(self) -> BatchSampler:
        return self._sampler("validation", self.pair_sets.validation, self.validation_pictures)

    def _sampler(self, name: str, pairs: list[EditPair], pictures: PictureSet) -> BatchSampler:
        vocabulary = hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
        code = code_digest("vireo.instruction_tuning.corpus")
        settings = (self.pair_sets.data, vocabulary, self.question_clips, code)
        folder = self.pair_sets.cache(f"{name}-corpus", settings=settings)
        if not (folder / "reference_pairs.npy").exists():
            texts = CorpusTexts(pairs, pictures, self.question_clips, self.progress_for("corpus"))
            Corpus.make(texts, self.tokenizer, self.template, folder)
        corpus, pairs_dir = Corpus(folder), self.pair_sets.folder
        return BatchSampler(pairs_dir, pairs, pictures, corpus, self.tokenizer, self.template, self.patch_size)

    # For the transformer.

    @cached_property
    def vae_model(self) -> BlockTransformVAE:
        model = BlockTransformVAE.from_pretrained(self.model("vae"))
        nn.Module.to(model, self.device)  # diffusers' own `to` is typed wrongly
        return model.eval()

    @cached_property
    def latents(self) -> LatentCache:
        """Of `PairSets.pairs`."""
        return self._latents("", (), self.pair_sets.frames)

    def _latents(self, prefix: str, identity: object, frames: FrameCache, shift: Shift = NO_SHIFT) -> LatentCache:
        folder = self.pair_sets.cache(f"{prefix}latents", self.model("vae"), (identity, shift, self.dtype))
        return cache_latents(self.vae_model, frames, folder, self.progress_for("encoding"), shift, self.dtype)

    @cached_property
    def instructor(self) -> LlavaForConditionalGeneration:
        model = LlavaForConditionalGeneration.from_pretrained(self.model("vlm"), dtype=torch.float32)
        nn.Module.to(model, self.device)  # transformers' own `to` is typed wrongly
        return model.eval().requires_grad_(False)

    @cached_property
    def processor(self) -> LlavaProcessor:
        return LlavaProcessor.from_pretrained(self.model("vlm"))

    @cached_property
    def familiarity(self) -> Familiarity | None:
        """Of the instructor; None where it came without one."""
        folder = self.workdir / "vlm" / "familiarity"
        return Familiarity.from_pretrained(folder) if folder.exists() else None

    def _conditioning(self, folder: Path, prompts: Iterator[Prompt], count: int) -> ConditioningCache:
        instructor = Instructor(self.instructor, self.processor, self.template)
        on_progress = self.progress_for("instructor states")
        return cache_conditioning(instructor, prompts, count, folder, on_progress, self.dtype)

    def captions(self) -> ConditioningCache:
        """Of the clips of `latents`, in the same order, and of the empty caption."""
        captions = {}
        for pair in self.pair_sets.pairs:
            captions[pair.source], captions[pair.target] = pair.source_caption, pair.target_caption
            captions |= {other.target: other.target_caption for other in pair.alternatives}
        texts = [captions[path] for path in self.pair_sets.frames.index]
        folder = self.pair_sets.cache("captions", self.model("vlm"), (self.template, self.dtype))
        return self._conditioning(folder, (Prompt(text) for text in [*texts, ""]), len(texts) + 1)

    def studio_edits(self, with_images: bool = True, shifts: Sequence[Shift] = ()) -> Iterator[EditorData]:
        """The pairs of all numbered parts as one set, if there are any, then the edit parts and the imported ones;
        then, for each of `shifts`, the pairs whose result is known to move with the scene, translated by it.

        with_images: whether the instructor sees the first frame and the reference; in all but the first set it
        always does.
        """
        sets = self.pair_sets
        parts = [*sets.edit_parts(), *sets.imported_parts()]
        for shift in (NO_SHIFT, *shifts):
            if sets.pairs:
                yield self._edits("", (), sets.pairs, sets.frames, with_images, shift)
            yield from (self._part(part, shift) for part in parts if shift == NO_SHIFT or part.movable)

    def footage_edits(self) -> EditorData | None:
        return self._part(self.pair_sets.footage) if self.pair_sets.data.footage else None

    def _part(self, part: Part, shift: Shift = NO_SHIFT) -> EditorData:
        pairs = self.pair_sets.read(part)
        return self._edits(f"{part.name}-", part.identity, pairs, self.pair_sets.part_frames(part, pairs), shift=shift)

    def _edits(
        self,
        prefix: str,
        identity: object,
        pairs: list[PairFiles],
        frames: FrameCache,
        with_images: bool = True,
        shift: Shift = NO_SHIFT,
    ) -> EditorData:
        """prefix, identity: of the names of caches, and what tells these pairs from others."""
        folder = self.pair_sets.folder
        if shift != NO_SHIFT:
            pairs = [pair for pair in pairs if pair.family in MOVABLE_FAMILIES]
        references = {
            row: np.asarray(Image.open(folder / pair.reference).convert("RGB"))
            for row, pair in enumerate(pairs)
            if pair.reference
        }
        reference_rows = np.full(len(pairs), -1)
        reference_rows[list(references)] = np.arange(len(references))

        def prompts() -> Iterator[Prompt]:
            for row, pair in enumerate(pairs):
                frame = translated(frames[pair.source][0], *shift) if with_images else None
                reference = references.get(row) if with_images else None
                # One paraphrase a pair, another for each pair, so that all templates occur.
                phrases = [pair.instruction, pair.paraphrases[row % len(pair.paraphrases)], ""]
                yield from (Prompt(text, frame, reference) for text in phrases)

        settings = (identity, shift, self.template, with_images, self.dtype)
        conditioning = self.pair_sets.cache(f"{prefix}instructions", self.model("vlm"), settings)
        masks = self.pair_sets.cache(f"{prefix}masks", settings=(identity, shift, strides(self.vae_model)))
        results = [result for pair in pairs for result in pair.results]
        paths = [mask for _, mask in results]
        return EditorData(
            pairs=pairs,
            latents=self._latents(prefix, identity, frames, shift),
            source_rows=np.array([frames.index[pair.source] for pair in pairs]),
            target_rows=np.array([frames.index[target] for target, _ in results]),
            masks=cache_masks(folder, paths, masks, strides(self.vae_model), shift, self.progress_for("masks")),
            results=np.cumsum([0, *(len(pair.results) for pair in pairs)]),
            conditioning=self._conditioning(conditioning, prompts(), len(pairs) * (PHRASES + 1)),
            reference_latents=self._encode_references(list(references.values())),
            reference_rows=reference_rows,
        )

    @torch.no_grad()
    def _encode_references(self, images: list[np.ndarray]) -> np.ndarray | None:
        batches = [np.stack(images[i : i + 64])[:, None] for i in range(0, len(images), 64)]
        latents = [encode_latents(self.vae_model, to_pixels(batch, self.device)) for batch in batches]
        return np.concatenate([latent.half().cpu().numpy() for latent in latents]) if latents else None


def _same_weights(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name].cpu(), theirs[name].cpu()) for name in ours)
