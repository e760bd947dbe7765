"""Stage `clip`: which picture and which caption belong together, and the tokenizer that all words go through.

Contrastive learning (CLIP) over frames and captions, to which every picture brings captions of its own that are
wrong in one attribute. Beside it the vision tower names what each of its patches shows, which teaches it to see
in a fraction of the time, and the vectors of picture and caption name the facts of the scene through one and the
same head, which keeps both from learning scenes by heart and brings them together. The heads are dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize
from transformers import CLIPModel, CLIPProcessor, CLIPVisionModel, PreTrainedTokenizerFast

from vireo.instruction_tuning.hard_negatives import Odds, wrong_captions
from vireo.instruction_tuning.patch_labels import FACTS, LABELS, NOTHING, scene_facts
from vireo.instruction_tuning.pictures import STILLS, PictureSet
from vireo.models.bundle import Bundle
from vireo.models.clip import (
    PATCH_SIZE,
    build_clip_processor,
    build_mini_clip,
    embed_images,
    embed_texts,
    start_tower,
    take_tower,
    text_ids,
)
from vireo.pairs.augment import augmented, moved_patches
from vireo.runtime import autocast
from vireo.training.precision import in_precision
from vireo.training.stage import LoopConfig, Stage

CANDIDATES = 32
"""Captions among which the right one is sought in the retrieval score."""


@dataclass(frozen=True)
class ClipConfig:
    """seeing: share of all steps, the first ones, without contrast: naming what patches, pictures and captions show is
        cheaper and has to come first.
    negatives: wrong captions a picture. wrong: what these are wrong about.
    dense, facts: weights of naming what patches and what pictures and captions show.
    """

    seeing: float = 0.46
    negatives: int = 8
    wrong: Odds = field(default_factory=lambda: Odds(objects=0.85, fields=(1.0, 3.0, 3.0, 3.0)))
    dense: float = 0.5
    facts: float = 10.0
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=16000, batch_size=32, learning_rate=1.5e-3, optimizer="muon", average=0.998, compile_blocks=False
        )
    )


class ClipObjective(nn.Module):
    """The model, the heads that name patches, and the one that names the facts of pictures and captions."""

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        width = clip.config.vision_config.hidden_size
        sizes = {"object": 2, **{name: len(values) for name, values in LABELS.items()}}
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in sizes.items()})
        self.facts = nn.Linear(clip.config.projection_dim, len(FACTS))

    def forward(self, pixels: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """pixels (B, 3, H, W), ids (N, L), the first B of the pictures' captions: picture vectors (B, D), text vectors
        (N, D), class scores of patches (B, P, C) and fact scores of pictures, then of their captions (2 B, F)."""
        pictures, patches = self.see(pixels)
        texts = self.clip.get_text_features(input_ids=ids).pooler_output
        return pictures, texts, patches, self.facts(torch.cat([pictures, texts[: len(pictures)]]))

    def see(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Picture vectors and class scores of patches, as `forward`."""
        seen = self.clip.vision_model(pixel_values=pixels)
        patches = seen.last_hidden_state[:, 1:]
        return self.clip.visual_projection(seen.pooler_output), [head(patches) for head in self.heads.values()]


