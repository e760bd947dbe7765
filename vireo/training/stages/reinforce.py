"""Stage `reinforce`: the reasoner goes on learning from what its plans are worth (RIVER's reinforcement learning).

For each query a group of plans is written word by word, by chance. Words of plans that are worth more than the rest of
their group become likelier (GRPO, `vireo.training.policy`). The paper trains the whole flow; here the editor and
perception stay as they are, and their part in a plan's result is in its reward.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from vireo.models.instructor.vocabulary import Vocabulary
from vireo.pairs.format import read_pairs
from vireo.reasoning.hops import Language
from vireo.reasoning.plan import Plan
from vireo.reasoning.query_language.twin_clip import draw_for_twin
from vireo.reasoning.reasoner.mini import ReasonerBundle
from vireo.reasoning.reasoner.protocol import Reasoner
from vireo.reasoning.reasoner.sampling import SamplingWriter, Spoken, word_log_probs
from vireo.reasoning.studiorve import StudioRVE, make_studiorve
from vireo.reasoning.twin import DigitalTwin
from vireo.training.plan_rewards import Quality, accuracy
from vireo.training.policy import clipped_gain, divergence, group_advantages, policy_loss
from vireo.training.stage import LoopConfig, Stage
from vireo.types import EditPair, OnCount

LEVELS = ((1,), (2,), (3,), (0, 1), (2, 1), (2, 2))
"""Levels of the requests of a new query; see `query_language.drawing`."""

_TRIES = 60


@dataclass(frozen=True)
class ReinforceConfig:
    """init_from: reasoner that goes on learning, by name or folder; empty for that of the workdir. editor: who carries
    its plans out.

    videos, queries, seed: of the set of clips and queries with exact results (`vireo world studiorve`), all of the
        training split.
    group: plans of one query; `loop.batch_size` is the number of queries that are planned at a time. new: share of them
        that are drawn anew about the set's clips; of those the exact plan is known, but no exact result.
    updates: optimizer's steps on the plans of one draw. clip, beta: see `policy`; beta weighs the divergence from the
        reasoner that it was to begin with.
    quality: weight of the result's quality; the plan's accuracy has 1. invalid: what each invalid call costs.
    """

    init_from: str = ""
    editor: str = "mini"
    videos: int = 60
    queries: int = 311
    seed: int = 700_000
    group: int = 8
    new: float = 0.5
    updates: int = 2
    clip: float = 0.2
    beta: float = 0.02
    quality: float = 0.5
    invalid: float = 0.1
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=400,
            batch_size=8,
            learning_rate=1e-4,
            warmup=10,
            weight_decay=0.0,
            average=0.98,
            dtype="float32",
            compile_blocks=False,
        )
    )


@dataclass(frozen=True)
class Task:
    """A query about a clip. pair: of the set, where there is an exact result."""

    query: str
    twin: DigitalTwin
    true: Plan
    pair: EditPair | None = None


class Tasks(Protocol):
    """Where tasks come from."""

    def __call__(self, rng: np.random.Generator) -> Task: ...


@dataclass(frozen=True)
class SetTasks:
    """Tasks of a StudioRVE set of the training split, and new ones about its clips. new: share of the latter."""

    pairs: Sequence[EditPair]
    twins: Mapping[str, DigitalTwin]
    language: Language
    new: float

    def __call__(self, rng: np.random.Generator) -> Task:
        pair = self.pairs[int(rng.integers(len(self.pairs)))]
        assert pair.reasoning is not None, "a pair of StudioRVE"
        twin = self.twins[pair.reasoning["twin"]]
        if rng.random() >= self.new:
            return Task(pair.instruction, twin, Plan.model_validate(pair.reasoning["plan"]), pair)
        levels = LEVELS[int(rng.integers(len(LEVELS)))]
        seed = tuple(int(number) for number in rng.integers(1 << 30, size=2))
        drawn = draw_for_twin(seed, twin, self.language, levels, "train", "train", _TRIES)
        if drawn is None:
            return self(rng)
        return Task(drawn[0].text, twin, drawn[1])


def open_tasks(folder: Path, config: ReinforceConfig, language: Language, on_count: OnCount) -> SetTasks:
    """The tasks of a configuration; its set is made in `folder`, or read where it is there."""
    spec = StudioRVE(videos=config.videos, queries=config.queries, seed=config.seed, split="train")
    make_studiorve(folder, language, spec, on_count)
    pairs = list(read_pairs(folder))
    places = {pair.reasoning["twin"] for pair in pairs if pair.reasoning is not None}
    twins = {place: DigitalTwin.model_validate_json((folder / place).read_text(encoding="utf-8")) for place in places}
    return SetTasks(pairs, twins, language, config.new)


@dataclass(frozen=True)
class Draw:
    """Plans of one draw. calls: all that were written, each once. members: of each plan, the places of its calls.
    advantages: (N,) of each plan. old, reference: (calls, W) log-probabilities when they were written, by the policy
    and by the reasoner that it was to begin with."""

    calls: list[Spoken]
    members: list[list[int]]
    advantages: Tensor
    old: Tensor
    reference: Tensor


class ReinforceStage(Stage[ReinforceConfig, LlamaForCausalLM]):
    name = "reinforce"

    def __init__(
        self,
        config: ReinforceConfig,
        bundle: ReasonerBundle,
        vocabulary: Vocabulary,
        tasks: Tasks,
        quality: Quality | None,
        device: torch.device,
    ) -> None:
        """bundle: the reasoner to begin with. quality: None where `config.quality` is 0."""
        super().__init__(config, bundle.model.eval().requires_grad_(True), device)
        self.tokenizer: PreTrainedTokenizerFast = bundle.processor
        self.reference = copy.deepcopy(self.module).requires_grad_(False)
        self.writer = SamplingWriter(self.module, bundle.processor, vocabulary)
        self.reasoner = Reasoner(self.writer, vocabulary)
        self.tasks, self.quality = tasks, quality
        self._draw: Draw | None = None
        self._figures: dict[str, float] = {}

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        fresh = step % self.config.updates == 0
        if fresh or self._draw is None:
            self._draw = self._written(step // self.config.updates)
        draw, figures = self._draw, dict(self._figures)
        log_probs, valid = word_log_probs(self.module, draw.calls)
        old = log_probs.detach() if fresh else draw.old
        if fresh:
            self._draw = Draw(draw.calls, draw.members, draw.advantages, old, draw.reference)
        kl, losses = divergence(log_probs, draw.reference), []
        for places, advantage in zip(draw.members, draw.advantages, strict=True):
            mask = valid[places]
            gain = clipped_gain(log_probs[places], old[places], advantage.expand(mask.shape), self.config.clip)
            losses.append(policy_loss(gain.view(1, -1), kl[places].view(1, -1), mask.view(1, -1), self.config.beta))
        figures["divergence"] = float(kl.detach()[valid].mean())
        return torch.stack(losses).mean(), figures

    @torch.no_grad()
    def _written(self, number: int) -> Draw:
        """The plans of a draw, with what they are worth."""
        rng = np.random.default_rng((self.loop.seed, number))
        tasks = [self.tasks(rng) for _ in range(self.loop.batch_size)]
        self.writer.forget()
        places: dict[Spoken, int] = {}
        members: list[list[int]] = []
        rewards: list[float] = []
        figures: dict[str, list[float]] = {"accuracy": [], "quality": [], "invalid": []}
        for task in tasks:
            for _ in range(self.config.group):
                self.writer.begin(int(rng.integers(1 << 62)))
                plan = self.reasoner.plan(task.query, task.twin)
                spoken = list(self.writer.spoken)
                members.append([places.setdefault(call, len(places)) for call in spoken])
                rewards.append(self._reward(task, plan, figures))
        worth = torch.tensor(rewards, dtype=torch.float32).view(len(tasks), self.config.group)
        self._figures = {name: float(np.mean(values)) for name, values in figures.items() if values}
        self._figures |= {"reward": float(worth.mean()), "without_spread": float((worth.std(1) < 1e-6).float().mean())}
        reference, _ = word_log_probs(self.reference, list(places))
        advantages = group_advantages(worth).flatten().to(self.device)
        return Draw(list(places), members, advantages, reference, reference)

    def _reward(self, task: Task, plan: Plan, figures: dict[str, list[float]]) -> float:
        found = accuracy(plan, task.true)
        again = sum(one.context == other.context for one, other in pairwise(self.writer.spoken))  # it was refused
        invalid = again + (plan.fallback is not None)
        figures["accuracy"].append(found)
        figures["invalid"].append(invalid)
        reward = found - self.config.invalid * invalid
        if self.quality is not None and task.pair is not None:
            quality = self.quality(task.pair, plan)
            figures["quality"].append(quality)
            reward += self.config.quality * quality
        return reward

    def state_dict(self) -> dict[str, Any]:
        if self._draw is None:
            return {}
        state = {name: getattr(self._draw, name) for name in ("members", "advantages", "old", "reference")}
        return state | {"calls": [asdict(call) for call in self._draw.calls], "figures": self._figures}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if not state:
            return
        calls = [
            Spoken(tuple(call["context"]), tuple(call["words"]), tuple(tuple(allowed) for allowed in call["allowed"]))
            for call in state["calls"]
        ]
        tensors = {name: state[name].to(self.device) for name in ("advantages", "old", "reference")}
        self._draw, self._figures = Draw(calls, state["members"], **tensors), dict(state["figures"])

    def finish(self) -> ReasonerBundle:
        return ReasonerBundle(self.module.eval(), self.tokenizer)
