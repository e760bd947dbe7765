"""Five tiny pairs whose scores are known beforehand, an editor that returns their targets, and their evaluation."""

import numpy as np

from vireo.evaluation import runner
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import Edited
from vireo.types import EditPair
from vireo.video.io import write_lossless

SHAPE = (9, 32, 32)


def evaluate(pairs, out, *, command=None, on_progress=None, **fields):
    config = EvaluationConfig(**fields)
    return runner.evaluate(pairs, out, config, command=command, on_progress=on_progress)


def make_pair(folder, identity, family="recolor", *, seed=0):
    """A gray ramp with a square that goes from 60 to 180; a second object is not concerned."""
    random = np.random.default_rng(seed)
    source = np.full((*SHAPE, 3), 100, np.uint8) + random.integers(0, 30, (*SHAPE, 3), dtype=np.uint8)
    instances = np.zeros(SHAPE, np.uint8)
    instances[:, 4:10, 4:10] = 1
    instances[:, 20:26, 20:26] = 2
    source[instances == 1] = 60
    target, mask = source.copy(), np.zeros(SHAPE, np.uint8)
    if family != "absent":
        target[instances == 1] = 180
        mask[instances == 1] = 255
    if family == "remove":  # with a shadow below
        target[:, 14:16, 4:10] += 40
        mask[:, 14:16, 4:10] = 255
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    for name, video in (("source", source), ("target", target), ("mask", mask), ("instances", instances)):
        write_lossless(folder / "videos" / f"{identity}-{name}.mkv", video, fps=8, gray=video.ndim == 3)
    return EditPair(
        id=identity,
        family=family,
        seed=1_000_000 + seed,
        split="test",
        instruction=f"make {identity} bright",
        paraphrases=[f"brighten {identity}", f"let {identity} shine"],
        source_caption="",
        target_caption="",
        scene={},
        target_scene={},
        concerned=[] if family == "absent" else [0],
        **{name: f"videos/{identity}-{name}.mkv" for name in ("source", "target", "mask", "instances")},
    )


class Perfect:
    """Returns the targets; spoils the instructions named in `fails` by doing nothing."""

    batch = 2

    def __init__(self, fails=()):
        self.settings = {"model": "perfect", "executor": "model", "reason": "never", "fails": sorted(fails)}
        self.fails, self.calls = fails, []

    def edit(self, jobs, truths):
        self.calls += [job.instruction for job in jobs]
        return [
            Edited(t.source, t.source, t.mask) if j.instruction in self.fails else Edited(t.target, t.target, t.mask)
            for j, t in zip(jobs, truths, strict=True)
        ]

    def digest(self, name):
        return None

    def reconstruct(self, frames):
        return np.minimum(frames, 254) + 1