class ClipStage(Stage[ClipConfig, ClipObjective]):
    name = "clip"

    def __init__(
        self,
        config: ClipConfig,
        pictures: PictureSet,
        tokenizer: PreTrainedTokenizerFast,
        device: torch.device,
        former: CLIPVisionModel | None = None,
    ) -> None:
        """former: a trained tower from which the new one starts."""
        self.pictures = pictures
        self.processor = build_clip_processor(tokenizer)
        self.labels = pictures.dense_labels(PATCH_SIZE)
        self.facts = np.stack([scene_facts(picture.scene) for picture in pictures.pictures])
        torch.manual_seed(config.loop.seed)
        clip = build_mini_clip(len(tokenizer))
        if former is None:
            start_tower(clip.vision_model, pictures.typical(), config.loop.seed)
        else:
            take_tower(clip.vision_model, former)
        super().__init__(config, ClipObjective(clip), device)

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng((self.loop.seed, step))
        count = self.loop.batch_size
        rows = rng.choice(len(self.pictures), count, replace=len(self.pictures) < count)
        stills = rng.integers(0, len(STILLS), count)
        pixels = np.stack([self.pictures.still(row, still) for row, still in zip(rows, stills, strict=True)])
        labels = self.labels[rows, stills]
        contrasts = step >= self.config.seeing * self.loop.steps
        if not contrasts:
            pixels, labels = moved_patches(pixels, labels, PATCH_SIZE, NOTHING, rng)
        pixels = torch.from_numpy(augmented(pixels[:, None], rng)[:, 0]).to(self.device)
        ids = self._captions(rows, rng, self.config.negatives if contrasts else 0)
        x = pixels.permute(0, 3, 1, 2).float().div(127.5).sub(1)
        images, texts, scores, facts = in_precision(self.dtype, self.module, x, ids)
        known = torch.from_numpy(labels.astype(np.int64)).to(self.device)
        dense = torch.stack([masked_cross_entropy(score, known[:, i]) for i, score in enumerate(scores)]).mean()
        told = masked_fact_loss(facts, torch.from_numpy(self.facts[np.tile(rows, 2)]).to(self.device))
        loss = self.config.dense * dense + self.config.facts * told
        figures = {"dense": dense.item(), "facts": told.item()}
        if contrasts:
            scale = self.module.clip.logit_scale.clamp(max=4.6).exp()
            contrast, accuracy = contrastive_loss(images.float(), texts.float(), scale)
            loss = loss + contrast
            figures |= {"contrastive": contrast.item(), "batch_accuracy": accuracy}
        return loss, figures

    def _captions(self, rows: np.ndarray, rng: np.random.Generator, negatives: int) -> Tensor:
        """Token ids of the right captions of some clips, and then of wrong ones, as `contrastive_loss` wants them."""
        shown = [self.pictures.pictures[row] for row in rows]
        right = [picture.caption for picture in shown]
        wrong = [text for p in shown for text in wrong_captions(p.caption, p.scene, rng, negatives, self.config.wrong)]
        return text_ids(self.processor.tokenizer, right + wrong, multiple=8).to(self.device)

    def finish(self) -> Bundle:
        """The model without the heads, and its processor."""
        return Bundle(self.module.clip.eval(), self.processor)


def masked_cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of scores (B, P, C) over the patches whose label (B, P) is known; 0 where none is."""
    known = (labels != NOTHING).sum().clamp(min=1)
    total = cross_entropy(scores.float().flatten(0, 1), labels.flatten(), ignore_index=NOTHING, reduction="sum")
    return total / known


def masked_fact_loss(scores: Tensor, facts: Tensor) -> Tensor:
    """Binary cross entropy of scores (B, F) over known facts (B, F); 0 where none is."""
    known = (facts != NOTHING).float()
    loss = binary_cross_entropy_with_logits(scores.float(), facts.clamp(min=0).float(), weight=known, reduction="sum")
    return loss / known.sum().clamp(min=1)


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor) -> tuple[Tensor, float]:
    """CLIP's symmetric loss with hard negatives.

    images: (B, D). texts: (B + B K, D), first the right one of each picture, then K wrong ones a picture.
    Wrong texts join the choice of their own picture only. Also returns the share of pictures that choose right.
    """
    count = len(images)
    images, texts = normalize(images, dim=-1), normalize(texts, dim=-1)
    among = scale * images @ texts[:count].T
    own = scale * torch.einsum("bd,bkd->bk", images, texts[count:].unflatten(0, (count, -1)))
    truth = torch.arange(count, device=images.device)
    choice = torch.cat([among, own], dim=1)
    loss = (cross_entropy(choice, truth) + cross_entropy(among.T, truth)) / 2
    return loss, (choice.argmax(1) == truth).float().mean().item()


@torch.no_grad()
def measure(
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
def measure_sight(module: ClipObjective, pictures: PictureSet, batch: int = 32) -> dict[str, float]:
    """How often the tower names right what a patch shows, over all patches whose label is known, by attribute."""
    device = next(module.parameters()).device
    labels = pictures.dense_labels(PATCH_SIZE)
    hits, known = np.zeros(len(module.heads)), np.zeros(len(module.heads))
    for start in range(0, len(pictures), batch):
        numbers = range(start, min(start + batch, len(pictures)))
        for still in range(len(STILLS)):
            pixels = np.stack([pictures.still(number, still) for number in numbers])
            x = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1)
            with autocast(device):
                shown = module.see(x)[1]
            for i, scores in enumerate(shown):
                truth = labels[numbers.start : numbers.stop, still, i]
                hits[i] += (scores.argmax(-1).cpu().numpy() == truth).sum()
                known[i] += (truth != NOTHING).sum()
    return dict(zip(module.heads, (hits / np.maximum(known, 1)).tolist(), strict=True))
