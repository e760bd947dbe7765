"""Exploration: groups of edits of one clip by one instruction that differ, so that rewards can tell them apart.

noise       other noise, at the start or in stochastic steps: what VIVA and Flow-GRPO do
paraphrase  other words for the same instruction
guidance    classifier-free guidance, stronger than the editor is served with
plan        an instruction that asks for several things, carried out part after part by the editor as it was before

In whatever way a sample came about, it is the original instruction that it is learned for. Ways other than noise are
for objectives that ask for samples alone (`forward_process`): only of noise there are probabilities.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from vireo.errors import InputError
from vireo.flow.sample import Velocity, sample
from vireo.flow.sde import CPS, FlowSDE, Process, StochasticSampling, Trajectory, sample_trajectory
from vireo.models.editors.viva import VireoPipeline
from vireo.models.editors.viva_editor import VivaEditor
from vireo.models.instructor.states import Conditioning
from vireo.models.latents import to_uint8
from vireo.pipeline.execute import Execution, execute_frames
from vireo.pipeline.planning import execution_of
from vireo.reasoning.reading_planner import ReadingPlanner
from vireo.training.edit_tasks import EditTask
from vireo.training.kept_samples import KeptSamples
from vireo.training.lora import adapter_off
from vireo.types import EditRequest, EditSettings

Way = Literal["noise", "paraphrase", "guidance", "plan"]
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True)
class ExplorationConfig:
    """noise, paraphrase, guidance, plan: samples of a group that come about in each way; 0 switches a way off. A task
        that allows none of a way (no paraphrases, a single edit) has samples by noise in their place, which is counted.
    steps: of sampling. guidances: guidance scales, in turn for the group's samples of that way.
    process, eta: of stochastic steps, see `flow.sde`. window: so many steps in a row, at a place drawn anew for each
        iteration, are stochastic, and are those that count in the ratio; 0 for none, all for the plain algorithm.
    kept: folder in which samples by plan are kept. The editor as it was makes them, so that they are the same in every
        run: runs that name the same folder make each once. None makes them anew, from other noise, each time.
    shared_noise: whether a group starts from one initial noise; the steps before the window are then the same for all
        of it, and are computed once.
    """

    noise: int = 2
    paraphrase: int = 2
    guidance: int = 0
    plan: int = 2
    steps: int = 4
    guidances: tuple[float, ...] = (2.0, 4.0)
    process: Literal["cps", "flow-sde"] = "cps"
    eta: float = 0.7
    window: int = 2
    kept: str | None = None
    shared_noise: bool = True

    @property
    def group(self) -> int:
        return self.noise + self.paraphrase + self.guidance + self.plan

    @property
    def ways(self) -> tuple[Way, ...]:
        """Of the samples of a group, in order."""
        return tuple(way for way in WAYS for _ in range(getattr(self, way)))


@dataclass(frozen=True)
class Rollout:
    """One sample. group: number of its task. way: in which it came about. text: what the editor was given there.
    clean: (C, k + 1, h, w) float32, its latent. frames: uint8 (T, H, W, 3)."""

    group: int
    way: Way
    text: str
    clean: Tensor
    frames: np.ndarray


@dataclass(frozen=True)
class Exploration:
    """rollouts: of all groups, one group after the other. trajectory: of the same rows, where all came about by noise;
    else None. counts: samples of each way, and as "no WAY" those that noise had to stand in for."""

    rollouts: list[Rollout]
    trajectory: Trajectory | None
    counts: Mapping[str, int]


@dataclass(frozen=True)
class EditField:
    """What an editor is told of N edits, computed once: source (N, C, k + 1, h, w) and conditioning of N rows."""

    pipe: VireoPipeline
    source: Tensor
    condition: Conditioning

    def rows(self, places: Sequence[int]) -> "EditField":
        """Of these edits, in this order; one may come several times."""
        return EditField(self.pipe, self.source[list(places)], _rows(self.condition, places))

    @property
    def velocity(self) -> Velocity:
        """For as many states as there are edits, or a multiple: those of one edit follow each other."""

        def field(z: Tensor, t: Tensor) -> Tensor:
            each = len(z) // len(self.source)
            of = self if each == 1 else self.rows([row for row in range(len(self.source)) for _ in range(each)])
            return self.pipe.conditioned_velocity(of.source, of.condition)(z, t)

        return field


@torch.no_grad()
def edit_field(pipe: VireoPipeline, tasks: Sequence[EditTask]) -> EditField:
    """The edits that tasks ask for."""
    clips = [task.frames for task in tasks]
    source = pipe.encode(pipe.pixels(clips)).float()
    return EditField(pipe, source, pipe.condition([task.instruction for task in tasks], clips, [None] * len(tasks)))


Place = tuple[int, int]
"""Of a sample: number of its group, and its own in it."""


class Explorer:
    """Makes groups of samples with a pipeline whose transformer has an adapter (`lora`).

    Raises InputError for settings that do not fit together.
    """

    def __init__(self, pipe: VireoPipeline, config: ExplorationConfig) -> None:
        self.pipe, self.config, self.editor = pipe, config, VivaEditor(pipe)
        self.process: Process = {"cps": CPS, "flow-sde": FlowSDE}[config.process](config.eta)
        self.times = pipe.times(config.steps)
        self.kept = KeptSamples(Path(config.kept), pipe) if config.kept else None
        noisy = config.steps - (config.process == "cps")  # CPS's last step has no noise
        if not 0 <= config.window <= noisy:
            raise InputError(f"a window of {config.window} of {noisy} steps with noise", "set steps or window")
        self.windows = noisy - config.window + 1
        if config.shared_noise and config.noise > 1 and config.window == 0:
            raise InputError("samples of the same noise would be the same", "set window above 0, or shared_noise=false")
        if config.group < 2 or (config.guidance and not config.guidances):
            raise InputError("a group needs two samples, and guidance its scales", "set noise, guidances and the like")

    def stochastic(self, window_at: float) -> range:
        """The stochastic steps. window_at: in 0..1, of the places that they may have."""
        first = min(int(window_at * self.windows), self.windows - 1)
        return range(first, first + self.config.window)

    @torch.no_grad()
    def explore(self, tasks: Sequence[EditTask], field: EditField, seeds: np.ndarray, window_at: float) -> Exploration:
        """The groups of N tasks, of G samples each.

        field: of the same tasks. seeds: (N, G + 1), of each group's initial noise and of each sample. window_at: see
        `stochastic`.
        """
        plans = [self._plan(task) if self.config.plan else None for task in tasks]
        ways: dict[Place, Way] = {
            (n, m): wanted if _allowed(wanted, task, plan) else "noise"
            for n, (task, plan) in enumerate(zip(tasks, plans, strict=True))
            for m, wanted in enumerate(self.config.ways)
        }
        of = {way: [place for place, each in ways.items() if each == way] for way in WAYS}
        texts = {place: tasks[place[0]].instruction for place in ways}
        for n, m in of["paraphrase"]:
            texts[n, m] = tasks[n].paraphrases[int(seeds[n, m + 1]) % len(tasks[n].paraphrases)]

        trajectory = self._by_noise(field, of["noise"], seeds, window_at)
        latents: dict[Place, Tensor] = {}
        if trajectory is not None:
            latents.update(zip(of["noise"], trajectory.states[-1], strict=True))
        latents |= self._by_paraphrase(tasks, field, texts, of["paraphrase"], seeds)
        latents |= self._by_guidance(tasks, field, of["guidance"], seeds)
        frames: dict[Place, np.ndarray] = {}
        if latents:
            frames |= zip(latents, to_uint8(self.pipe.decode_pixels(torch.stack(list(latents.values())))), strict=True)
        for n, m in of["plan"]:
            frames[n, m] = self._by_plan(tasks[n], plans[n], m if self.kept else int(seeds[n, m + 1]))
        if of["plan"]:
            encoded = self.pipe.encode(self.pipe.pixels([frames[place] for place in of["plan"]]))
            latents.update(zip(of["plan"], encoded, strict=True))
        made = [Rollout(n, way, texts[n, m], latents[n, m].float(), frames[n, m]) for (n, m), way in ways.items()]
        counts = Counter(rollout.way for rollout in made)
        missed = Counter(f"no {wanted}" for (_, m), way in ways.items() if (wanted := self.config.ways[m]) != way)
        return Exploration(made, trajectory if len(of["noise"]) == len(ways) else None, counts | missed)

    def _by_noise(
        self, field: EditField, places: list[Place], seeds: np.ndarray, window_at: float
    ) -> Trajectory | None:
        if not places:
            return None
        stochastic, shape = self.stochastic(window_at), field.source.shape[1:]
        generators = [_generator(seeds[n, m + 1]) for n, m in places]
        groups, each = range(len(field.source)), len(places) // len(field.source)
        alike = all(sum(n == group for n, _ in places) == each for group in groups)
        if self.config.shared_noise and alike:
            noise = [torch.randn(shape, generator=_generator(seeds[n, 0])) for n in groups]
            sampling = StochasticSampling(self.process, stochastic, each, shared=stochastic.start)
            velocity = field.velocity
        else:
            starts = [
                _generator(seeds[n, 0]) if self.config.shared_noise else generators[i]
                for i, (n, _) in enumerate(places)
            ]
            noise = [torch.randn(shape, generator=start) for start in starts]
            sampling, velocity = (
                StochasticSampling(self.process, stochastic),
                field.rows([n for n, _ in places]).velocity,
            )
        return sample_trajectory(velocity, torch.stack(noise).to(field.source.device), self.times, sampling, generators)

    def _by_paraphrase(
        self,
        tasks: Sequence[EditTask],
        field: EditField,
        texts: Mapping[Place, str],
        places: list[Place],
        seeds: np.ndarray,
    ) -> dict[Place, Tensor]:
        if not places:
            return {}
        clips = [tasks[n].frames for n, _ in places]
        condition = self.pipe.condition([texts[place] for place in places], clips, [None] * len(places))
        velocity = self.pipe.conditioned_velocity(field.source[[n for n, _ in places]], condition)
        return dict(zip(places, self._sampled(velocity, field, places, seeds), strict=True))

    def _by_guidance(
        self, tasks: Sequence[EditTask], field: EditField, places: list[Place], seeds: np.ndarray
    ) -> dict[Place, Tensor]:
        found: dict[Place, Tensor] = {}
        if not places:
            return found
        first = min(m for _, m in places)
        blank = self.pipe.condition([""] * len(tasks), [task.frames for task in tasks], [None] * len(tasks))
        scales = self.config.guidances
        for number, scale in enumerate(scales):
            chosen = [(n, m) for n, m in places if (m - first) % len(scales) == number]
            if chosen:
                rows = [n for n, _ in chosen]
                condition = _stacked(_rows(blank, rows), _rows(field.condition, rows))
                velocity = self.pipe.conditioned_velocity(field.source[rows], condition, scale)
                found |= zip(chosen, self._sampled(velocity, field, chosen, seeds), strict=True)
        return found

    def _sampled(self, velocity: Velocity, field: EditField, places: list[Place], seeds: np.ndarray) -> Tensor:
        noise = [torch.randn(field.source.shape[1:], generator=_generator(seeds[n, m + 1])) for n, m in places]
        return sample(velocity, torch.stack(noise).to(field.source.device), self.times)

    def _plan(self, task: EditTask) -> Execution | None:
        """Of an instruction that asks for several things, in words that the editor knows."""
        vocabulary = self.editor.facts.vocabulary
        if vocabulary is None:
            return None
        plan = ReadingPlanner(vocabulary).plan(task.instruction)
        return execution_of(plan, self.editor, always=False) if len(plan.steps) > 1 else None

    def _by_plan(self, task: EditTask, plan: Execution | None, seed: int) -> np.ndarray:
        assert plan is not None, "it was asked whether there is one"
        request = EditRequest(instruction=task.instruction, settings=EditSettings(seed=seed))

        def make() -> np.ndarray:
            with adapter_off(self.pipe.transformer):
                return execute_frames(plan, task.frames, task.fps, request).edited

        return make() if self.kept is None else self.kept.frames(task.frames, task.instruction, seed, make)


def _allowed(way: Way, task: EditTask, plan: Execution | None) -> bool:
    return {"paraphrase": len(task.paraphrases) > 0, "plan": plan is not None}.get(way, True)


def _generator(seed: np.integer) -> torch.Generator:
    return torch.Generator().manual_seed(int(seed))


def _rows(condition: Conditioning, places: Sequence[int]) -> Conditioning:
    at = list(places)
    return Conditioning(condition.states[at], condition.mask[at], condition.pooled[at])


def _stacked(one: Conditioning, other: Conditioning) -> Conditioning:
    """Rows below rows; the shorter ones are filled up with states that are no valid ones."""
    longest = max(one.mask.shape[1], other.mask.shape[1])

    def filled(x: Tensor) -> Tensor:
        return torch.cat([x, x.new_zeros(len(x), longest - x.shape[1], *x.shape[2:])], 1)

    states, mask = (torch.cat([filled(a), filled(b)]) for a, b in ((one.states, other.states), (one.mask, other.mask)))
    return Conditioning(states, mask, torch.cat([one.pooled, other.pooled]))
