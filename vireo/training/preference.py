"""Trains a preference head on pairs of edits of which one is better (R_PS, VIVA Eq. 6).

PickScore's objective on our own preferences: Bradley and Terry (1952), -log sigmoid(s_better - s_worse). PickScore
learns from people's choices; here the exact result decides, and nobody has to be asked.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from vireo.models.preference import PreferenceHead
from vireo.training.stage import step_generator


@dataclass(frozen=True)
class PreferenceVectors:
    """N pairs of edits as vectors. better, worse: of their frames, float32 (N, T, D). texts: what both shall fit,
    float32 (N, E)."""

    better: np.ndarray
    worse: np.ndarray
    texts: np.ndarray

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """better, worse, texts."""
        return torch.from_numpy(self.better), torch.from_numpy(self.worse), torch.from_numpy(self.texts)


@dataclass(frozen=True)
class PreferenceConfig:
    """hidden: width of the head. weight_decay: of AdamW; pairs are few, and their sources fewer."""

    steps: int = 400
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    hidden: int = 64
    seed: int = 0


def train_preference_head(pairs: PreferenceVectors, config: PreferenceConfig = PreferenceConfig()) -> PreferenceHead:
    """The head after `config.steps` steps on the CPU; the same arguments give the same weights."""
    better, worse, texts = pairs.tensors()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = PreferenceHead(better.shape[-1], texts.shape[-1], config.hidden)
    head.standardise(torch.cat([better, worse]), texts)
    optimizer = torch.optim.AdamW(head.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    for step in range(config.steps):
        rows = torch.randint(len(texts), (config.batch_size,), generator=step_generator(config.seed, step))
        margin = head(better[rows], texts[rows]) - head(worse[rows], texts[rows])
        optimizer.zero_grad()
        (-logsigmoid(margin).mean()).backward()
        optimizer.step()
    return head.eval()


@torch.no_grad()
def pair_accuracy(head: PreferenceHead, pairs: PreferenceVectors) -> float:
    """In how many pairs, 0..1, the better edit has the higher score; ties count half."""
    better, worse, texts = pairs.tensors()
    margin = head(better, texts) - head(worse, texts)
    return float(((margin > 0).double() + (margin == 0).double() / 2).mean())
