"""What the stages of mini stand on: caches and finished models, each made once, when first asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoProcessor, LlavaForConditionalGeneration, PreTrainedTokenizerFast

from vireo.data.curriculum import Curriculum
from vireo.data.frames import FrameCache
from vireo.data.latents import LatentCache, OnCount, cache_latents, cache_masks
from vireo.data.lessons import LESSONS_FORMAT, Lessons, LessonTexts
from vireo.data.mixture import PHRASES
from vireo.data.pictures import PictureSet
from vireo.data.states import Prompt, StateCache, cache_states
from vireo.data.tensors import to_pixels
from vireo.errors import InputError
from vireo.models.chat import MINI
from vireo.models.clip import PATCH_SIZE
from vireo.models.codec import encode_latents, strides
from vireo.models.tokenizer import train_tokenizer
from vireo.models.vae import BlockTransformVAE
from vireo.pipeline.pipeline import VireoPipeline
from vireo.training.editor import EditorData
from vireo.training.export import save_model
from vireo.training.sets import DataConfig, PairSets, Part
from vireo.types import EditPair, PairFiles


class Material:
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
            texts = LessonTexts(self.sets.seen[0], pictures, self.lesson_clips, self.tick("words"))
            captions = (f" {picture.caption}" for picture in pictures.pictures)
            save_model(folder, train_tokenizer([*texts.every(), *captions]))
        return PreTrainedTokenizerFast.from_pretrained(folder)

    @property
    def patch_size(self) -> int:
        """Of the instructor's vision tower."""
        return self.former.instructor.config.vision_config.patch_size if self.former else PATCH_SIZE

    @cached_property
    def curriculum(self) -> Curriculum:
        """The instructor's."""
        return self._curriculum("seen", self.sets.seen[0], self.pictures)

    @cached_property
    def unseen_curriculum(self) -> Curriculum:
        return self._curriculum("validation", self.sets.validation, self.unseen_pictures)

    def _curriculum(self, name: str, pairs: list[EditPair], pictures: PictureSet) -> Curriculum:
        vocabulary = hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
        settings = (self.sets.data, vocabulary, self.lesson_clips, LESSONS_FORMAT)
        folder = self.sets.cache(f"{name}-lessons", settings=settings)
        if not (folder / "reference_pairs.npy").exists():
            texts = LessonTexts(pairs, pictures, self.lesson_clips, self.tick("lessons"))
            Lessons.make(texts, self.tokenizer, self.template, folder)
        lessons, template = Lessons(folder), self.template
        return Curriculum(self.sets.folder, pairs, pictures, lessons, self.tokenizer, template, self.patch_size)

    @cached_property
    def vae_model(self) -> BlockTransformVAE:
        return BlockTransformVAE.from_pretrained(self.model("vae")).to(self.device).eval()

    @cached_property
    def latents(self) -> LatentCache:
        return self._encode(self.sets.frames, self.sets.cache("latents", self.model("vae")))

    def _encode(self, frames: FrameCache, folder: Path) -> LatentCache:
        return cache_latents(self.vae_model, frames, folder, self.device, self.tick("encoding"))

    @cached_property
    def instructor(self) -> LlavaForConditionalGeneration:
        model = LlavaForConditionalGeneration.from_pretrained(self.model("vlm"), dtype=torch.float32)
        return model.to(self.device).eval().requires_grad_(False)

    @cached_property
    def processor(self) -> Any:
        return AutoProcessor.from_pretrained(self.model("vlm"))

    def _states(self, folder: Path, prompts: Iterator[Prompt], count: int) -> StateCache:
        tick = self.tick("instructor states")
        return cache_states(self.instructor, self.processor, self.template, prompts, count, folder, tick)

    def captions(self) -> StateCache:
        captions = {}
        for pair in self.sets.pairs:
            captions[pair.source], captions[pair.target] = pair.source_caption, pair.target_caption
        texts = [captions[path] for path in self.sets.frames.index]
        folder = self.sets.cache("captions", self.model("vlm"), self.template)
        return self._states(folder, (Prompt(text) for text in [*texts, ""]), len(texts) + 1)

    def studio_edits(self, shown: bool = True) -> Iterator[EditorData]:
        """One pair set of all parts, then the further parts. shown: as in `_edits`, of the former."""
        template = self.template if shown else (self.template, "unseen")
        folders = {
            "states": self.sets.cache("instructions", self.model("vlm"), template),
            "masks": self.sets.cache("masks", settings=strides(self.vae_model)),
        }
        yield self._edits(self.sets.pairs, self.sets.frames, self.latents, **folders, shown=shown)
        yield from map(self._part, self.sets.further())

    def footage_edits(self) -> EditorData:
        return self._part(self.sets.footage)

    def _part(self, part: Part) -> EditorData:
        """All pairs of a further part or of the footage."""
        pairs, chosen = self.sets.read(part), part.chosen
        folders = {
            "states": self.sets.cache(f"{part.name}-instructions", self.model("vlm"), (chosen, self.template)),
            "masks": self.sets.cache(f"{part.name}-masks", settings=(chosen, strides(self.vae_model))),
        }
        frames = self.sets.part_frames(part, pairs)
        latents = self._encode(frames, self.sets.cache(f"{part.name}-latents", self.model("vae"), chosen))
        return self._edits(pairs, frames, latents, **folders)

    def _edits(
        self,
        pairs: list[PairFiles],
        frames: FrameCache,
        latents: LatentCache,
        states: Path,
        masks: Path,
        shown: bool = True,
    ) -> EditorData:
        """states, masks: the folders in which these are kept. shown: whether the instructor sees the first frame and
        the reference."""
        index, folder = frames.index, self.sets.folder
        pictures = {
            i: np.asarray(Image.open(folder / pair.reference).convert("RGB"))
            for i, pair in enumerate(pairs)
            if pair.reference
        }

        def prompts() -> Iterator[Prompt]:
            for i, pair in enumerate(pairs):
                frame, picture = (frames[pair.source][0], pictures.get(i)) if shown else (None, None)
                # One paraphrase a pair, another for each pair, so that all templates are seen.
                phrases = [pair.instruction, pair.paraphrases[i % len(pair.paraphrases)], ""]
                yield from (Prompt(text, frame, picture) for text in phrases)

        picture_rows = np.full(len(pairs), -1)
        picture_rows[list(pictures)] = np.arange(len(pictures))
        return EditorData(
            pairs,
            latents,
            np.array([index[pair.source] for pair in pairs]),
            np.array([index[pair.target] for pair in pairs]),
            cache_masks(folder, pairs, masks, strides(self.vae_model), self.tick("masks")),
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
