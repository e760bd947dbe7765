"""What the stages of mini stand on: pair sets, caches and finished models, each made once, when first asked for."""

from __future__ import annotations

import hashlib
from collections import ChainMap
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoProcessor, LlavaForConditionalGeneration, PreTrainedTokenizerFast

from vireo.data.curriculum import Curriculum
from vireo.data.frames import FrameCache, cache_frames
from vireo.data.latents import LatentCache, OnCount, cache_latents, cache_masks
from vireo.data.lessons import LESSONS_FORMAT, Lessons, LessonTexts
from vireo.data.mixture import PHRASES
from vireo.data.pairs import AnyPair, one_a_source, read_pairs
from vireo.data.pictures import PictureSet
from vireo.data.states import Prompt, StateCache, cache_states
from vireo.data.tensors import to_pixels
from vireo.errors import InputError
from vireo.models.chat import MINI
from vireo.models.codec import encode_latents, strides
from vireo.models.tokenizer import train_tokenizer
from vireo.models.vae import BlockTransformVAE
from vireo.training.editor import EditorData
from vireo.training.export import save_model
from vireo.types import EditPair, PairFiles
from vireo.world.generate import make_pairs
from vireo.world.scene import SceneKind

EDITS_FAMILIES = ("recolor", "material", "remove", "add", "replace", "resize", "watermark", "reference", "absent")
"""The families whose result depends on the objects of the scene."""

SHAPED_FAMILIES = ("material", "replace", "resize")
"""Those among them that are learned last: the result has to be drawn, not only found."""


@dataclass(frozen=True)
class DataConfig:
    """The training pairs come in parts, so that early stages begin before the last part is rendered.

    pairs, seeds: number of pairs of each part, and the seed of its first scene. The autoencoder learns from
    the first part, all other stages from all.
    Validation scenes are of the training split, too, and of no part.
    edits, edits_seeds, edits_families: further parts, of these families, from which the editor learns: what it lacks
    most is scenes that it has not seen. So do CLIP and instructor; they get one pair of each source.
    footage, footage_seed: the same, of footage, for the editor alone.
    """

    pairs: tuple[int, ...] = (3600, 8000, 16000)
    seeds: tuple[int, ...] = (800_000, 0, 200_000)
    validation_pairs: int = 240
    validation_seed: int = 900_000
    edits: tuple[int, ...] = (27000, 27000)
    edits_seeds: tuple[int, ...] = (300_000, 400_000)
    edits_families: tuple[tuple[str, ...], ...] = (EDITS_FAMILIES, SHAPED_FAMILIES)
    footage: int = 5000
    footage_seed: int = 600_000


def relocated(pair: AnyPair, folder: str) -> AnyPair:
    """The same pair with its paths below `folder`."""
    fields = ("source", "target", "mask", "instances", "reference")
    paths = {name: f"{folder}/{path}" for name in fields if (path := getattr(pair, name, None)) is not None}
    return pair.model_copy(update=paths)


