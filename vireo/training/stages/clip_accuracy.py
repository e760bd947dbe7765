"""How well a CLIP-class model tells captions apart, and its tower classifies patches, on held-out scenes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import CLIPModel, CLIPProcessor

from vireo.instruction_tuning.hard_negatives import wrong_captions
from vireo.instruction_tuning.patch_labels import NOTHING
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.models.clip import embed_images, embed_texts
from vireo.models.latents import to_pixels
from vireo.runtime import autocast
from vireo.training.stages.clip import ClipObjective

CANDIDATES = 32
"""Captions among which the right one is sought in the retrieval score."""


@torch.no_grad()
def measure_retrieval(
    model: CLIPModel, processor: CLIPProcessor, pictures: PictureSet, numbers: Sequence[int], seed: int = 0
) -> dict[str, float | int]:
    """How often the right caption wins among CANDIDATES, the others each wrong in one attribute.

    numbers: clips of `pictures` without a style (in a style most attributes cannot be seen).
    Returns "retrieval", where a clip is its first frame, and "retrieval_clip", where it is the mean of the vectors of
    its STILLS, as rewards see clips. The same arguments give the same figures.
    """
    rng = np.random.default_rng(seed)
    first, whole = [], []
    for number in numbers:
        picture = pictures.pictures[number]
        captions = [picture.caption, *wrong_captions(picture.caption, picture.scene, rng, CANDIDATES - 1)]
        images = embed_images(model, processor, [pictures.still(number, still) for still in range(len(STILLS))])
        scores = embed_texts(model, processor, captions) @ images.T
        first.append(int(scores[:, 0].argmax()) == 0)
        whole.append(int(scores.mean(1).argmax()) == 0)
    figures = {"retrieval": float(np.mean(first)), "retrieval_clip": float(np.mean(whole))}
    return figures | {"n": len(first), "candidates": CANDIDATES}


@torch.no_grad()
def measure_patches(module: ClipObjective, pictures: PictureSet, batch: int = 32) -> dict[str, float]:
    """Accuracy of the classes of patches whose label is known, by attribute."""
    device = next(module.parameters()).device
    labels = pictures.dense_labels(module.patch_size)
    hits, known = np.zeros(len(module.heads)), np.zeros(len(module.heads))
    for start in range(0, len(pictures), batch):
        numbers = range(start, min(start + batch, len(pictures)))
        for still in range(len(STILLS)):
            images = np.stack([pictures.still(number, still) for number in numbers])
            with autocast(device):
                scores = module.classify_patches(to_pixels(images[:, None], device)[:, :, 0])[1]
            for head, score in enumerate(scores):
                wanted = labels[numbers.start : numbers.stop, still, head]
                hits[head] += (score.argmax(-1).cpu().numpy() == wanted).sum()
                known[head] += (wanted != NOTHING).sum()
    return dict(zip(module.heads, (hits / np.maximum(known, 1)).tolist(), strict=True))
