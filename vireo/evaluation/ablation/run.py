"""Trains and scores every variant of the ladder with every seed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from vireo.errors import InputError
from vireo.evaluation.ablation.table import ablation_table, as_markdown
from vireo.evaluation.ablation.variants import IMAGE_ONLY, VARIANTS, Variant
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import fingerprint
from vireo.evaluation.records import Record, read_records, write_texts
from vireo.evaluation.runner import evaluate
from vireo.models.editors.viva import VireoPipeline, VivaConfig
from vireo.models.presets import resolve
from vireo.models.transformer import widen_for_editing
from vireo.runtime import pick_device, source_commit
from vireo.training.artifacts import Artifacts
from vireo.training.export import save_model, stamp_weights
from vireo.training.loop import Progress, run
from vireo.training.pair_sets import DataConfig
from vireo.training.stage import LoopConfig
from vireo.training.stages.editor import EditorConfig, EditorStage
from vireo.training.stages.t2v import T2vConfig, T2vStage
from vireo.types import EditSettings
from vireo.world.generate import PairSetSpec, make_pairs

TEST_SEED = 3_000_000
"""Of the clips on which variants are compared; of the test split, and of no other set of ours."""

TEST_FAMILIES = (
    *("recolor", "material", "remove", "add", "replace", "resize", "background", "light", "style"),
    *("watermark", "reference", "hybrid", "absent"),
)
"""By name, so that tables of different commits are of the same clips."""


@dataclass(frozen=True)
class AblationConfig:
    """What all runs have in common.

    model: a pipeline whose autoencoder and instructor are used, frozen. pairs: to learn from. steps: of each run,
    batch: clips a step. base_steps: of the text-to-video base that all start from. tests: pairs on which every run is
    scored. compile_blocks: see `LoopConfig`.
    """

    model: str = "mini"
    pairs: int = 4000
    steps: int = 1000
    batch: int = 24
    base_steps: int = 400
    tests: int = 130
    compile_blocks: bool = True


def run_ablation(
    workdir: Path,
    config: AblationConfig = AblationConfig(),
    *,
    variants: Sequence[str] = tuple(VARIANTS),
    seeds: Sequence[int] = (0, 1, 2),
    minutes: float | None = None,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any] | None:
    """Trains and scores every variant with every seed; returns the table, or None where the minutes were too few.

    workdir: holds everything and goes on where a broken run stopped: data, caches, t2v, runs/VARIANT-SEED, ladder.json
    and ladder.md. minutes: stops each run after so many.

    Several processes may share the work once data and base are there: give each other seeds.
    Raises InputError for unknown variants.
    """
    unknown = [name for name in variants if name not in VARIANTS]
    if unknown:
        raise InputError(f"there is no variant {unknown[0]!r}", f"choose from {', '.join(VARIANTS)}")
    work = _Work(workdir, config, minutes, on_progress or (lambda done, total, label: None))
    runs = [(name, seed) for seed in seeds for name in variants]
    if not work.base() or not all(work.train_and_score(name, seed) for name, seed in runs):
        return None
    found = {name: {seed: work.records(name, seed) for seed in seeds} for name in variants}
    origin = {"config": asdict(config), "command": command, "seeds": list(seeds), "commit": source_commit()}
    report = ablation_table(found) | origin
    write_texts(workdir, {"ladder.json": json.dumps(report, indent=1), "ladder.md": as_markdown(report)})
    return report


class _Work:
    def __init__(
        self, workdir: Path, config: AblationConfig, minutes: float | None, show: Callable[[int, int, str], None]
    ) -> None:
        self.workdir, self.config, self.minutes, self.show = workdir, config, minutes, show
        workdir.mkdir(parents=True, exist_ok=True)
        plan, noted = asdict(config) | {"weights": fingerprint(resolve(config.model))}, workdir / "plan.json"
        if noted.is_file() and json.loads(noted.read_text()) != plan:
            raise InputError(f"{workdir} holds a ladder of other settings", "choose another --workdir, or the same")
        write_texts(workdir, {noted.name: json.dumps(plan)})
        data = DataConfig(pairs=(config.pairs,), seeds=(0,), edits=(), edits_seeds=(), edits_families=())
        self.artifacts = Artifacts(workdir, data, 0, pick_device(), self._tick, init_from=config.model)
        initial = self.artifacts.initial
        assert initial is not None, "a model was named"
        self.initial: VireoPipeline = initial
        self.artifacts.adopt(initial)

    def base(self) -> bool:
        """The text-to-video model that every variant starts from, and the clips that every one is scored on."""
        test = self.workdir / "test"
        spec = PairSetSpec(count=self.config.tests, seed=TEST_SEED, split="test", families=TEST_FAMILIES)
        make_pairs(test, spec, on_progress=self._tick("test clips"))
        if self.artifacts.finished("t2v"):
            return True
        settings = T2vConfig()
        stage = T2vStage(
            replace(settings, loop=self._loop(settings.loop, self.config.base_steps, 0)),
            self.artifacts.latents,
            self.artifacts.captions(),
            self.artifacts.vae_model,
            self.artifacts.device,
        )
        if not self._run(stage, self.workdir, "base"):
            return False
        save_model(self.workdir / "t2v" / "model", stage.module)
        return True

    def train_and_score(self, name: str, seed: int) -> bool:
        """One run."""
        home = self.home(name, seed)
        if not (home / "mini").exists():
            variant, settings = VARIANTS[name], EditorConfig()
            mixture = replace(
                settings.mixture,
                image=settings.mixture.image if variant.images else 0.0,
                footage=0.0,
                reference=settings.mixture.reference if variant.reference else 0.0,
                reference_plain=not variant.reference,
                image_only=IMAGE_ONLY,
            )
            given = replace(
                settings,
                mask_share=settings.mask_share if variant.mask else 0.0,
                mixture=mixture,
                loop=self._loop(settings.loop, self.config.steps, seed),
            )
            base = HunyuanVideoTransformer3DModel.from_pretrained(self.artifacts.model("t2v"))
            editor = widen_for_editing(base, given.prediction == "affine")
            studio = list(self.artifacts.studio_edits(variant.sees))
            stage = EditorStage(given, editor, studio, None, None, self.artifacts.device)
            if not self._run(stage, home, f"{name}, seed {seed}"):
                return False
            save_model(home / "unstamped", self._pipeline(stage.module, given, variant))
            stamp_weights(home / "unstamped", {"variant": name, "seed": str(seed), "commit": source_commit()})
            (home / "unstamped").rename(home / "mini")
        # Straight from the pipeline, and without looking first: the recipe is judged, not what stands around it.
        edit = EditSettings(preserve="off", gate=False, executor="model")
        evaluate(self.workdir / "test", home / "report", EvaluationConfig(model=str(home / "mini"), edit=edit))
        return True

    def records(self, name: str, seed: int) -> dict[str, Record]:
        records = read_records(self.home(name, seed) / "report" / "records.jsonl", Record)
        return {record.id: record for record in records.values()}

    def home(self, name: str, seed: int) -> Path:
        return self.workdir / "runs" / f"{name.replace('+', '') or name}-{seed}"

    def _pipeline(
        self, transformer: HunyuanVideoTransformer3DModel, given: EditorConfig, variant: Variant
    ) -> VireoPipeline:
        initial = self.initial
        wiring = VivaConfig(
            template=self.artifacts.template,
            prediction=given.prediction,
            instructor_sees=variant.sees,
            reference_latents=variant.reference,
        )
        return VireoPipeline(
            initial.vae,
            transformer,
            initial.instructor,
            initial.processor,
            FlowMatchEulerDiscreteScheduler(shift=given.shift),
            familiarity=initial.familiarity,
            facts=initial.facts.model_dump(),
            wiring=asdict(wiring),
        )

    def _loop(self, loop: LoopConfig, steps: int, seed: int) -> LoopConfig:
        compiled = loop.compile_blocks and self.config.compile_blocks
        return replace(
            loop, steps=steps, batch_size=self.config.batch, seed=seed, compile_blocks=compiled, sample_every=steps + 1
        )

    def _run(self, stage: Any, home: Path, label: str) -> bool:
        def show(now: Progress) -> None:
            self.show(now.step, now.steps, f"{label}, loss {now.loss:.4f}")

        return run(stage, home, minutes=self.minutes, on_progress=show)

    def _tick(self, label: str) -> Callable[[int, int], None]:
        return lambda done, total: self.show(done, total, label)
