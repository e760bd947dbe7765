"""Stage `grpo`: an editor goes on learning from rewards (VIVA 3.3, A.2, B: Edit-GRPO).

In an iteration the editor makes groups of samples of tasks (`rollout`), rewards compare them within their groups
(`reward_advantages`), and some updates make the better ones likelier (`edit_objectives`). Exact truth of held-out edits
watches (`audit`) and teaches nothing.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from diffusers.pipelines.hunyuan_video.pipeline_output import HunyuanVideoPipelineOutput
from torch import Tensor

from vireo.errors import InputError
from vireo.flow.path import shift_time
from vireo.flow.sample import Velocity
from vireo.judges.judge import Sample
from vireo.models.editors.viva import VireoPipeline
from vireo.models.editors.viva_editor import VivaEditor
from vireo.rewards.opening import RewardsConfig
from vireo.rewards.scores import Panel
from vireo.training.acceleration import plain_attention
from vireo.training.audit import Audit, AuditConfig
from vireo.training.edit_draw import EditDraw
from vireo.training.edit_objectives import Figures, forward_objective, gaussians_of, policy_objective
from vireo.training.edit_tasks import EditTask, EditTasks
from vireo.training.exact_truth import ExactTruth
from vireo.training.forward_process import optimality, update_old_policy
from vireo.training.lora import adapter_off, add_lora, holding, put
from vireo.training.processes import ALONE, Processes
from vireo.training.reward_advantages import RewardAdvantages, RunningSpread, reward_advantages
from vireo.training.rollout import ExplorationConfig, Explorer, Rollout, edit_field
from vireo.training.stage import LoopConfig, Stage, save_rows

log = logging.getLogger(__name__)

_TASK, _ROLLOUT, _NOISE, _WINDOW, _STRIPS = range(5)
"""What random numbers are for, as part of their seeds."""


@dataclass(frozen=True)
class EditGrpoConfig:
    """init_from: preset or folder of the pipeline whose editor goes on learning.

    objective: "grpo", the paper's, from samples by noise alone; or "nft", the forward process, from any samples.
    hybrids, singles, seed: of the set of tasks that is made for it, all of the training split; pair_sets: folders of
        finished sets that take its place. hybrid: share of tasks that ask for several edits at once, 0..1.
    exploration: how the samples of a group come to differ.
    rewards: which, how much each counts, and where they run.
    updates: optimizer's steps on the samples of one iteration; `loop.batch_size` is the number of its groups, and
        `loop.steps` counts updates.
    clip: of the ratio, which is one of means over elements (see `flow.sde`): far smaller than among tokens. beta:
        weight of the divergence from the editor that it was, 0 to leave it out.
    strength, limit: of "nft", see `forward_process`: its beta, and by how many times the rewards' running spread a
        sample has to differ from its group to count as wholly good or bad.
    rank, alpha: of the LoRA (VIVA B has 64 and 128 at 13 billion parameters).
    """

    init_from: str = "mini"
    objective: Literal["grpo", "nft"] = "nft"
    hybrids: int = 700
    singles: int = 700
    seed: int = 720_000
    pair_sets: tuple[str, ...] = ()
    hybrid: float = 0.6
    exploration: ExplorationConfig = field(default_factory=ExplorationConfig)
    rewards: RewardsConfig = field(default_factory=lambda: RewardsConfig(weights={"recommended": 1.0, "critic": 0.5}))
    updates: int = 2
    clip: float = 1e-3
    beta: float = 0.01
    strength: float = 1.0
    limit: float = 1.0
    rank: int = 16
    alpha: float = 32.0
    audit: AuditConfig = field(default_factory=AuditConfig)
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=900,
            batch_size=2,
            learning_rate=3e-4,
            warmup=10,
            cooldown=0.3,
            weight_decay=0.0,
            average=0.98,
            sample_every=100,
            compile_blocks=False,
        )
    )


class EditGrpoStage(Stage[EditGrpoConfig, HunyuanVideoTransformer3DModel]):
    name = "grpo"

    def __init__(
        self,
        config: EditGrpoConfig,
        pipe: VireoPipeline,
        tasks: EditTasks,
        panel: Panel,
        truth: ExactTruth | None,
        device: torch.device,
        processes: Processes = ALONE,
    ) -> None:
        """pipe: whose transformer gets an adapter. truth: of held-out edits; None for no audit. Raises InputError for
        settings that do not fit together."""
        ways = config.exploration
        if config.objective == "grpo" and (ways.group > ways.noise or not ways.window):
            fix = 'set exploration.paraphrase, guidance and plan to 0 and window above 0, or objective="nft"'
            raise InputError("GRPO learns from samples by stochastic steps alone", fix)
        if config.loop.batch_size % processes.count:
            raise InputError(
                f"{config.loop.batch_size} groups cannot be divided among {processes.count} processes",
                "set loop.batch_size to a multiple",
            )
        missing = [name for name, weight in config.rewards.weights.items() if weight and name not in panel.names]
        if missing:
            raise InputError(f"there is no reward {missing[0]!r}", f"choose from {', '.join(panel.names)}")
        self.lora = add_lora(pipe.transformer, config.rank, config.alpha, config.loop.seed)
        super().__init__(config, pipe.transformer.eval(), device)
        self.processes = processes
        self.pipe, self.tasks, self.panel, self.truth = pipe, tasks, panel, truth
        pipe.to(device)
        pipe.products = self.dtype
        self.explorer = Explorer(pipe, config.exploration)
        self.weights = {name: float(weight) for name, weight in config.rewards.weights.items() if weight}
        self.old = [parameter.detach().clone() for parameter in self.lora]
        self.best = [parameter.detach().clone() for parameter in self.lora]
        self.running = RunningSpread()
        self.audit, self.alarms = Audit(config.audit), 0
        self.audited: Figures = {}
        self._draw: EditDraw | None = None
        self._told: set[tuple[str, str]] = set()

    def loss(self, step: int) -> tuple[Tensor, Figures]:
        config, figures = self.config, {}
        iteration, update = divmod(step, config.updates)
        # The pipeline casts products by itself; casts that are kept from passes without gradient would stop gradients.
        with torch.autocast(self.device.type, enabled=False), plain_attention(self.device):
            if self.truth is not None and config.audit.every and step % config.audit.every == 0:
                self.audited = self._audited(step, self.truth)
            figures |= self.audited  # until the next one, so that the log has them at whatever steps it is written
            if update == 0 and iteration:
                update_old_policy(self.old, self.lora, iteration - 1)
            if update == 0 or self._draw is None:
                self._draw = self._drawn(iteration)
            torch.clear_autocast_cache()
            draw = self._draw
            figures |= draw.figures
            if not draw.numbers:  # nothing to learn from, in this process
                return sum((parameter.sum() for parameter in self.lora), torch.zeros(())) * 0, figures
            loss, more = self._policy_loss(draw) if config.objective == "grpo" else self._forward_loss(draw, step)
        return loss * (self.processes.count * len(draw.numbers) / draw.counted), figures | more

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng((self.loop.seed, *key))

    @torch.no_grad()
    def _drawn(self, iteration: int) -> EditDraw:
        """The samples of an iteration, of the groups that this process makes."""
        config, group = self.config, self.config.exploration.group
        numbers = self.processes.share(range(self.loop.batch_size))
        tasks = [self.tasks(self._rng(iteration, number, _TASK)) for number in numbers]
        seeds = np.stack([self._rng(iteration, n, _ROLLOUT).integers(1 << 62, size=group + 1) for n in numbers])
        edits = edit_field(self.pipe, tasks)
        # The forward process learns from an old policy, GRPO from the policy as it is.
        policy = contextlib.nullcontext() if config.objective == "grpo" else holding(self.lora, self.old)
        with policy:
            made = self.explorer.explore(tasks, edits, seeds, float(self._rng(iteration, _WINDOW).random()))
        scores = self._scores([_sample(tasks[rollout.group], rollout) for rollout in made.rollouts])
        joined = {name: self.processes.joined(each.view(-1, group)) for name, each in scores.items()}
        values = {name: each.flatten().numpy() for name, each in joined.items()}
        worth = reward_advantages(values, self.weights, group, self.running)
        counts = sum(map(Counter, self.processes.gathered(dict(made.counts))), Counter())
        figures = _figures(joined, worth) | {f"ways/{way}": float(number) for way, number in sorted(counts.items())}
        draw = EditDraw(
            numbers=numbers,
            field=edits,
            clean=torch.stack([rollout.clean for rollout in made.rollouts]),
            advantages=torch.stack(self.processes.share(list(worth.advantages))).flatten().to(self.device),
            optimality=self._optimality(worth, made.rollouts).to(self.device),
            trajectory=made.trajectory if config.objective == "grpo" else None,
            reference=None,
            counted=int(worth.spread.sum()),
            figures=figures,
        ).of([place for place, good in enumerate(self.processes.share(worth.spread.tolist())) if good])
        if draw.trajectory is None or not config.beta or not draw.numbers:
            return draw
        with adapter_off(self.module):
            return draw.beside(gaussians_of(self.explorer.process, draw.field.velocity, draw.trajectory))

    def _optimality(self, worth: RewardAdvantages, rollouts: Sequence[Rollout]) -> Tensor:
        """Of this process's samples. What the policy would not have drawn is no evidence of what it does wrong, so of
        samples that came about otherwise than by noise only the good ones teach."""
        good = optimality(worth.relative, self.config.limit)
        own = torch.stack(self.processes.share(list(good))).flatten()
        foreign = torch.tensor([rollout.way != "noise" for rollout in rollouts])
        return torch.where(foreign, own.clamp(min=0.5), own)

    def _scores(self, samples: list[Sample]) -> dict[str, Tensor]:
        """Values (N,) of the rewards that count, NaN where one failed. The log has each reason once."""
        scores = self.panel.score(samples)
        for (name, reason), count in scores.failures.items():
            if (name, reason) not in self._told:
                self._told.add((name, reason))
                log.warning("the reward %r failed for %d of %d samples: %s", name, count, len(samples), reason)
        return {name: torch.from_numpy(np.asarray(scores.values[name], np.float64)) for name in self.weights}

    def _policy_loss(self, draw: EditDraw) -> tuple[Tensor, Figures]:
        assert draw.trajectory is not None, "samples by noise have one"
        config, process = self.config, self.explorer.process
        args = draw.field.velocity, draw.trajectory, draw.advantages, draw.reference, config.clip, config.beta
        return policy_objective(process, *args)

    def _forward_loss(self, draw: EditDraw, step: int) -> tuple[Tensor, Figures]:
        config, group = self.config, self.config.exploration.group
        noise, times = torch.empty(draw.clean.shape), torch.empty(len(draw.clean))
        for place, number in enumerate(draw.numbers):
            generator = torch.Generator().manual_seed(int(self._rng(step, number, _NOISE).integers(1 << 62)))
            rows = slice(place * group, (place + 1) * group)
            noise[rows] = torch.randn(noise[rows].shape, generator=generator)
            times[rows] = shift_time(torch.rand(group, generator=generator), self.pipe.scheduler.config["shift"])
        policy = draw.field.velocity

        def old(z: Tensor, t: Tensor) -> Tensor:
            with holding(self.lora, self.old):
                return policy(z, t)

        def reference(z: Tensor, t: Tensor) -> Tensor:
            with adapter_off(self.module):
                return policy(z, t)

        velocities: tuple[Velocity, Velocity, Velocity | None] = policy, old, reference if config.beta else None
        given = draw.clean, draw.optimality, noise.to(self.device), times.to(self.device)
        return forward_objective(velocities, *given, config.strength, config.beta)

    # The audit.

    @property
    def halted(self) -> bool:
        return self.config.audit.on_alarm != "report" and self.alarms > 0 and not self._reweights

    @property
    def _reweights(self) -> bool:
        return self.config.audit.on_alarm == "reweight" and sum(weight > 0 for weight in self.weights.values()) > 1

    @torch.no_grad()
    def _audited(self, step: int, truth: ExactTruth) -> Figures:
        found: tuple[list[float], dict[str, list[float]], Figures] | None = None
        if self.processes.first:
            measured = truth.measure(VivaEditor(self.pipe))
            rewards = self._scores(measured.samples)
            watched = {name: rewards[name].tolist() for name, weight in self.weights.items() if weight}
            found = measured.truth, watched, measured.figures
        found = self.processes.agreed(found)
        assert found is not None, "the first process has measured"
        alarm = self.audit.take(found[0], found[1])
        if self.audit.is_best:
            self.best = [parameter.detach().clone() for parameter in self.lora]
        if alarm:
            self.alarms += 1
            log.warning("step %d: rewards rise while the truth falls: %s", step, self.audit.risen)
            if self._reweights:
                hacked = max(self.audit.risen, key=self.audit.risen.__getitem__)
                self.weights[hacked] /= 2
                put(self.lora, self.best)
                put(self.old, self.best)
                self.audit.begin_anew()
        rewards = {f"audit/reward/{name}": float(np.nanmean(each)) for name, each in found[1].items()}
        return {**found[2], **rewards, "audit/alarms": float(self.alarms)}

    # What the loop asks for.

    @torch.no_grad()
    def sample(self, folder: Path, step: int) -> None:
        """A strip for each of three tasks: the clip, its edit as the editor is served, and a group of samples."""
        tasks = [self.tasks(self._rng(number, _STRIPS)) for number in range(3)]
        seeds = self._rng(_STRIPS).integers(1 << 62, size=(len(tasks), self.config.exploration.group + 1))
        made = self.explorer.explore(tasks, edit_field(self.pipe, tasks), seeds, 0.5)
        rows = []
        for number, task in enumerate(tasks):
            made_of = self.pipe(task.instruction, task.frames, generator=torch.Generator().manual_seed(0))
            edited = cast(HunyuanVideoPipelineOutput, made_of).frames[0]
            group = [rollout.frames for rollout in made.rollouts if rollout.group == number]
            rows.append(np.concatenate([task.frames, np.round(255 * edited).astype(np.uint8), *group], axis=2))
        save_rows(folder / f"{step:06d}.png", rows, every=4)

    def state_dict(self) -> dict[str, Any]:
        state = {"old": self.old, "best": self.best, "weights": self.weights, "alarms": self.alarms}
        draw = None if self._draw is None else self._draw.state_dict()
        watched = {"audit": self.audit.state_dict(), "audited": self.audited, "running": self.running.sums}
        return {**state, **watched, "draw": draw}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        put(self.old, state["old"])
        put(self.best, state["best"])
        self.weights, self.alarms = dict(state["weights"]), state["alarms"]
        self.audit.load_state_dict(state["audit"])
        self.audited, self.running.sums = dict(state["audited"]), dict(state["running"])
        draw = state["draw"]
        self._draw = None if draw is None else EditDraw.loaded(draw, self.pipe, self.device)

    def finish(self) -> VireoPipeline:
        """The pipeline with its adapter: as averaged, or, after an alarm that ended the run, as it was best."""
        if self.halted:
            put(self.lora, self.best)
        return self.pipe


def _figures(values: Mapping[str, Tensor], worth: RewardAdvantages) -> Figures:
    """Means of the rewards, how many samples each failed for, and the shares of groups that taught nothing."""
    figures = {f"reward/{name}": each.nanmean().item() for name, each in values.items()}
    figures |= {f"failed/{name}": float((~each.isfinite()).sum()) for name, each in values.items()}
    dropped, alike = (~worth.kept).float().mean(), (worth.kept & ~worth.spread).float().mean()
    return {**figures, "dropped": dropped.item(), "without_spread": alike.item()}


def _sample(task: EditTask, rollout: Rollout) -> Sample:
    return Sample(
        task.frames,
        rollout.frames,
        task.instruction,
        source_caption=task.source_caption,
        target_caption=task.target_caption,
        region=task.region,
    )