class Material:
    """Over one workdir. tick: gives the progress callback for a named piece of work, and may end it by raising.

    lesson_clips: most clips of which all questions are made.
    """

    def __init__(
        self, workdir: Path, data: DataConfig, lesson_clips: int, device: torch.device, tick: Callable[[str], OnCount]
    ) -> None:
        self.workdir, self.data, self.lesson_clips = workdir, data, lesson_clips
        self.device, self.tick = device, tick
        for together in (("pairs", "seeds"), ("edits", "edits_seeds", "edits_families")):
            if len({len(getattr(data, name)) for name in together}) > 1:
                names = ", ".join(f"data.{name}" for name in together)
                raise InputError(f"{names} are of different lengths", "give one entry of each for every part")

    def finished(self, stage: str) -> bool:
        return (self.workdir / stage / "model").exists()

    def model(self, stage: str) -> Path:
        if not self.finished(stage):
            raise InputError(
                f"stage {stage} is not finished in {self.workdir}",
                f"run first: vireo train {stage} --workdir {self.workdir}",
            )
        return self.workdir / stage / "model"

    def _pair_set(
        self,
        name: str,
        count: int,
        seed: int,
        scenes: SceneKind = "studio",
        families: Sequence[str] | None = None,
        kind: type[AnyPair] = PairFiles,
        places: Container[int] | None = None,
    ) -> list[AnyPair]:
        """The pairs of workdir/data/NAME, or those at `places` of its list, with paths relative to workdir/data."""
        folder, tick = self.workdir / "data" / name, self.tick(f"{name} data")
        make_pairs(folder, count=count, seed=seed, split="train", scenes=scenes, families=families, on_progress=tick)
        return [relocated(pair, name) for pair in read_pairs(folder, kind, places)]

    def _cache(self, name: str, model: Path | None = None, settings: object = None) -> Path:
        """Folder of what is made from the pairs by a model; its name tells from what, so nothing stale is read."""
        digest = hashlib.sha256(repr((self.data.pairs, self.data.seeds, settings)).encode())
        for weights in sorted(model.glob("*.safetensors")) if model else ():
            digest.update(weights.read_bytes())
        return self.workdir / "cache" / f"{name}-{digest.hexdigest()[:12]}"

    def parts(self, count: int, kind: type[AnyPair] = PairFiles) -> list[AnyPair]:
        """The pairs of the first `count` parts."""
        parts = list(zip(self.data.pairs, self.data.seeds, strict=True))[:count]
        return [pair for k, part in enumerate(parts) for pair in self._pair_set(f"part-{k}", *part, kind=kind)]

    @cached_property
    def validation_pairs(self) -> list[EditPair]:
        return self._pair_set("validation", self.data.validation_pairs, self.data.validation_seed, kind=EditPair)

    def frames_of(self, name: str, pairs: Sequence[PairFiles]) -> FrameCache:
        folder = self.workdir / "cache" / f"{name}-frames"
        return cache_frames(self.workdir / "data", pairs, folder, self.tick("decoding"))

    @cached_property
    def pairs(self) -> list[PairFiles]:
        return self.parts(len(self.data.pairs))

    @cached_property
    def frames(self) -> FrameCache:
        return self.frames_of(f"parts-{len(self.data.pairs)}", self.pairs)

    def _further_parts(self) -> Iterator[tuple[str, int, int, dict[str, Any]]]:
        """Name, number of pairs, first seed and what else describes each."""
        parts = zip(self.data.edits, self.data.edits_seeds, self.data.edits_families, strict=True)
        for k, (count, seed, families) in enumerate(parts):
            yield f"edits-{k}", count, seed, {"families": families}

    def _further_frames(self, name: str, pairs: Sequence[PairFiles], chosen: object) -> FrameCache:
        return self.frames_of(self._cache(name, settings=chosen).name, pairs)

    @cached_property
    def _seen(self) -> tuple[list[EditPair], ChainMap[str, np.ndarray]]:
        """The pairs from which CLIP and instructor learn, and the frames of all clips."""
        pairs, frames = self.parts(len(self.data.pairs), EditPair), [self.frames]
        for name, count, seed, described in self._further_parts():
            every = self._pair_set(name, count, seed, **described)
            frames.append(self._further_frames(name, every, (count, seed, described)))
            pairs += self._pair_set(name, count, seed, **described, kind=EditPair, places=set(one_a_source(every)))
        return pairs, ChainMap(*frames)

    @cached_property
    def pictures(self) -> PictureSet:
        """What CLIP and instructor learn from."""
        return self._pictures(self._cache("seen", settings=self.data).name, *self._seen)

    @cached_property
    def unseen_pictures(self) -> PictureSet:
        return self._pictures("validation", self.validation_pairs, self.frames_of("validation", self.validation_pairs))

    def _pictures(self, name: str, pairs: list[EditPair], frames: Mapping[str, np.ndarray]) -> PictureSet:
        folder = self.workdir / "cache" / f"{name}-instances"
        return PictureSet.open(self.workdir / "data", pairs, frames, folder, self.tick("instances"))

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        folder = self._cache("tokenizer", settings=(self.data, self.lesson_clips))
        if not folder.exists():
            pictures = self.pictures
            texts = LessonTexts(self._seen[0], pictures, self.lesson_clips)
            captions = (f" {picture.caption}" for picture in pictures.pictures)
            save_model(folder, train_tokenizer([*texts.every(), *captions]))
        return PreTrainedTokenizerFast.from_pretrained(folder)

    @cached_property
    def curriculum(self) -> Curriculum:
        """The instructor's."""
        return self._curriculum("seen", self._seen[0], self.pictures)

    @cached_property
    def unseen_curriculum(self) -> Curriculum:
        return self._curriculum("validation", self.validation_pairs, self.unseen_pictures)

    def _curriculum(self, name: str, pairs: list[EditPair], pictures: PictureSet) -> Curriculum:
        vocabulary = hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
        folder = self._cache(f"{name}-lessons", settings=(self.data, vocabulary, self.lesson_clips, LESSONS_FORMAT))
        if not (folder / "reference_pairs.npy").exists():
            texts = LessonTexts(pairs, pictures, self.lesson_clips)
            Lessons.make(texts, self.tokenizer, MINI, folder)
        return Curriculum(self.workdir / "data", pairs, pictures, Lessons(folder), self.tokenizer, MINI)

    @cached_property
    def vae_model(self) -> BlockTransformVAE:
        return BlockTransformVAE.from_pretrained(self.model("vae")).to(self.device).eval()

    @cached_property
    def latents(self) -> LatentCache:
        return self._encode(self.frames, self._cache("latents", self.model("vae")))

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
        return cache_states(self.instructor, self.processor, MINI, prompts, count, folder, tick)

    def captions(self) -> StateCache:
        captions = {}
        for pair in self.pairs:
            captions[pair.source], captions[pair.target] = pair.source_caption, pair.target_caption
        texts = [captions[path] for path in self.frames.index]
        folder = self._cache("captions", self.model("vlm"), MINI)
        return self._states(folder, (Prompt(text) for text in [*texts, ""]), len(texts) + 1)

    def studio_edits(self) -> Iterator[EditorData]:
        """One pair set of all parts, then the further parts."""
        folders = {
            "states": self._cache("instructions", self.model("vlm"), MINI),
            "masks": self._cache("masks", settings=strides(self.vae_model)),
        }
        yield self._edits(self.pairs, self.frames, self.latents, **folders)
        for name, count, seed, described in self._further_parts():
            yield self._further(name, count, seed, **described)

    def footage_edits(self) -> EditorData:
        return self._further("footage", self.data.footage, self.data.footage_seed, scenes="footage")

    def _further(self, name: str, count: int, seed: int, **described: Any) -> EditorData:
        """All pairs of a further part or of the footage."""
        pairs, chosen = self._pair_set(name, count, seed, **described), (count, seed, described)
        folders = {
            "states": self._cache(f"{name}-instructions", self.model("vlm"), (chosen, MINI)),
            "masks": self._cache(f"{name}-masks", settings=(chosen, strides(self.vae_model))),
        }
        frames = self._further_frames(name, pairs, chosen)
        latents = self._encode(frames, self._cache(f"{name}-latents", self.model("vae"), chosen))
        return self._edits(pairs, frames, latents, **folders)

    def _edits(
        self, pairs: list[PairFiles], frames: FrameCache, latents: LatentCache, states: Path, masks: Path
    ) -> EditorData:
        """states, masks: the folders in which these are kept."""
        index, folder = frames.index, self.workdir / "data"
        pictures = {
            i: np.asarray(Image.open(folder / pair.reference).convert("RGB"))
            for i, pair in enumerate(pairs)
            if pair.reference
        }

        def prompts() -> Iterator[Prompt]:
            for i, pair in enumerate(pairs):
                frame, picture = frames[pair.source][0], pictures.get(i)
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
