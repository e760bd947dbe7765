"""`vireo train`: mini from nothing, stage by stage.

workdir/config.json         the resolved configuration
workdir/data/{part-K,validation}   pair sets
workdir/cache/...           frames, latents, masks, instructor states
workdir/STAGE/              checkpoint.pt, tensorboard/, samples/, model/ once finished, metrics.json
workdir/mini/               what `VireoPipeline.from_pretrained` loads
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideoTransformer3DModel
from PIL import Image
from transformers import AutoProcessor, CLIPModel, LlavaForConditionalGeneration, PreTrainedTokenizerFast

from vireo.config import as_json, overridden
from vireo.data.curriculum import Curriculum
from vireo.data.frames import FrameCache, cache_frames
from vireo.data.latents import LatentCache, cache_latents, cache_masks
from vireo.data.lessons import Lessons, LessonTexts
from vireo.data.mixture import PHRASES
from vireo.data.pairs import read_pairs
from vireo.data.pictures import PictureSet
from vireo.data.states import Prompt, StateCache, cache_states
from vireo.data.tensors import to_pixels
from vireo.errors import InputError
from vireo.models.chat import MINI
from vireo.models.codec import encode_latents, strides
from vireo.models.tokenizer import train_tokenizer
from vireo.models.vae import BlockTransformVAE
from vireo.pipeline.pipeline import VireoPipeline
from vireo.runtime import pick_device, source_commit, whole_file
from vireo.training import clip, vlm
from vireo.training.clip import ClipConfig, ClipStage
from vireo.training.editor import EditorConfig, EditorData, EditorStage
from vireo.training.export import save_model, stamp_weights
from vireo.training.loop import OnProgress, Progress, run
from vireo.training.t2v import T2vConfig, T2vStage
from vireo.training.vae import VaeConfig, VaeStage
from vireo.training.validation import Validation
from vireo.training.vlm import VlmConfig, VlmStage
from vireo.types import EditPair
from vireo.world.generate import make_pairs


@dataclass(frozen=True)
class DataConfig:
    """The training pairs come in parts, so that early stages begin before the last part is rendered.

    pairs, seeds: number of pairs of each part, and the seed of its first scene. The autoencoder learns from
    the first part, CLIP and instructor from the first `understanding` parts, the transformer from all.
    Validation scenes are of the training split, too, and of no part.
    """

    pairs: tuple[int, ...] = (3600, 8000, 8000)
    seeds: tuple[int, ...] = (800_000, 0, 100_000)
    understanding: int = 2
    validation_pairs: int = 240
    validation_seed: int = 900_000


@dataclass(frozen=True)
class MiniConfig:
    data: DataConfig = field(default_factory=DataConfig)
    vae: VaeConfig = field(default_factory=VaeConfig)
    clip: ClipConfig = field(default_factory=ClipConfig)
    vlm: VlmConfig = field(default_factory=VlmConfig)
    t2v: T2vConfig = field(default_factory=T2vConfig)
    editor: EditorConfig = field(default_factory=EditorConfig)
    steps: int = 10
    guidance: float = 1.0


class _TimeUp(Exception):
    """The time limit was reached between two stages' loops; everything done so far is on disk."""


