"""The rewards that a training uses: chosen by configuration, opened in this process or in one of their own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from vireo.errors import InputError
from vireo.models.backbones.encoders import ClipBackbone
from vireo.models.backbones.registry import KINDS
from vireo.rewards.evidence import Networks
from vireo.rewards.panel import LARGEST, RewardPanel
from vireo.rewards.panel_process import SECONDS, START_SECONDS, TRIES, PanelProcess
from vireo.rewards.registry import REWARDS
from vireo.rewards.scorer import computable
from vireo.rewards.scores import Panel
from vireo.runtime import pick_device

_SETTINGS = {"preference": "preference", "clip": "backbones.clip"}
"""Under which setting a network is named."""


@dataclass(frozen=True, kw_only=True)
class RewardsConfig:
    """Which rewards a training uses (VIVA, Eq. 7, whose weights are not published), and where they run.

    weights: by name in `vireo.rewards.registry.REWARDS`; a reward of weight 0 is left out. instructor: preset,
    folder or hub id of the pipeline whose instructor the rewards ask. backbones: CLIP-class ones by kind, as in
    `Backbones.open`; R_IF and R_PS need "clip". preference: folder of a `PreferenceHead`. device: as `pick_device`
    names it; "auto" is that of the training. largest: see `RewardPanel`. own_process: whether they run in a process
    of their own. seconds: that a batch may take there, start_seconds: that loading may. tries: batches in a row
    that may be lost before training ends.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: {"recommended": 1.0})
    instructor: str = "mini"
    backbones: Mapping[str, str] = field(default_factory=dict)
    preference: Path | None = None
    device: str = "auto"
    largest: float = LARGEST
    own_process: bool = True
    seconds: float = SECONDS
    start_seconds: float = START_SECONDS
    tries: int = TRIES

    def beside(self, device: torch.device) -> "RewardsConfig":
        """The same on the device of what is trained, unless it names another."""
        return replace(self, device=str(device)) if self.device == "auto" else self

    def weighed(self) -> dict[str, float]:
        """The weights that are not 0. Raises InputError for rewards that do not exist, or cannot run as this says."""
        unknown = [name for name in self.weights if name not in REWARDS]
        if unknown:
            raise InputError(f"there is no reward {unknown[0]!r}", f"choose from {'; '.join(REWARDS)}")
        mad = [name for name, weight in self.weights.items() if not math.isfinite(weight)]
        if mad:
            raise InputError(f"the weight of the reward {mad[0]!r} is no number", "give one such as 1.0")
        chosen = {name: float(weight) for name, weight in self.weights.items() if weight}
        if not chosen:
            raise InputError("no reward has a weight", "give one, as weights.recommended = 1.0")
        able = [kind for kind, each in KINDS.items() if each.load is ClipBackbone]
        wrong = [kind for kind in self.backbones if kind not in able]
        if wrong:
            raise InputError(f"no reward reads the backbone {wrong[0]!r}", f"they read {', '.join(able)}")
        given = {"instructor", *self.backbones, *(["preference"] if self.preference else [])}
        for name in chosen:
            missing = [network for network in REWARDS[name].networks if network not in given]
            if missing:
                raise InputError(
                    f"the reward {name!r} needs {missing[0]}", f"say under {_SETTINGS[missing[0]]} what it is"
                )
        return chosen


def open_here(config: RewardsConfig) -> RewardPanel:
    """The rewards of a configuration in this process, with the networks that they need. Raises InputError and
    ModelError."""
    rewards = [REWARDS[name] for name in config.weighed()]
    asks = any("instructor" in reward.networks for reward in rewards)
    networks = Networks.open(
        pick_device(config.device),
        instructor=config.instructor if asks else None,
        backbones=config.backbones,
        preference=config.preference,
    )
    assert len(computable(rewards, networks)) == len(rewards), "a reward whose networks are not loaded"
    return RewardPanel(rewards, networks, config.largest)


def open_rewards(config: RewardsConfig) -> Panel:
    """The rewards of a configuration, in a process of their own or in this one. Raises InputError and ModelError, for
    weights that another process loads only when it is first asked."""
    if not config.own_process:
        return open_here(config)
    return PanelProcess(
        partial(open_here, config),
        tuple(config.weighed()),
        seconds=config.seconds,
        start_seconds=config.start_seconds,
        tries=config.tries,
    )
