"""`vireo train`: mini from nothing, stage by stage.

workdir/config.json         the resolved configuration
workdir/data/{part-K,edits-K,footage,validation}   pair sets
workdir/cache/...           frames, latents, masks, instructor states
workdir/STAGE/              checkpoint.pt, tensorboard/, samples/, model/ once finished, metrics.json
workdir/mini/               what `VireoPipeline.from_pretrained` loads
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideoTransformer3DModel
from transformers import CLIPModel, LlavaForConditionalGeneration

from vireo.config import as_json, overridden
from vireo.errors import InputError
from vireo.models.editors.viva import VireoPipeline
from vireo.models.transformer import widen_for_editing
from vireo.runtime import pick_device, source_commit, whole_file
from vireo.training.artifacts import Artifacts
from vireo.training.export import save_model, stamp_weights
from vireo.training.loop import OnProgress, Progress, run
from vireo.training.pair_sets import EDITS_FAMILIES, DataConfig
from vireo.training.stage import LoopConfig, Stage
from vireo.training.stages import clip, vlm
from vireo.training.stages.clip import ClipConfig, ClipStage
from vireo.training.stages.editor import EditorConfig, EditorStage
from vireo.training.stages.t2v import T2vConfig, T2vStage
from vireo.training.stages.vae import VaeConfig, VaeStage
from vireo.training.stages.vlm import VlmConfig, VlmStage, new_instructor
from vireo.training.validation import Validation


@dataclass(frozen=True)
class MiniConfig:
    """data and stages; steps, guidance: with which the finished pipeline edits where a call names none."""

    data: DataConfig = field(default_factory=DataConfig)
    vae: VaeConfig = field(default_factory=VaeConfig)
    clip: ClipConfig = field(default_factory=ClipConfig)
    vlm: VlmConfig = field(default_factory=VlmConfig)
    t2v: T2vConfig = field(default_factory=T2vConfig)
    editor: EditorConfig = field(default_factory=EditorConfig)
    steps: int = 1
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
    if stage == "mini" and config.editor.former:
        raise InputError("editor.former takes the place of all stages before", "run: vireo train editor")
    workdir = Path(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    with whole_file(workdir / "config.json") as path:
        path.write_text(as_json(config))
    work = _Work(config, workdir, minutes, on_progress)
    try:
        return all(step() for step in ([getattr(work, stage)] if stage != "mini" else work.stages()))
    except _TimeUp:
        return False


class _Work:
    """The stages over one workdir. Data and finished models are read once, when first asked for."""

    def __init__(
        self, config: MiniConfig, workdir: Path, minutes: float | None, on_progress: OnProgress | None
    ) -> None:
        self.config, self.workdir, self.on_progress = config, workdir, on_progress
        self.deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.device = pick_device()
        self.material = Artifacts(workdir, config.data, config.vlm.clips, self.device, self._tick, config.vlm.former)

    def stages(self) -> Iterator[Callable[[], bool]]:
        yield from (self.vae, self.clip, self.vlm, self.t2v, self.editor)

    # Stages: each is done at once where its model exists.

    def vae(self) -> bool:
        if self.material.finished("vae"):
            return True
        sets = self.material.sets
        stage = VaeStage(self.config.vae, sets.frames_of("parts-1", sets.first(1)), self.device)
        if not self._run(stage):
            return False
        save_model(self.workdir / "vae" / "model", stage.finish())
        return True

    def clip(self) -> bool:
        if self.material.finished("clip"):
            return True
        former = self.material.former
        tower = former.instructor.model.vision_tower if former else None
        stage = ClipStage(self.config.clip, self.material.pictures, self.material.tokenizer, self.device, tower)
        if not self._run(stage):
            return False
        made = stage.finish()
        # With a watermark, a style or a light, part of what a caption says cannot be seen.
        pairs = self.material.sets.validation
        clips = {pair.source for pair in pairs if pair.family != "watermark"}
        clips |= {pair.target for pair in pairs if pair.family in EDITS_FAMILIES and pair.family != "watermark"}
        plain = sorted(self.material.unseen_pictures.number[path] for path in clips)
        retrieval = clip.measure(made.model, made.processor, self.material.unseen_pictures, plain)
        sight = clip.measure_sight(stage.module, self.material.unseen_pictures)
        self._save_metrics("clip", retrieval | {"patches": sight})
        save_model(self.workdir / "clip" / "model", made)
        return True

    def vlm(self) -> bool:
        if self.material.finished("vlm"):
            return True
        former = self.material.former
        if former is None:
            self.material.model("clip")  # before hours of rendering
        curriculum, tokenizer = self.material.curriculum, self.material.tokenizer
        instructor = former.instructor if former else self._new_instructor()
        stage = VlmStage(self.config.vlm, curriculum, tokenizer, instructor, self.device)
        if not self._run(stage):
            return False
        made = stage.finish()
        self._save_metrics("vlm", vlm.measure(made.model, self.material.unseen_curriculum))
        if former:
            former.register_to_config(template=vars(self.material.template))
            command = f"vireo train vlm --set vlm.former={self.config.vlm.former}"
            self._save_pipeline(former, command, self.config.vlm.loop)
        save_model(self.workdir / "vlm" / "model", made)
        return True

    def _new_instructor(self) -> LlavaForConditionalGeneration:
        seer = CLIPModel.from_pretrained(self.material.model("clip"), dtype=torch.float32)
        pixels = self.material.pictures.typical()
        return new_instructor(seer, len(self.material.tokenizer), pixels, self.config.vlm.loop.seed)

    def t2v(self) -> bool:
        if self.material.finished("t2v"):
            return True
        for earlier in ("vae", "vlm"):
            self.material.model(earlier)  # before hours of rendering
        captions = self.material.captions()
        stage = T2vStage(self.config.t2v, self.material.latents, captions, self.material.vae_model, self.device)
        if not self._run(stage):
            return False
        save_model(self.workdir / "t2v" / "model", stage.module)
        return True

    def editor(self) -> bool:
        config, command = self.config.editor, "vireo train mini"
        if config.former:
            pipe, command = VireoPipeline.from_pretrained(config.former), "vireo train editor"
            self.material.adopt(pipe)
            editor = pipe.transformer
        else:
            base = HunyuanVideoTransformer3DModel.from_pretrained(self.material.model("t2v"))
            editor = widen_for_editing(base, config.prediction == "affine")
        pairs = self.material.sets.validation
        validation = Validation(self._assemble(editor), self.workdir / "data", pairs, a_family=16)
        studio, footage = list(self.material.studio_edits(shifts=config.shifts)), self.material.footage_edits()
        if not studio:
            raise InputError("there is nothing to learn from", "set data.pairs, data.edits or data.imported")
        stage = EditorStage(config, editor, studio, footage, validation, self.device)
        done = self._run(stage)
        self._save_pipeline(self._assemble(stage.module), command, config.loop)
        return done

    def _save_metrics(self, stage: str, metrics: dict[str, Any]) -> None:
        with whole_file(self.workdir / stage / "metrics.json") as path:
            path.write_text(json.dumps(metrics, indent=1) + "\n")

    def _run(self, stage: Stage[Any, Any]) -> bool:
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

    # The result.

    def _assemble(self, transformer: HunyuanVideoTransformer3DModel) -> VireoPipeline:
        return VireoPipeline(
            self.material.vae_model,
            transformer,
            self.material.instructor,
            self.material.processor,
            FlowMatchEulerDiscreteScheduler(shift=self.config.editor.shift),
            prediction=self.config.editor.prediction,
            template=vars(self.material.template),
            steps=self.config.steps,
            guidance=self.config.guidance,
        )

    def _save_pipeline(self, pipeline: VireoPipeline, command: str, loop: LoopConfig) -> None:
        folder = self.workdir / "mini"
        save_model(folder, pipeline)
        facts = {"command": command, "commit": source_commit(), "seed": str(loop.seed)}
        stamp_weights(folder, facts)
