"""`vireo train`: mini from nothing, stage by stage, with its perception and reasoner, which stand by themselves.

workdir/config.json         the resolved configuration
workdir/data/{part-K,edits-K,footage,validation}   pair sets
workdir/cache/...           frames, latents, masks, instructor states
workdir/STAGE/              checkpoint.pt, config.json, tensorboard/, samples/, model/ once finished, metrics.json
workdir/mini/               what `VireoPipeline.from_pretrained` loads
workdir/reasoner/model/     what `vireo.reasoning.reasoner.open_reasoner` loads
workdir/reinforce/model/    the same, after reinforcement learning
workdir/grpo/model/         what `VireoPipeline.from_pretrained` loads: an editor, after learning from rewards
workdir/grpo/lora/          what it learned, for diffusers (pytorch_lora_weights) and ComfyUI (comfyui)
workdir/perception/model/   what `vireo.reasoning.perception.open_perception` loads
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from transformers import CLIPModel, LlavaForConditionalGeneration

from vireo.code_digest import code_digest
from vireo.config import as_json, overridden
from vireo.errors import InputError
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.editors.mini import MINI_FACTS, build_mini_processor
from vireo.models.editors.opening import open_editor
from vireo.models.editors.viva import VireoPipeline, VivaConfig
from vireo.models.instructor.instructor import Instructor
from vireo.models.transformer import widen_for_editing, with_finer_patches
from vireo.reasoning.hops import Language
from vireo.reasoning.reasoner.mini import load_bundle
from vireo.rewards.opening import open_rewards
from vireo.runtime import pick_device, pick_dtype, source_commit, whole_file
from vireo.training.artifacts import Artifacts
from vireo.training.export import save_model, stamp_weights
from vireo.training.familiarity import familiarity_with_studio
from vireo.training.loop import OnProgress, Progress, run
from vireo.training.pair_sets import DataConfig
from vireo.training.perception_frames import FrameShards, cache_labelled_frames
from vireo.training.plan_rewards import EditQuality
from vireo.training.post_training import open_edit_tasks, save_post_trained
from vireo.training.processes import Processes, joined_processes, own_device
from vireo.training.stage import LoopConfig, Stage
from vireo.training.stages.answer_accuracy import measure_answers
from vireo.training.stages.clip import ClipConfig, ClipStage, measure_patches, measure_retrieval
from vireo.training.stages.edit_grpo import EditGrpoConfig, EditGrpoStage
from vireo.training.stages.editor import EditorConfig, EditorStage
from vireo.training.stages.perception import PerceptionConfig, PerceptionStage, measure_cells
from vireo.training.stages.reasoner import ReasonerStage, ReasonerStageConfig
from vireo.training.stages.reinforce import ReinforceConfig, ReinforceStage, open_tasks
from vireo.training.stages.t2v import T2vConfig, T2vStage
from vireo.training.stages.vae import VaeConfig, VaeStage
from vireo.training.stages.vlm import VlmConfig, VlmStage, new_instructor
from vireo.training.validation import Validation
from vireo.types import OnCount
from vireo.world.families import MOVABLE_FAMILIES

STAGES = ("vae", "clip", "vlm", "t2v", "editor", "perception", "reasoner")
"""The stages of mini, in order. The last two need none of the others."""


@dataclass(frozen=True)
class MiniConfig:
    """data and stages; steps, guidance: with which the finished pipeline edits where a call names none."""

    data: DataConfig = field(default_factory=DataConfig)
    vae: VaeConfig = field(default_factory=VaeConfig)
    clip: ClipConfig = field(default_factory=ClipConfig)
    vlm: VlmConfig = field(default_factory=VlmConfig)
    t2v: T2vConfig = field(default_factory=T2vConfig)
    editor: EditorConfig = field(default_factory=EditorConfig)
    reasoner: ReasonerStageConfig = field(default_factory=ReasonerStageConfig)
    reinforce: ReinforceConfig = field(default_factory=ReinforceConfig)
    grpo: EditGrpoConfig = field(default_factory=EditGrpoConfig)
    perception: PerceptionConfig = field(default_factory=PerceptionConfig)
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
    device: str = "auto",
    dtype: str | None = None,
) -> bool:
    """Runs one stage, or all in order for "mini". True once it is finished; the same call goes on otherwise.

    device, dtype: see `pick_device` and `pick_dtype`; dtype is that of every stage's loop and of all caches.
    Raises InputError where an earlier stage is missing, a setting is unknown or there is no such device.
    """
    if stage != "grpo" and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError(f"stage {stage} runs in one process", "start it without torchrun")
    dtypes = {f"{name}.loop.dtype": dtype for name in (*STAGES, "grpo")} if dtype else {}
    place, precision = pick_device(device), pick_dtype(dtype)
    config = overridden(MiniConfig(), {**dtypes, **(overrides or {})})
    if stage == "mini" and config.editor.init_from:
        raise InputError("editor.init_from takes the place of all stages before", "run: vireo train editor")
    workdir = Path(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    with whole_file(workdir / "config.json") as path:
        path.write_text(as_json(config))
    training = _MiniTraining(config, workdir, minutes, on_progress, place, precision)
    try:
        return all(training.finish(name) for name in (STAGES if stage == "mini" else [stage]))
    except _TimeUp:
        return False


class _MiniTraining:
    """The stages of mini over one workdir."""

    def __init__(
        self,
        config: MiniConfig,
        workdir: Path,
        minutes: float | None,
        on_progress: OnProgress | None,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.config, self.workdir, self.on_progress = config, workdir, on_progress
        self.deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.device = device
        self.artifacts = Artifacts(
            workdir, config.data, config.vlm.clips, device, self._progress_for, config.vlm.init_from, dtype
        )

    def finish(self, stage: str) -> bool:
        """Runs a stage to its end, at once where its model exists; False where the time does not suffice."""
        run_stage: Callable[[], bool] = getattr(self, f"_{stage}")
        return self.artifacts.finished(stage) or run_stage()

    def _vae(self) -> bool:
        sets = self.artifacts.pair_sets
        stage = VaeStage(self.config.vae, sets.frames_of("parts-1", sets.read_first(1)), self.device)
        if not self._run(stage):
            return False
        save_model(self.workdir / "vae" / "model", stage.finish())
        return True

    def _clip(self) -> bool:
        artifacts = self.artifacts
        tower = artifacts.initial.instructor.model.vision_tower if artifacts.initial else None
        stage = ClipStage(self.config.clip, artifacts.pictures, artifacts.tokenizer, self.device, tower)
        if not self._run(stage):
            return False
        finished = stage.finish()
        # With a watermark, a style or a light, part of what a caption says cannot be seen.
        pairs = artifacts.pair_sets.validation
        clips = {pair.source for pair in pairs if pair.family != "watermark"}
        clips |= {pair.target for pair in pairs if pair.family in MOVABLE_FAMILIES}
        plain = sorted(artifacts.validation_pictures.number[path] for path in clips)
        retrieval = measure_retrieval(stage.module.clip, stage.processor, artifacts.validation_pictures, plain)
        patches = measure_patches(stage.module, artifacts.validation_pictures)
        self._save_metrics("clip", retrieval | {"patches": patches})
        save_model(self.workdir / "clip" / "model", finished)
        return True

    def _vlm(self) -> bool:
        artifacts, initial = self.artifacts, self.artifacts.initial
        if initial is None:
            artifacts.model("clip")  # before hours of rendering
        sampler, tokenizer = artifacts.sampler, artifacts.tokenizer
        instructor = initial.instructor if initial else self._new_instructor()
        stage = VlmStage(self.config.vlm, sampler, tokenizer, instructor, self.device)
        if not self._run(stage):
            return False
        finished = stage.finish()
        self._save_metrics("vlm", measure_answers(stage.module.instructor, artifacts.validation_sampler))
        processor = build_mini_processor(tokenizer, sampler.patch_size)
        seen = Instructor(stage.module.instructor, processor, artifacts.template)
        familiarity = familiarity_with_studio(seen, self.config.vlm.scenes, self._progress_for("familiar scenes"))
        save_model(self.workdir / "vlm" / "familiarity", familiarity)
        if initial:
            initial.register_to_config(wiring=asdict(replace(initial.wiring, template=artifacts.template)))
            initial.register_modules(familiarity=familiarity)
            command = f"vireo train vlm --set vlm.init_from={self.config.vlm.init_from}"
            self._save_pipeline(initial, command, self.config.vlm.loop)
        save_model(self.workdir / "vlm" / "model", finished)
        return True

    def _new_instructor(self) -> LlavaForConditionalGeneration:
        model = CLIPModel.from_pretrained(self.artifacts.model("clip"), dtype=torch.float32)
        pixels = self.artifacts.pictures.sample_pixels()
        return new_instructor(model, len(self.artifacts.tokenizer), pixels, self.config.vlm.loop.seed)

    def _t2v(self) -> bool:
        for earlier in ("vae", "vlm"):
            self.artifacts.model(earlier)  # before hours of rendering
        captions = self.artifacts.captions()
        stage = T2vStage(self.config.t2v, self.artifacts.latents, captions, self.artifacts.vae_model, self.device)
        if not self._run(stage):
            return False
        save_model(self.workdir / "t2v" / "model", stage.module)
        return True

    def _editor(self) -> bool:
        config, artifacts, command = self.config.editor, self.artifacts, "vireo train mini"
        if config.init_from:
            pipe, command = VireoPipeline.from_pretrained(config.init_from), "vireo train editor"
            artifacts.adopt(pipe)
            editor = pipe.transformer
        else:
            base = HunyuanVideoTransformer3DModel.from_pretrained(artifacts.model("t2v"))
            editor = widen_for_editing(base, config.prediction == "affine")
        if config.patch_size is not None:
            editor = with_finer_patches(editor, config.patch_size)
        pairs = artifacts.pair_sets.validation
        validation = Validation(self._assemble(editor), self.workdir / "data", pairs, per_family=16)
        studio, footage = list(artifacts.studio_edits(shifts=config.shifts)), artifacts.footage_edits()
        if not studio:
            raise InputError("there is nothing to learn from", "set data.pairs, data.edits or data.imported")
        stage = EditorStage(config, editor, studio, footage, validation, self.device)
        done = self._run(stage)
        self._save_pipeline(self._assemble(stage.module), command, config.loop)
        return done

    def _reasoner(self) -> bool:
        stage = ReasonerStage(self.config.reasoner, self.device)
        if not self._run(stage):
            return False
        model = self.workdir / "reasoner" / "model"
        save_model(model, stage.finish())
        stamp_weights(model, _origin("vireo train reasoner", stage.loop))
        return True

    def _reinforce(self) -> bool:
        config = self.config.reinforce
        writer = load_bundle(Path(config.init_from) if config.init_from else self.artifacts.model("reasoner"))
        vocabulary, editor = studio_vocabulary(), open_editor(config.editor)
        folder = self.workdir / "data" / "reinforce"
        tasks = open_tasks(folder, config, Language(vocabulary), self._progress_for("queries"))
        quality = EditQuality(folder, editor) if config.quality else None
        stage = ReinforceStage(config, writer, vocabulary, tasks, quality, self.device)
        if not self._run(stage):
            return False
        model = self.workdir / "reinforce" / "model"
        save_model(model, stage.finish())
        stamp_weights(model, _origin("vireo train reinforce", stage.loop))
        return True

    def _grpo(self) -> bool:
        with joined_processes(self.device) as processes:
            return self._post_trained(self.config.grpo, processes)

    def _post_trained(self, config: EditGrpoConfig, processes: Processes) -> bool:
        config.rewards.weighed()  # what cannot run is told before thousands of pairs are made
        device = own_device(self.device)
        pipe = VireoPipeline.from_pretrained(config.init_from)
        pipe.set_progress_bar_config(disable=True)
        if not processes.first:
            processes.agreed(None)  # the first process makes the sets, the others read them
        tasks, truth = open_edit_tasks(self.artifacts.pair_sets, config)
        if processes.first:
            processes.agreed(None)
        panel = open_rewards(config.rewards.beside(device))
        try:
            stage = EditGrpoStage(config, pipe, tasks, panel, truth, device, processes)
            if not self._run(stage):
                return False
        finally:
            panel.close()
        if processes.first:
            save_post_trained(self.workdir / "grpo", stage, _origin("vireo train grpo", config.loop))
        processes.agreed(None)
        return True

    def _perception(self) -> bool:
        config = self.config.perception
        stage = PerceptionStage(config, self._frames(config.seed, config.scenes), self.device)
        if not self._run(stage):
            return False
        finished = stage.finish()
        shares = measure_cells(finished, self._frames(config.validation_seed, config.validation_scenes), self.device)
        self._save_metrics("perception", shares)
        model = self.workdir / "perception" / "model"
        save_model(model, finished)
        scores = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
        stamp_weights(model, _origin("vireo train perception", config.loop) | {"scores": scores})
        return True

    def _frames(self, seed: int, scenes: int) -> FrameShards:
        folder = self.workdir / "cache" / f"perception-{code_digest('vireo.training.perception_frames')}"
        return cache_labelled_frames(seed, scenes, folder, self._progress_for("pictures"))

    def _save_metrics(self, stage: str, metrics: dict[str, Any]) -> None:
        with whole_file(self.workdir / stage / "metrics.json") as path:
            path.write_text(json.dumps(metrics, indent=1) + "\n")

    def _run(self, stage: Stage[Any, Any]) -> bool:
        left = None if self.deadline is None else (self.deadline - time.monotonic()) / 60
        if left is not None and left <= 0:
            raise _TimeUp  # before the module is that of the checkpoint: an editor is saved as it is
        return run(stage, self.workdir, minutes=left, on_progress=self.on_progress)

    def _progress_for(self, name: str) -> OnCount:
        began = time.monotonic()

        def on_count(done: int, total: int) -> None:
            now = time.monotonic()
            if self.on_progress:
                left = (total - done) * (now - began) / max(done, 1)
                self.on_progress(Progress(name, done, total, float("nan"), left))
            if self.deadline is not None and now > self.deadline:
                raise _TimeUp

        return on_count

    # The result.

    def _assemble(self, transformer: HunyuanVideoTransformer3DModel) -> VireoPipeline:
        vocabulary = studio_vocabulary(self.config.data.trained_families)
        own = {"steps": self.config.steps, "guidance": self.config.guidance, "vocabulary": vocabulary}
        facts = MINI_FACTS.model_copy(update=own)
        return VireoPipeline(
            self.artifacts.vae_model,
            transformer,
            self.artifacts.instructor,
            self.artifacts.processor,
            FlowMatchEulerDiscreteScheduler(shift=self.config.editor.shift),
            familiarity=self.artifacts.familiarity,
            facts=facts.model_dump(),
            wiring=asdict(VivaConfig(template=self.artifacts.template, prediction=self.config.editor.prediction)),
        )

    def _save_pipeline(self, pipeline: VireoPipeline, command: str, loop: LoopConfig) -> None:
        save_model(self.workdir / "mini", pipeline)
        stamp_weights(self.workdir / "mini", _origin(command, loop))


def _origin(command: str, loop: LoopConfig) -> dict[str, str]:
    """What the files of weights say of where they come from."""
    return {"command": command, "commit": source_commit(), "seed": str(loop.seed)}
