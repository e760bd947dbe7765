"""The ladder: what each part of VIVA's recipe brings, at one small equal budget, over seeds (VIVA, Table 2).

vanilla      the instructor reads the instruction alone; plain loss; videos only
+V           it sees the first frame, and the reference picture where there is one
+V+M         masked loss (Eq. 3)
+V+M+I       images among the videos (0.6 / 0.4)
+V+M+I+R     a reference latent beside the source's (the papers' figure 2; not in the table)

Everything else is the same: the text-to-video base, the pairs, the steps, the noise of each seed. IMAGE_ONLY families
come in image steps alone, as VIVA's stylisation does, and are judged on video all the same. Departures: mini instead of
13 B parameters, our studio, exact scores instead of a judge. E comes with Edit-GRPO.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideoTransformer3DModel

from vireo.errors import InputError
from vireo.evaluation.editors import EditOptions, fingerprint
from vireo.evaluation.records import Record, read_records
from vireo.evaluation.runner import evaluate
from vireo.metrics.bootstrap import RESAMPLES
from vireo.models.presets import resolve
from vireo.models.transformer import widen_for_editing
from vireo.pipeline.pipeline import VireoPipeline
from vireo.runtime import pick_device, source_commit, whole_file
from vireo.training.editor import EditorConfig, EditorStage
from vireo.training.export import save_model, stamp_weights
from vireo.training.loop import LoopConfig, Progress, run
from vireo.training.material import Material
from vireo.training.sets import DataConfig
from vireo.training.t2v import T2vConfig, T2vStage
from vireo.world.generate import make_pairs

IMAGE_ONLY = ("style", "recolor", "background")
TEST_SEED = 3_000_000
"""Of the clips on which rungs are compared; of the test split, and of no other set of ours."""


@dataclass(frozen=True)
class Rung:
    """sees: V. mask: M. images: I. reference: a reference latent in some steps, and where a pair has a reference."""

    sees: bool = False
    mask: bool = False
    images: bool = False
    reference: bool = False


RUNGS: dict[str, Rung] = {
    "vanilla": Rung(),
    "+V": Rung(sees=True),
    "+V+M": Rung(sees=True, mask=True),
    "+V+M+I": Rung(sees=True, mask=True, images=True),
    "+V+M+I+R": Rung(sees=True, mask=True, images=True, reference=True),
}


@dataclass(frozen=True)
class LadderConfig:
    """pairs: to learn from. steps: of each run, batch: clips a step. base_steps: of the text-to-video base that all
    start from. tests: pairs on which every run is scored. compile_blocks: see `LoopConfig`."""

    pairs: int = 4000
    steps: int = 1000
    batch: int = 24
    base_steps: int = 400
    tests: int = 130
    compile_blocks: bool = True


def climb(
    workdir: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    rungs: Sequence[str] = tuple(RUNGS),
    config: LadderConfig = LadderConfig(),
    model: str = "mini",
    minutes: float | None = None,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any] | None:
    """Trains and scores every rung with every seed; returns the table, or None where `minutes` were too few.

    workdir: holds everything and goes on where a broken run stopped: data, caches, t2v, runs/RUNG-SEED, ladder.json
    and ladder.md. model: a pipeline whose autoencoder and instructor are used, frozen.

    Several processes may share the work once data and base are there: give each other seeds.
    Raises InputError for unknown rungs.
    """
    unknown = [rung for rung in rungs if rung not in RUNGS]
    if unknown:
        raise InputError(f"there is no rung {unknown[0]!r}", f"choose from {', '.join(RUNGS)}")
    show = on_progress or (lambda done, total, label: None)
    work = _Work(Path(workdir), config, model, minutes, show)
    if not work.base():
        return None
    for seed in seeds:
        for rung in rungs:
            if not work.rung(rung, seed):
                return None
    found = {rung: {seed: work.records(rung, seed) for seed in seeds} for rung in rungs}
    report = ladder_table(found) | {"config": asdict(config), "model": model, "command": command}
    report |= {"seeds": list(seeds), "commit": source_commit()}
    for name, text in (("ladder.json", json.dumps(report, indent=1)), ("ladder.md", as_markdown(report))):
        with whole_file(Path(workdir) / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return report


class _Work:
    def __init__(
        self, workdir: Path, config: LadderConfig, model: str, minutes: float | None, show: Callable[..., None]
    ) -> None:
        self.workdir, self.config, self.minutes, self.show = workdir, config, minutes, show
        workdir.mkdir(parents=True, exist_ok=True)
        plan, noted = asdict(config) | {"weights": fingerprint(resolve(model))}, workdir / "plan.json"
        if noted.is_file() and json.loads(noted.read_text()) != plan:
            raise InputError(f"{workdir} holds a ladder of other settings", "choose another --workdir, or the same")
        with whole_file(noted) as temporary:
            temporary.write_text(json.dumps(plan))
        data = DataConfig(pairs=(config.pairs,), seeds=(0,), edits=(), edits_seeds=(), edits_families=())
        tick = lambda name: lambda done, total: show(done, total, name)  # noqa: E731
        self.material = Material(workdir, data, 0, pick_device(), tick, former=model)
        self.material.adopt(self.material.former)

    def base(self) -> bool:
        """The text-to-video model that every rung starts from, and the clips that every one is scored on."""
        test = self.workdir / "test"
        make_pairs(test, count=self.config.tests, seed=TEST_SEED, split="test", on_progress=self._tick("test clips"))
        if self.material.finished("t2v"):
            return True
        settings = T2vConfig()
        stage = T2vStage(
            replace(settings, loop=self._loop(settings.loop, self.config.base_steps, 0)),
            self.material.latents,
            self.material.captions(),
            self.material.vae_model,
            self.material.device,
        )
        if not self._run(stage, self.workdir, "base"):
            return False
        save_model(self.workdir / "t2v" / "model", stage.module)
        return True

    def rung(self, name: str, seed: int) -> bool:
        """Trains and scores one run."""
        home = self.home(name, seed)
        if not (home / "mini").exists():
            rung, settings = RUNGS[name], EditorConfig()
            mixture = replace(settings.mixture, image=settings.mixture.image if rung.images else 0.0, footage=0.0)
            latents = {"reference": mixture.reference if rung.reference else 0.0, "reference_plain": not rung.reference}
            mixture = replace(mixture, **latents, image_only=IMAGE_ONLY)
            given = replace(
                settings,
                mask_share=settings.mask_share if rung.mask else 0.0,
                mixture=mixture,
                loop=self._loop(settings.loop, self.config.steps, seed),
            )
            base = HunyuanVideoTransformer3DModel.from_pretrained(self.material.model("t2v"))
            editor = widen_for_editing(base, given.prediction == "affine")
            studio = list(self.material.studio_edits(rung.sees))
            stage = EditorStage(given, editor, studio, None, None, self.material.device)
            if not self._run(stage, home, f"{name}, seed {seed}"):
                return False
            save_model(home / "unstamped", self._pipeline(stage.module, given, rung))
            stamp_weights(home / "unstamped", {"rung": name, "seed": str(seed), "commit": source_commit()})
            (home / "unstamped").rename(home / "mini")
        # Straight from the pipeline, and without looking first: the recipe is judged, not what stands around it.
        options = EditOptions(preserve="off", look=False)
        evaluate(self.workdir / "test", out=home / "report", model=str(home / "mini"), options=options)
        return True

    def records(self, name: str, seed: int) -> dict[str, Record]:
        records = read_records(self.home(name, seed) / "report" / "records.jsonl")
        return {record.id: record for record in records.values()}

    def home(self, name: str, seed: int) -> Path:
        return self.workdir / "runs" / f"{name.replace('+', '') or name}-{seed}"

    def _pipeline(self, transformer: HunyuanVideoTransformer3DModel, given: EditorConfig, rung: Rung) -> VireoPipeline:
        former = self.material.former
        return VireoPipeline(
            former.vae,
            transformer,
            former.instructor,
            former.processor,
            FlowMatchEulerDiscreteScheduler(shift=given.shift),
            prediction=given.prediction,
            template=vars(self.material.template),
            steps=former.config.steps,
            guidance=former.config.guidance,
            instructor_sees=rung.sees,
            reference_latents=rung.reference,
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


Runs = Mapping[str, Mapping[int, Mapping[str, Record]]]
"""Records by rung, seed and pair."""


def ladder_table(runs: Runs) -> dict[str, Any]:
    """For each rung, by task and for groups of tasks: success and mean edit error, with 95 % intervals over both the
    seeds and the pairs; and the same of each rung minus the one before, where seeds and pairs are paired.

    groups: `videos` (tasks that were learned on video), `image only`, `all` of these, and `reference` by itself; every
    task weighs the same. A step `holds` where the interval of its success leaves out 0.
    """
    rungs = list(runs)
    seeds, ids = list(runs[rungs[0]]), list(runs[rungs[0]][next(iter(runs[rungs[0]]))])
    tasks: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(ids):
        tasks[runs[rungs[0]][seeds[0]][name].family].append(place)
    tasks.pop("hybrid", None)  # kept out of all training
    groups = {
        "videos": [task for task in tasks if task not in (*IMAGE_ONLY, "reference")],
        "image only": [task for task in tasks if task in IMAGE_ONLY],
        "all": [task for task in tasks if task != "reference"],
        "reference": [task for task in tasks if task == "reference"],
    }
    measures = {"success": lambda r: float(r.composited.success), "edit_error": lambda r: r.composited.edit_error}
    table: dict[str, Any] = {"tasks": {}, "groups": {}, "steps": {}}
    values = {
        (rung, name): np.array([[_number(measure(runs[rung][seed][i])) for i in ids] for seed in seeds])
        for rung in rungs
        for name, measure in measures.items()
    }
    for rung in rungs:
        each = {task: {m: _interval(values[rung, m], [tasks[task]]) for m in measures} for task in tasks}
        table["tasks"][rung] = each
        table["groups"][rung] = {
            group: {m: _interval(values[rung, m], [tasks[task] for task in members]) for m in measures}
            for group, members in groups.items()
        }
    for before, after in itertools.pairwise(rungs):
        gained = {m: values[after, m] - values[before, m] for m in measures}
        step = {
            group: {m: _interval(gained[m], [tasks[task] for task in members]) for m in measures}
            for group, members in groups.items()
        }
        for found in step.values():
            success = found["success"]
            found["holds"] = success is not None and (success["low"] > 0 or success["high"] < 0)
        table["steps"][f"{after} against {before}"] = step
    return table


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _interval(values: np.ndarray, groups: Sequence[Sequence[int]]) -> dict[str, float] | None:
    """The mean over groups of their means, of values (seeds, pairs); seeds and, within groups, pairs are resampled."""
    # What has no value (the edit error of an absent object) has none with any seed.
    groups = [known for group in groups if len(known := [p for p in group if not np.isnan(values[:, p]).any()])]
    if not groups:
        return None
    generator, seeds = np.random.default_rng(0), len(values)
    drawn = values[generator.integers(0, seeds, (RESAMPLES, seeds))].mean(1)  # (RESAMPLES, pairs)
    means = [
        np.take_along_axis(drawn[:, group], generator.integers(0, len(group), (RESAMPLES, len(group))), 1).mean(1)
        for group in groups
    ]
    low, high = np.percentile(np.mean(means, axis=0), [2.5, 97.5])
    mean = float(np.mean([values[:, group].mean() for group in groups]))
    return {"rate": mean, "n": sum(map(len, groups)) * seeds, "low": float(low), "high": float(high)}


def as_markdown(report: Mapping[str, Any]) -> str:
    """Success in per cent by task and rung, the groups below, then each step up and whether it holds."""
    rungs = list(report["tasks"])
    lines = ["| task | " + " | ".join(rungs) + " |", "|---|" + "---|" * len(rungs)]
    for task in report["tasks"][rungs[0]]:
        lines.append(f"| {task} | " + " | ".join(_cell(report["tasks"][rung][task]) for rung in rungs) + " |")
    for group in report["groups"][rungs[0]]:
        cells = (_cell(report["groups"][rung][group]) for rung in rungs)
        lines.append(f"| **{group}** | " + " | ".join(cells) + " |")
    lines += ["", "Success in per cent (edit error), 95 % intervals over seeds and pairs.", ""]
    for name, step in report["steps"].items():
        for group, found in step.items():
            if found["success"] is None:
                continue
            verdict = "holds" if found["holds"] else "is within chance"
            lines.append(f"- {name}, {group}: {_points(found['success'])} points of success, {verdict}")
    return "\n".join(lines) + "\n"


def _cell(found: Mapping[str, Any]) -> str:
    success, error = found["success"], found["edit_error"]
    rate = f"{100 * success['rate']:.0f} [{100 * success['low']:.0f}, {100 * success['high']:.0f}]" if success else "-"
    return rate + (f" ({error['rate']:.2f})" if error else "")


def _points(success: Mapping[str, Any]) -> str:
    return f"{100 * success['rate']:+.1f} [{100 * success['low']:+.1f}, {100 * success['high']:+.1f}]"
