"""Stage `perception`: the network with which mini sees what a clip shows (`vireo.reasoning.perception.network`).

Supervised by the studio's truth, picture by picture; nothing of it needs another stage. What a picture does not tell
(the colours of a black and white film) is trained like all else: the cross entropy makes the answer as uncertain as it
is, and `vireo.reasoning.perception.mini` keeps uncertain answers to itself.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, smooth_l1_loss
from transformers import UperNetForSemanticSegmentation

from vireo.reasoning.perception.network import (
    CELL,
    CENTER_UNIT,
    DEPTH_ORIGIN,
    DEPTH_UNIT,
    FINE,
    LEAST_SHARE,
    build_network,
    dense_outputs,
    to_input,
)
from vireo.runtime import autocast
from vireo.training.perception_frames import MOST_OBJECTS, OBJECT_LABELS, SCENE_LABELS, FrameShards, LabelledFrames
from vireo.training.stage import LoopConfig, Stage

NOTHING = -100
"""The class of what has none; torch's losses leave it out."""

LABELS = {
    **{name: get_args(kind) for name, kind in OBJECT_LABELS.items()},
    **{name: get_args(kind) for name, kind in SCENE_LABELS.items()},
    "effects": ("none", *get_args(SCENE_LABELS["effects"])),
    "mark": ("none", "text", "logo"),
}
"""The heads that mini's perception has beside those of places."""

_GAIN = 0.1
"""Most by which brightness is changed, and each colour on its own by half of that."""

_SOFTENED = 0.15
"""Share of the batches whose pictures lose their finest detail, as those do that an editor has made."""

_STATISTICS = 40
"""Batches over which the final statistics are taken."""

_WEIGHTS = {"foreground": 4.0, "category": 2.0, "material": 2.0, "center": 2.0, "mark": 2.0}
_WEIGHTS |= {"floor": 0.3, "backdrop": 0.3, "light": 0.3}
"""Of the losses; 1 where none is named."""


@dataclass(frozen=True)
class PerceptionConfig:
    """seed, scenes: the first scene of the training pictures, and how many; the same of those that measure.

    embedding, widths, depths, hidden: of the network, see `build_network`.
    """

    seed: int = 0
    scenes: int = 7000
    validation_seed: int = 900_000
    validation_scenes: int = 200
    embedding: int = 16
    widths: tuple[int, ...] = (24, 64, 128, 192)
    depths: tuple[int, ...] = (1, 1, 2, 1)
    hidden: int = 48
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=26_000, batch_size=8, learning_rate=2e-3, average=0.998, cooldown=0.3, compile_blocks=False
        )
    )


