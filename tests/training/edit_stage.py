"""Stages of Edit-GRPO that are small enough to run in a test."""

from fractions import Fraction

import numpy as np
import torch
from tiny_editor import tiny_pipeline

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.rewards.opening import RewardsConfig
from vireo.rewards.scores import Scores
from vireo.training.edit_tasks import EditTask
from vireo.training.rollout import ExplorationConfig
from vireo.training.stage import LoopConfig
from vireo.training.stages.edit_grpo import EditGrpoConfig, EditGrpoStage

COMPOUND = "make the red ball blue and remove the cube"
NOISE = ExplorationConfig(noise=4, paraphrase=0, plan=0, steps=3, window=1)
MIXED = ExplorationConfig(noise=2, paraphrase=1, guidance=1, plan=0, steps=3, window=1)
LOOP = LoopConfig(
    steps=4,
    batch_size=2,
    learning_rate=3e-3,
    warmup=1,
    weight_decay=0.0,
    average=0.9,
    dtype="float32",
    sample_every=1000,
    compile_blocks=False,
)


def clip(seed, size=32, frames=5):
    return np.random.default_rng(seed).integers(0, 256, (frames, size, size, 3), dtype=np.uint8)


def task(seed=0, instruction="remove the cube", size=32, frames=5):
    return EditTask(
        frames=clip(seed, size, frames),
        fps=Fraction(8),
        instruction=instruction,
        paraphrases=("take the cube away", "the cube has to go"),
        source_caption="a cube",
        target_caption="nothing",
    )


class RandomTasks:
    """A clip of noise for each draw."""

    def __call__(self, rng):
        return task(int(rng.integers(1 << 30)))


class Bright:
    """A panel of one reward that is known exactly: how bright the edit is."""

    names = ("bright",)

    def __init__(self):
        self.samples = []

    def score(self, samples):
        return Scores(self.values(samples))

    def values(self, samples):
        self.samples += samples
        return {"bright": np.array([sample.edited.mean() / 255 for sample in samples])}

    def close(self):
        pass


def stage(objective="grpo", panel=None, truth=None, tasks=None, pipe=None, **settings):
    config = EditGrpoConfig(
        **{
            "objective": objective,
            "exploration": NOISE if objective == "grpo" else MIXED,
            "rewards": RewardsConfig(weights={"bright": 1.0}),
            "rank": 4,
            "alpha": 8.0,
            "loop": LOOP,
            **settings,
        }
    )
    pipe = pipe or tiny_pipeline(vocabulary=studio_vocabulary())
    return EditGrpoStage(config, pipe, tasks or RandomTasks(), panel or Bright(), truth, torch.device("cpu"))