def train(
    stage: str,
    workdir: Path,
    *,
    minutes: float | None = None,
    overrides: Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
) -> bool:
    """Runs one stage, or all in order for "mini". True once it is finished; the same call goes on otherwise.

    Raises InputError where an earlier stage is missing or a setting is unknown.
    """
    config = overridden(MiniConfig(), overrides or {})
    workdir = Path(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    with whole_file(workdir / "config.json") as path:
        path.write_text(as_json(config))
    work = _Work(config, workdir, minutes, on_progress)
    try:
        return all(step() for step in ([getattr(work, stage)] if stage != "mini" else work.stages()))
    except _TimeUp:
        return False


def relocated(pair: EditPair, folder: str) -> EditPair:
    """The same pair with its paths below `folder`."""
    fields = ("source", "target", "mask", "instances", "reference")
    paths = {name: f"{folder}/{path}" for name in fields if (path := getattr(pair, name)) is not None}
    return pair.model_copy(update=paths)


class _Work:
    """The stages over one workdir. Data and finished models are read once, when first asked for."""

    def __init__(
        self, config: MiniConfig, workdir: Path, minutes: float | None, on_progress: OnProgress | None
    ) -> None:
        self.config, self.workdir, self.on_progress = config, workdir, on_progress
        self.deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.device = pick_device()

    def stages(self) -> Iterator[Callable[[], bool]]:
        yield from (self.vae, self.clip, self.vlm, self.t2v, self.editor)

    # Stages: each is done at once where its model exists.

    def vae(self) -> bool:
        if self._finished("vae"):
            return True
        stage = VaeStage(self.config.vae, self._frames("vae", self._parts(1)), self.device)
        if not self._run(stage):
            return False
        save_model(self.workdir / "vae" / "model", stage.finish())
        return True

    def clip(self) -> bool:
        if self._finished("clip"):
            return True
        stage = ClipStage(self.config.clip, self.pictures, self.tokenizer, self.device)
        if not self._run(stage):
            return False
        made = stage.finish()
        # With a watermark or a style, part of what a caption says cannot be seen.
        sources = {pair.source for pair in self.validation_pairs if pair.family != "watermark"}
        plain = sorted(self.unseen_pictures.number[path] for path in sources)
        self._save_metrics("clip", clip.measure(made.model, made.processor, self.unseen_pictures, plain))
        save_model(self.workdir / "clip" / "model", made)
        return True

    def vlm(self) -> bool:
        if self._finished("vlm"):
            return True
        seer = CLIPModel.from_pretrained(self._model("clip"), dtype=torch.float32)
        curriculum = self._curriculum("understanding", self.understanding_pairs, self.pictures)
        stage = VlmStage(self.config.vlm, curriculum, self.tokenizer, seer, self.device)
        if not self._run(stage):
            return False
        made = stage.finish()
        unseen = self._curriculum("validation", self.validation_pairs, self.unseen_pictures)
        self._save_metrics("vlm", vlm.measure(made.model, unseen))
        save_model(self.workdir / "vlm" / "model", made)
        return True

    def t2v(self) -> bool:
        if self._finished("t2v"):
            return True
        captions = self._captions()
        stage = T2vStage(self.config.t2v, self.latents, captions, self.vae_model, self.device)
        if not self._run(stage):
            return False
        save_model(self.workdir / "t2v" / "model", stage.module)
        return True

    def editor(self) -> bool:
        base = HunyuanVideoTransformer3DModel.from_pretrained(self._model("t2v"))
        validation = Validation(self._assemble(base), self.workdir / "data", self.validation_pairs, a_family=16)
        data = self._editor_data()
        stage = EditorStage(self.config.editor, self.config.t2v.prediction, base, data, validation, self.device)
        done = self._run(stage)
        self._save_pipeline(stage.module)
        return done

    # What the stages stand on.

    def _save_metrics(self, stage: str, metrics: dict[str, Any]) -> None:
        with whole_file(self.workdir / stage / "metrics.json") as path:
            path.write_text(json.dumps(metrics, indent=1) + "\n")

    def _run(self, stage: Any) -> bool:
        left = None if self.deadline is None else (self.deadline - time.monotonic()) / 60
        if left is not None and left <= 0:
            return False
        return run(stage, self.workdir, minutes=left, on_progress=self.on_progress)

    def _tick(self, name: str) -> Callable[[int, int], None]:
        began = time.monotonic()

        def tick(done: int, total: int) -> None:
            now = time.monotonic()
            if self.on_progress:
                left = (total - done) * (now - began) / max(done, 1)
                self.on_progress(Progress(name, done, total, float("nan"), left))
            if self.deadline is not None and now > self.deadline:
                raise _TimeUp

        return tick

    def _finished(self, stage: str) -> bool:
        return (self.workdir / stage / "model").exists()

    def _model(self, stage: str) -> Path:
        if not self._finished(stage):
            raise InputError(
                f"stage {stage} is not finished in {self.workdir}",
                f"run first: vireo train {stage} --workdir {self.workdir}",
            )
        return self.workdir / stage / "model"

    def _pair_set(self, name: str, count: int, seed: int) -> Path:
        folder = self.workdir / "data" / name
        if not (folder / "pairs.jsonl").exists():
            make_pairs(folder, count=count, seed=seed, split="train", on_progress=self._tick(f"{name} data"))
        return folder

    def _parts(self, count: int) -> list[EditPair]:
        """The pairs of the first `count` parts, with paths relative to workdir/data."""
        data = self.config.data
        parts = list(zip(data.pairs, data.seeds, strict=True))[:count]
        folders = [self._pair_set(f"part-{k}", *part) for k, part in enumerate(parts)]
        return [relocated(pair, folder.name) for folder in folders for pair in read_pairs(folder)]

    @cached_property
    def validation_pairs(self) -> list[EditPair]:
        data = self.config.data
        folder = self._pair_set("validation", data.validation_pairs, data.validation_seed)
        return [relocated(pair, folder.name) for pair in read_pairs(folder)]

    def _frames(self, name: str, pairs: list[EditPair]) -> FrameCache:
        folder = self.workdir / "cache" / f"{name}-frames"
        return cache_frames(self.workdir / "data", pairs, folder, self._tick("decoding"))

    @cached_property
    def pairs(self) -> list[EditPair]:
        return self._parts(len(self.config.data.pairs))

    @cached_property
    def frames(self) -> FrameCache:
        return self._frames("all", self.pairs)

    @cached_property
    def understanding_pairs(self) -> list[EditPair]:
        return self._parts(self.config.data.understanding)

    @cached_property
    def pictures(self) -> PictureSet:
        return self._pictures("understanding", self.understanding_pairs)

    @cached_property
    def unseen_pictures(self) -> PictureSet:
        return self._pictures("validation", self.validation_pairs)

    def _pictures(self, name: str, pairs: list[EditPair]) -> PictureSet:
        folder = self.workdir / "cache" / f"{name}-instances"
        return PictureSet.open(self.workdir / "data", pairs, self._frames(name, pairs), folder, self._tick("instances"))

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        folder = self.workdir / "cache" / "tokenizer"
        if not folder.exists():
            pictures = self.pictures
            texts = LessonTexts(self.understanding_pairs, pictures, self.config.vlm.clips)
            captions = (f" {picture.caption}" for picture in pictures.pictures)
            save_model(folder, train_tokenizer([*texts.every(), *captions]))
        return PreTrainedTokenizerFast.from_pretrained(folder)

    def _curriculum(self, name: str, pairs: list[EditPair], pictures: PictureSet) -> Curriculum:
        folder = self.workdir / "cache" / f"{name}-lessons"
        if not (folder / "reference_pairs.npy").exists():
            texts = LessonTexts(pairs, pictures, self.config.vlm.clips)
            Lessons.make(texts, self.tokenizer, MINI, folder)
        return Curriculum(self.workdir / "data", pairs, pictures, Lessons(folder), self.tokenizer, MINI)

    @cached_property
    def vae_model(self) -> BlockTransformVAE:
        return BlockTransformVAE.from_pretrained(self._model("vae")).to(self.device).eval()

    @cached_property
    def latents(self) -> LatentCache:
        return cache_latents(
            self.vae_model, self.frames, self.workdir / "cache" / "latents", self.device, self._tick("encoding")
        )

    @cached_property
    def instructor(self) -> LlavaForConditionalGeneration:
        model = LlavaForConditionalGeneration.from_pretrained(self._model("vlm"), dtype=torch.float32)
        return model.to(self.device).eval().requires_grad_(False)

    @cached_property
    def processor(self) -> Any:
        return AutoProcessor.from_pretrained(self._model("vlm"))

    def _states(self, name: str, prompts: Iterator[Prompt], count: int) -> StateCache:
        folder = self.workdir / "cache" / name
        return cache_states(
            self.instructor, self.processor, MINI, prompts, count, folder, self._tick(f"states of {name}")
        )

    def _captions(self) -> StateCache:
        captions = {}
        for pair in self.pairs:
            captions[pair.source], captions[pair.target] = pair.source_caption, pair.target_caption
        texts = [captions[path] for path in self.frames.index]
        return self._states("captions", (Prompt(text) for text in [*texts, ""]), len(texts) + 1)

    def _editor_data(self) -> EditorData:
        pairs, index, folder = self.pairs, self.frames.index, self.workdir / "data"
        pictures = {
            i: np.asarray(Image.open(folder / pair.reference).convert("RGB"))
            for i, pair in enumerate(pairs)
            if pair.reference
        }

        def prompts() -> Iterator[Prompt]:
            for i, pair in enumerate(pairs):
                frame, picture = self.frames[pair.source][0], pictures.get(i)
                # One paraphrase a pair, another for each pair, so that all templates are seen.
                phrases = [pair.instruction, pair.paraphrases[i % len(pair.paraphrases)], ""]
                yield from (Prompt(text, frame, picture) for text in phrases)

        states = self._states("instructions", prompts(), len(pairs) * (PHRASES + 1))
        masks = cache_masks(
            folder, pairs, self.workdir / "cache" / "masks", strides(self.vae_model), self._tick("masks")
        )
        picture_rows = np.full(len(pairs), -1)
        picture_rows[list(pictures)] = np.arange(len(pictures))
        return EditorData(
            pairs,
            self.latents,
            np.array([index[pair.source] for pair in pairs]),
            np.array([index[pair.target] for pair in pairs]),
            masks,
            states,
            self._encode_pictures(list(pictures.values())),
            picture_rows,
        )

    @torch.no_grad()
    def _encode_pictures(self, pictures: list[np.ndarray]) -> np.ndarray:
        groups = [np.stack(pictures[i : i + 64])[:, None] for i in range(0, len(pictures), 64)]
        latents = [
            encode_latents(self.vae_model, to_pixels(group, self.device)).half().cpu().numpy() for group in groups
        ]
        return np.concatenate(latents)

    # The result.

    def _assemble(self, transformer: HunyuanVideoTransformer3DModel) -> VireoPipeline:
        return VireoPipeline(
            self.vae_model,
            transformer,
            self.instructor,
            self.processor,
            FlowMatchEulerDiscreteScheduler(shift=self.config.editor.shift),
            prediction=self.config.t2v.prediction,
            template=vars(MINI),
            steps=self.config.steps,
            guidance=self.config.guidance,
        )

    def _save_pipeline(self, transformer: HunyuanVideoTransformer3DModel) -> None:
        folder = self.workdir / "mini"
        save_model(folder, self._assemble(transformer))
        facts = {
            "command": "vireo train mini",
            "commit": source_commit(),
            "seed": str(self.config.editor.loop.seed),
        }
        stamp_weights(folder, facts)