class PerceptionStage(Stage[PerceptionConfig, UperNetForSemanticSegmentation]):
    name = "perception"

    def __init__(self, config: PerceptionConfig, frames: FrameShards, device: torch.device) -> None:
        torch.manual_seed(config.loop.seed)
        network = build_network(LABELS, config.embedding, config.widths, config.depths, config.hidden)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] (transformers' is typed wrongly)
        super().__init__(config, network.train(), device)
        self.frames = frames

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        batch = self._batch(step)
        found = dense_outputs(self.module, to_input(torch.from_numpy(batch.frames).to(self.device)))
        losses = picture_losses(found, cell_labels(batch, self.device))
        total = sum((_WEIGHTS.get(name, 1.0) * value for name, value in losses.items()), torch.zeros(()))
        return total, {f"loss_{name}": value.item() for name, value in losses.items()}

    def _batch(self, step: int) -> LabelledFrames:
        """Pictures that no step of the same pass over the shards has seen, varied."""
        count, total = self.loop.batch_size, len(self.frames)
        numbers = range(step * count, (step + 1) * count)
        orders = {
            turn: np.random.default_rng((self.loop.seed, turn, 1)).permutation(total)
            for turn in {number // total for number in numbers}
        }
        rows = np.array([orders[number // total][number % total] for number in numbers])
        return varied(self.frames.take(rows), np.random.default_rng((self.loop.seed, step)))

    @torch.no_grad()
    def finish(self) -> UperNetForSemanticSegmentation:
        """The network, its batch statistics those of the averaged weights."""
        norms = [part for part in self.module.modules() if isinstance(part, torch.nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean over all batches
        self.module.train()
        for step in range(_STATISTICS):
            with autocast(self.device, self.dtype):
                self.loss(self.loop.steps + step)
        return self.module.eval()


def varied(batch: LabelledFrames, rng: np.random.Generator) -> LabelledFrames:
    """Mirrored, in other light, at times less sharp; what is true of the pictures stays true."""
    count, width = len(batch.frames), batch.frames.shape[2]
    gains = rng.uniform(1 - _GAIN, 1 + _GAIN, (count, 1)) * rng.uniform(1 - _GAIN / 2, 1 + _GAIN / 2, (count, 3))
    frames = batch.frames.astype(np.float32) * gains[:, None, None].astype(np.float32)
    if rng.random() < _SOFTENED:
        coarse = frames.reshape(count, frames.shape[1] // 2, 2, width // 2, 2, 3).mean((2, 4))
        frames = coarse.repeat(2, 1).repeat(2, 2)
    frames = np.round(np.clip(frames, 0, 255)).astype(np.uint8)
    instances, objects, scenes = batch.instances.copy(), batch.objects.copy(), batch.scenes.copy()
    for row in np.flatnonzero(rng.random(count) < 0.5):
        frames[row], instances[row] = frames[row, :, ::-1].copy(), instances[row, :, ::-1].copy()
        objects[row, :, 4] = width - objects[row, :, 4]
        scenes[row, [5, 7]] = width - scenes[row, [7, 5]]
    return LabelledFrames(frames, instances, objects, scenes)


class CellLabels(NamedTuple):
    """What is right for B pictures.

    covered: (B, rows, columns) in parts of cells, share that objects cover. picture, row, column: (C,), the cells that
    objects cover. attributes: (C, heads of `OBJECT_LABELS`). center: (C, 2), from the cell to its object's centre in
    pixels. depth: (C,) in metres. mark: (B, rows, columns). scene: (B, heads of `SCENE_LABELS`).
    """

    covered: Tensor
    picture: Tensor
    row: Tensor
    column: Tensor
    attributes: Tensor
    center: Tensor
    depth: Tensor
    mark: Tensor
    scene: Tensor


def cell_labels(batch: LabelledFrames, device: torch.device) -> CellLabels:
    instances = torch.from_numpy(batch.instances).to(device)
    objects, scenes = torch.from_numpy(batch.objects).to(device), torch.from_numpy(batch.scenes).to(device)
    fine = CELL // FINE
    covered = (instances > 0).float().unflatten(1, (-1, fine)).unflatten(3, (-1, fine)).mean((2, 4))
    cells = _cell_objects(instances)
    picture, row, column = torch.nonzero(cells > 0, as_tuple=True)
    truth = objects[picture, cells[picture, row, column] - 1]
    middles = torch.stack([column, row], 1) * CELL + CELL / 2
    return CellLabels(
        covered,
        picture,
        row,
        column,
        truth[:, : len(OBJECT_LABELS)].long(),
        truth[:, 4:6] - middles,
        truth[:, 6],
        _mark_cells(scenes, cells.shape),
        scenes[:, : len(SCENE_LABELS)].nan_to_num(NOTHING).long(),
    )


def picture_losses(found: Mapping[str, Tensor], labels: CellLabels) -> dict[str, Tensor]:
    """The loss of each head. found: see `dense_outputs`."""
    losses = {
        "foreground": binary_cross_entropy_with_logits(found["foreground"][:, 0], labels.covered),
        "mark": cross_entropy(found["mark"], labels.mark),
    }
    seen = _of_objects(found, labels)
    for number, head in enumerate(OBJECT_LABELS):
        losses[head] = cross_entropy(seen[head], labels.attributes[:, number])
    losses["center"] = smooth_l1_loss(seen["center"], labels.center / CENTER_UNIT, beta=0.1)
    depths = torch.log(labels.depth / DEPTH_ORIGIN) / DEPTH_UNIT
    losses["depth"] = smooth_l1_loss(seen["depth"][:, 0], depths, beta=0.1)
    for number, head in enumerate(SCENE_LABELS):
        losses[head] = cross_entropy(found[head].mean((2, 3)), labels.scene[:, number])
    return losses


@torch.no_grad()
def measure_cells(
    network: UperNetForSemanticSegmentation, frames: FrameShards, device: torch.device
) -> dict[str, float]:
    """Means over all pictures.

    foreground: intersection over union. Of the cells that objects cover: the share that each head names rightly, the
    distance of the centre in pixels and the relative error of the depth. Of the pictures: the share that the scene's
    heads name rightly. mark: of the cells under watermarks, the share that is seen as one of the right kind.
    """
    sums, counts = defaultdict[str, float](float), Counter[str]()

    def add(name: str, values: Tensor) -> None:
        sums[name] += values.double().sum().item()
        counts[name] += values.numel()

    for begin in range(0, len(frames), 32):
        batch = frames.take(np.arange(begin, min(begin + 32, len(frames))))
        with autocast(device):
            found = dense_outputs(network, to_input(torch.from_numpy(batch.frames).to(device)))
        labels = cell_labels(batch, device)
        inside, truth = found["foreground"][:, 0] > 0, labels.covered > 0.5
        add("foreground", inside[inside | truth] & truth[inside | truth])
        add("mark", (found["mark"].argmax(1) == labels.mark)[labels.mark > 0])
        seen = _of_objects(found, labels)
        for number, head in enumerate(OBJECT_LABELS):
            add(head, seen[head].argmax(1) == labels.attributes[:, number])
        add("center", (seen["center"] * CENTER_UNIT - labels.center).norm(dim=1))
        add("depth", (DEPTH_ORIGIN * torch.exp(seen["depth"][:, 0] * DEPTH_UNIT) / labels.depth - 1).abs())
        for number, head in enumerate(SCENE_LABELS):
            known = labels.scene[:, number] != NOTHING
            add(head, (found[head].mean((2, 3)).argmax(1) == labels.scene[:, number])[known])
    return {name: sums[name] / counts[name] for name in counts if counts[name]}


def _of_objects(found: Mapping[str, Tensor], labels: CellLabels) -> dict[str, Tensor]:
    """The values (C, values) of the cells that objects cover."""
    heads = (*OBJECT_LABELS, "center", "depth")
    return {head: found[head][labels.picture, :, labels.row, labels.column] for head in heads}


def _cell_objects(instances: Tensor) -> Tensor:
    """int64 (B, rows, columns): 1 + index of the object that covers most of a cell, 0 where there is next to none."""
    sampled = instances[:, ::2, ::2, None] == torch.arange(1, MOST_OBJECTS + 1, device=instances.device)
    shares = sampled.float().unflatten(1, (-1, CELL // 2)).unflatten(3, (-1, CELL // 2)).mean((2, 4))
    most, number = shares.max(-1)
    return torch.where(most >= LEAST_SHARE, number + 1, 0)


def _mark_cells(scenes: Tensor, shape: torch.Size) -> Tensor:
    """int64 (B, rows, columns): the kind of the watermark in whose box the middle of a cell lies, else 0."""
    rows = torch.arange(shape[1], device=scenes.device) * CELL + CELL / 2
    columns = torch.arange(shape[2], device=scenes.device) * CELL + CELL / 2
    left, top, right, bottom = (scenes[:, 5 + side, None, None] for side in range(4))
    across = (columns[None, None] >= left) & (columns[None, None] < right)
    down = (rows[None, :, None] >= top) & (rows[None, :, None] < bottom)
    return (across & down).long() * scenes[:, 4, None, None].long()
