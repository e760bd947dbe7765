"""What the stages of mini stand on: caches and finished models, each made once, when first asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from transformers import AutoProcessor, LlavaForConditionalGeneration, PreTrainedTokenizerFast

from vireo.errors import InputError
from vireo.instruction_tuning.batches import BatchSampler
from vireo.instruction_tuning.corpus import CORPUS_FORMAT, Corpus, CorpusTexts
from vireo.instruction_tuning.pictures import PictureSet
from vireo.models.bundle import Bundle
from vireo.models.clip import PATCH_SIZE
from vireo.models.editors.viva import VireoPipeline
from vireo.models.instructor.prompts import MINI
from vireo.models.latents import encode_latents, strides
from vireo.models.pixels import to_pixels
from vireo.models.tokenizer import train_tokenizer
from vireo.models.vae import BlockTransformVAE
from vireo.pairs.augment import moved
from vireo.pairs.conditioning_cache import ConditioningCache, Prompt, cache_conditioning
from vireo.pairs.frame_cache import FrameCache
from vireo.pairs.latent_cache import STILL, LatentCache, OnCount, Shift, cache_latents, cache_masks
from vireo.pairs.mixture import PHRASES
from vireo.training.export import save_model
from vireo.training.pair_sets import DataConfig, PairSets, Part
from vireo.training.stages.editor import EditorData
from vireo.types import EditPair, PairFiles
from vireo.world.families import MOVABLE_FAMILIES


class Artifacts:
    """Over one workdir. tick: gives the progress callback for a named piece of work, and may end it by raising.

    lesson_clips: most clips of which all questions are made.
    former: preset or folder of a pipeline whose tokenizer, template and patches the instructor takes over.
    """

    def __init__(
        self,
        workdir: Path,
        data: DataConfig,
        lesson_clips: int,
        device: torch.device,
        tick: Callable[[str], OnCount],
        former: str | None = None,
    ) -> None:
        self.workdir, self.lesson_clips, self.device, self.tick = workdir, lesson_clips, device, tick
        self.sets = PairSets(workdir, data, tick)
        self.former = VireoPipeline.from_pretrained(former) if former else None
        self.template = replace(self.former.template, highlights=True) if self.former else MINI

    def finished(self, stage: str) -> bool:
        return (self.workdir / stage / "model").exists()

    def adopt(self, pipe: VireoPipeline) -> None:
        """Takes a pipeline's autoencoder, instructor and template for those of this workdir.

        Raises InputError where others have been trained there.
        """
        taken = {"vae": pipe.vae, "vlm": Bundle(pipe.instructor, pipe.processor)}
        for stage, part in taken.items():
            if not self.finished(stage):
                save_model(self.workdir / stage / "model", part)
        if not (_same_weights(self.vae_model, pipe.vae) and _same_weights(self.instructor, pipe.instructor)):
            raise InputError(f"{self.workdir} holds another autoencoder or instructor", "choose another --workdir")
        self.template = pipe.template

    def model(self, stage: str) -> Path:
        if not self.finished(stage):
            raise InputError(
                f"stage {stage} is not finished in {self.workdir}",
                f"run first: vireo train {stage} --workdir {self.workdir}",
            )
        return self.workdir / stage / "model"

    @cached_property
    def pictures(self) -> PictureSet:
        """What CLIP and instructor learn from."""
        return self._pictures(self.sets.cache("seen", settings=self.sets.data).name, *self.sets.seen)

    @cached_property
    def unseen_pictures(self) -> PictureSet:
        pairs = self.sets.validation
        return self._pictures("validation", pairs, self.sets.frames_of("validation", pairs))

    def _pictures(self, name: str, pairs: list[EditPair], frames: Mapping[str, np.ndarray]) -> PictureSet:
        folder = self.workdir / "cache" / f"{name}-instances"
        return PictureSet.open(self.sets.folder, pairs, frames, folder, self.tick("instances"))

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        if self.former:
            return self.former.processor.tokenizer
        folder = self.sets.cache("tokenizer", settings=(self.sets.data, self.lesson_clips))
        if not folder.exists():
            pictures = self.pictures
            texts = CorpusTexts(self.sets.seen[0], pictures, self.lesson_clips, self.tick("words"))
            captions = (f" {picture.caption}" for picture in pictures.pictures)
            save_model(folder, train_tokenizer([*texts.every(), *captions]))
        return PreTrainedTokenizerFast.from_pretrained(folder)

    @property
    def patch_size(self) -> int:
        """Of the instructor's vision tower."""
        return self.former.instructor.config.vision_config.patch_size if self.former else PATCH_SIZE

    @cached_property
    def curriculum(self) -> BatchSampler:
        """The instructor's."""
        return self._curriculum("seen", self.sets.seen[0], self.pictures)

    @cached_property
    def unseen_curriculum(self) -> BatchSampler:
        return self._curriculum("validation", self.sets.validation, self.unseen_pictures)

    def _curriculum(self, name: str, pairs: list[EditPair], pictures: PictureSet) -> BatchSampler:
        vocabulary = hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
        settings = (self.sets.data, vocabulary, self.lesson_clips, CORPUS_FORMAT)
        folder = self.sets.cache(f"{name}-lessons", settings=settings)
        if not (folder / "reference_pairs.npy").exists():
            texts = CorpusTexts(pairs, pictures, self.lesson_clips, self.tick("lessons"))
            Corpus.make(texts, self.tokenizer, self.template, folder)
        lessons, template = Corpus(folder), self.template
        return BatchSampler(self.sets.folder, pairs, pictures, lessons, self.tokenizer, template, self.patch_size)

    @cached_property
    def vae_model(self) -> BlockTransformVAE:
        return BlockTransformVAE.from_pretrained(self.model("vae")).to(self.device).eval()

    @cached_property
    def latents(self) -> LatentCache:
        """Of all parts but the further ones."""
        return self._latents("", (), self.sets.frames)

    def _latents(self, prefix: str, chosen: object, frames: FrameCache, shift: Shift = STILL) -> LatentCache:
        folder = self.sets.cache(f"{prefix}latents", self.model("vae"), (chosen, shift))
        return cache_latents(self.vae_model, frames, folder, self.device, self.tick("encoding"), shift)

    @cached_property
    def instructor(self) -> LlavaForConditionalGeneration:
        model = LlavaForConditionalGeneration.from_pretrained(self.model("vlm"), dtype=torch.float32)
        return model.to(self.device).eval().requires_grad_(False)

    @cached_property
    def processor(self) -> Any:
        return AutoProcessor.from_pretrained(self.model("vlm"))

    def _states(self, folder: Path, prompts: Iterator[Prompt], count: int) -> ConditioningCache:
        tick = self.tick("instructor states")
        return cache_conditioning(self.instructor, self.processor, self.template, prompts, count, folder, tick)

    def captions(self) -> ConditioningCache:
        captions = {}
        for pair in self.sets.pairs:
            captions[pair.source], captions[pair.target] = pair.source_caption, pair.target_caption
        texts = [captions[path] for path in self.sets.frames.index]
        folder = self.sets.cache("captions", self.model("vlm"), self.template)
        return self._states(folder, (Prompt(text) for text in [*texts, ""]), len(texts) + 1)

    def studio_edits(self, shown: bool = True, shifts: Sequence[Shift] = ()) -> Iterator[EditorData]:
        """One pair set of all parts, if there are any, then the further and the imported ones; then, for each of
        `shifts`, the pairs whose result is known to move with the scene, moved by it.

        shown: whether the instructor sees the first frame and the reference; in all but the first set it always does.
        """
        parts = [*self.sets.further(), *self.sets.imported()]
        for shift in (STILL, *shifts):
            if self.sets.pairs:
                yield self._edits("", (), self.sets.pairs, self.sets.frames, shown, shift)
            yield from (self._part(part, shift) for part in parts if shift == STILL or part.movable)

    def footage_edits(self) -> EditorData | None:
        return self._part(self.sets.footage) if self.sets.data.footage else None

    def _part(self, part: Part, shift: Shift = STILL) -> EditorData:
        """All pairs of a part."""
        pairs = self.sets.read(part)
        return self._edits(f"{part.name}-", part.chosen, pairs, self.sets.part_frames(part, pairs), shift=shift)

    def _edits(
        self,
        prefix: str,
        chosen: object,
        pairs: list[PairFiles],
        frames: FrameCache,
        shown: bool = True,
        shift: Shift = STILL,
    ) -> EditorData:
        """prefix, chosen: of the names of caches, and what tells these pairs from others."""
        index, folder = frames.index, self.sets.folder
        if shift != STILL:
            pairs = [pair for pair in pairs if pair.family in MOVABLE_FAMILIES]
        pictures = {
            i: np.asarray(Image.open(folder / pair.reference).convert("RGB"))
            for i, pair in enumerate(pairs)
            if pair.reference
        }

        def prompts() -> Iterator[Prompt]:
            for i, pair in enumerate(pairs):
                frame, picture = (moved(frames[pair.source][0], *shift), pictures.get(i)) if shown else (None, None)
                # One paraphrase a pair, another for each pair, so that all templates are seen.
                phrases = [pair.instruction, pair.paraphrases[i % len(pair.paraphrases)], ""]
                yield from (Prompt(text, frame, picture) for text in phrases)

        seen = (chosen, shift, self.template, shown)
        states = self.sets.cache(f"{prefix}instructions", self.model("vlm"), seen)
        masks = self.sets.cache(f"{prefix}masks", settings=(chosen, shift, strides(self.vae_model)))
        picture_rows = np.full(len(pairs), -1)
        picture_rows[list(pictures)] = np.arange(len(pictures))
        return EditorData(
            pairs,
            self._latents(prefix, chosen, frames, shift),
            np.array([index[pair.source] for pair in pairs]),
            np.array([index[pair.target] for pair in pairs]),
            cache_masks(folder, pairs, masks, strides(self.vae_model), self.tick("masks"), shift),
            self._states(states, prompts(), len(pairs) * (PHRASES + 1)),
            self._encode_pictures(list(pictures.values())),
            picture_rows,
        )

    @torch.no_grad()
    def _encode_pictures(self, pictures: list[np.ndarray]) -> np.ndarray | None:
        groups = [np.stack(pictures[i : i + 64])[:, None] for i in range(0, len(pictures), 64)]
        latents = [
            encode_latents(self.vae_model, to_pixels(group, self.device)).half().cpu().numpy() for group in groups
        ]
        return np.concatenate(latents) if latents else None


def _same_weights(one: nn.Module, other: nn.Module) -> bool:
    mine, others = one.state_dict(), other.state_dict()
    return mine.keys() == others.keys() and all(torch.equal(mine[name].cpu(), others[name].cpu()) for name in mine)
