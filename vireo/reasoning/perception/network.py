"""The network of mini's perception: what a picture shows, asked of every cell of a grid.

A plain `UperNetForSemanticSegmentation` of transformers on a ResNet (Xiao et al., "Unified Perceptual Parsing", 2018:
one network, many kinds of labels). Each of its classes is one channel of one head, named "HEAD: VALUE" in the model's
own `id2label`, so that a folder of weights says what it knows. Objects are found as in Panoptic-DeepLab (Cheng et al.,
2020): every cell of an object points at the object's centre.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import ResNetConfig, UperNetConfig, UperNetForSemanticSegmentation

CELL = 8
"""Pixels of a side of a cell of the grid."""

FINE = 4
"""Parts of a side of a cell for which `foreground` is told apart."""

LEAST_SHARE = 0.2
"""Of a cell that an object covers where the cell counts as a part of it."""

GEOMETRY = {
    "foreground": tuple(f"part {part}" for part in range(FINE**2)),
    "center": ("right", "down"),
    "depth": ("log metres",),
}
"""Heads that are the same for all weights. foreground: logits, for each part of a cell by rows, of an object being
there. center: from the cell to its object's centre, in `CENTER_UNIT` pixels. depth: natural logarithm of the object's
distance from the camera over `DEPTH_ORIGIN`, in `DEPTH_UNIT`."""

CENTER_UNIT = 16.0
DEPTH_ORIGIN, DEPTH_UNIT = 5.5, 0.1

SHORT_SIDE = 192
"""Height or width, whichever is less, of the pictures that the network is trained on."""

STRIDE = 32
"""Both sides of what the network is given are multiples of this."""

SPREAD = 0.25
"""Pixels are given as (value / 255 - 1/2) / SPREAD."""


def build_network(
    labels: Mapping[str, Sequence[str]],
    embedding: int = 16,
    widths: Sequence[int] = (24, 64, 128, 192),
    depths: Sequence[int] = (1, 1, 2, 1),
    hidden: int = 48,
) -> UperNetForSemanticSegmentation:
    """A network with random weights.

    labels: the heads beside `GEOMETRY`, and the values that each tells apart. embedding, widths, depths: of the
    ResNet's first convolution and of its stages, the first of which is finer than the grid. hidden: of the decoder.
    """
    heads = {**GEOMETRY, **labels}
    names = [f"{head}: {value}" for head, values in heads.items() for value in values]
    backbone = ResNetConfig(
        embedding_size=embedding,
        hidden_sizes=list(widths),
        depths=list(depths),
        layer_type="basic",
        out_features=[f"stage{stage}" for stage in range(2, len(widths) + 1)],  # pyright: ignore[reportCallIssue]
    )
    config = UperNetConfig(
        backbone_config=backbone,
        hidden_size=hidden,
        use_auxiliary_head=False,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    return UperNetForSemanticSegmentation(config)


def heads_of(network: UperNetForSemanticSegmentation) -> dict[str, tuple[str, ...]]:
    """The values of each head, in the order of their channels. Raises LookupError where `GEOMETRY` is missing."""
    heads: dict[str, list[str]] = {}
    names: Any = network.config.id2label  # typed as one of several things
    for number in range(len(names)):
        head, _, value = names[number].partition(": ")
        heads.setdefault(head, []).append(value)
    if any(tuple(heads.get(name, ())) != values for name, values in GEOMETRY.items()):
        raise LookupError("the heads of objects' places are others")
    return {head: tuple(values) for head, values in heads.items()}


def to_input(frames: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) as the network takes it: float32 (B, 3, H, W)."""
    return ((frames.permute(0, 3, 1, 2).float() / 255 - 0.5) / SPREAD).contiguous(memory_format=torch.channels_last)


def dense_outputs(network: UperNetForSemanticSegmentation, pixels: Tensor) -> dict[str, Tensor]:
    """The channels of each head, float32 (B, values, H / CELL, W / CELL); foreground (B, 1, H FINE / CELL, ...).

    The model's own `forward` would enlarge all channels to the size of the picture, which costs more than they do.
    """
    features = network.backbone(pixels).feature_maps
    logits = network.decode_head(features).float()
    heads = heads_of(network)
    parts = torch.split(logits, [len(values) for values in heads.values()], dim=1)
    found = dict(zip(heads, parts, strict=True))
    found["foreground"] = torch.pixel_shuffle(found["foreground"], FINE)
    return found
