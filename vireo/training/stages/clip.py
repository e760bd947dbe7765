"""Stage `clip`: which picture and which caption belong together, and the tokenizer that all words go through.

Contrastive learning (CLIP) over frames and captions, with hard negatives: captions of the same picture that are wrong
in one attribute. Beside it heads on the vision tower classify what each patch shows, by which it learns to see in a
fraction of the time, and one head classifies the facts of the scene from the vectors of picture and caption alike,
which keeps both from learning scenes by heart and brings them together. The heads are dropped afterwards.
"""

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
from vireo.models.clip import build_clip_processor, embed_images, embed_texts, text_ids
from vireo.models.editors.mini import build_mini_clip, build_mini_image_processor
from vireo.models.initialization import initialize_tower, resize_trained_tower
from vireo.models.latents import to_pixels
from vireo.models.weights import Bundle
from vireo.pairs.augment import augmented, translated_patches
from vireo.runtime import autocast
from vireo.training.acceleration import in_precision
from vireo.training.stage import LoopConfig, Stage

CANDIDATES = 32
"""Captions among which the right one is sought in the retrieval score."""


@dataclass(frozen=True)
class ClipConfig:
    """without_contrast: share of all steps, the first ones, without the contrastive loss: classifying what patches,
        pictures and captions show is cheaper and has to come first.
    negatives: hard negative captions a picture. wrong: what these are wrong about.
    patches, facts: weights of classifying what patches and what pictures and captions show.
    """

    without_contrast: float = 0.46
    negatives: int = 8
    wrong: Odds = field(default_factory=lambda: Odds(objects=0.85, fields=(1.0, 3.0, 3.0, 3.0)))
    patches: float = 0.5
    facts: float = 10.0
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=16000, batch_size=32, learning_rate=1.5e-3, optimizer="muon", average=0.998, compile_blocks=False
        )
    )


class ClipObjective(nn.Module):
    """The model, the heads that classify patches, and the one that classifies facts of pictures and captions."""

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        width = clip.visual_projection.in_features
        sizes = {"object": 2, **{name: len(values) for name, values in LABELS.items()}}
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in sizes.items()})
        self.facts = nn.Linear(clip.visual_projection.out_features, len(FACTS))

    @property
    def patch_size(self) -> int:
        """Of the vision tower, in pixels."""
        return self.clip.vision_model.embeddings.patch_embedding.kernel_size[0]

    def forward(self, pixels: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """pixels (B, 3, H, W), ids (N, L), the first B of the pictures' captions: picture vectors (B, D), text vectors
        (N, D), class scores of patches (B, P, C) and fact scores of pictures, then of their captions (2 B, F)."""
        pictures, patches = self.classify_patches(pixels)
        texts: Tensor = self.clip.text_projection(self.clip.text_model(input_ids=ids).pooler_output)
        return pictures, texts, patches, self.facts(torch.cat([pictures, texts[: len(pictures)]]))

    def classify_patches(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Picture vectors and class scores of patches, as `forward`."""
        output = self.clip.vision_model(pixel_values=pixels)
        patches = output.last_hidden_state[:, 1:]
        return self.clip.visual_projection(output.pooler_output), [head(patches) for head in self.heads.values()]


class ClipStage(Stage[ClipConfig, ClipObjective]):
    name = "clip"

    def __init__(
        self,
        config: ClipConfig,
        pictures: PictureSet,
        tokenizer: PreTrainedTokenizerFast,
        device: torch.device,
        init_from: CLIPVisionModel | None = None,
    ) -> None:
        """init_from: a trained tower from which the new one starts."""
        torch.manual_seed(config.loop.seed)
        clip = build_mini_clip(len(tokenizer))
        if init_from is None:
            initialize_tower(clip.vision_model, pictures.sample_pixels(), config.loop.seed)
        else:
            resize_trained_tower(clip.vision_model, init_from)
        super().__init__(config, ClipObjective(clip), device)
        self.pictures, self.processor = pictures, build_clip_processor(tokenizer, build_mini_image_processor())
        self.labels = pictures.dense_labels(self.module.patch_size)
        self.facts = np.stack([scene_facts(picture.scene) for picture in pictures.pictures])

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng((self.loop.seed, step))
        count = self.loop.batch_size
        rows = rng.choice(len(self.pictures), count, replace=len(self.pictures) < count)
        stills = rng.integers(0, len(STILLS), count)
        images = np.stack([self.pictures.still(row, still) for row, still in zip(rows, stills, strict=True)])
        labels = self.labels[rows, stills]
        contrastive = step >= self.config.without_contrast * self.loop.steps
        if not contrastive:
            images, labels = translated_patches(images, labels, self.module.patch_size, NOTHING, rng)
        pixels = to_pixels(augmented(images[:, None], rng), self.device)[:, :, 0]
        ids = self._captions(rows, rng, self.config.negatives if contrastive else 0)
        image_vectors, text_vectors, scores, facts = in_precision(self.dtype, self.module, pixels, ids)
        known = torch.from_numpy(labels.astype(np.int64)).to(self.device)
        patch_loss = torch.stack([masked_cross_entropy(score, known[:, i]) for i, score in enumerate(scores)]).mean()
        fact_loss = masked_fact_loss(facts, torch.from_numpy(self.facts[np.tile(rows, 2)]).to(self.device))
        loss = self.config.patches * patch_loss + self.config.facts * fact_loss
        figures = {"patches": patch_loss.item(), "facts": fact_loss.item()}
        if contrastive:
            scale = self.module.clip.logit_scale.clamp(max=4.6).exp()
            contrast, accuracy = contrastive_loss(image_vectors.float(), text_vectors.float(), scale)
            loss = loss + contrast
            figures |= {"contrastive": contrast.item(), "batch_accuracy": accuracy}
        return loss, figures

    def _captions(self, rows: np.ndarray, rng: np.random.Generator, negatives: int) -> Tensor:
        """Token ids of the right captions of some clips, and then of wrong ones, as `contrastive_loss` wants them."""
        pictures = [self.pictures.pictures[row] for row in rows]
        right = [picture.caption for picture in pictures]
        wrong = [
            text for p in pictures for text in wrong_captions(p.caption, p.scene, rng, negatives, self.config.wrong)
        ]
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
    logits = scale * images @ texts[:count].T
    negatives = scale * torch.einsum("bd,bkd->bk", images, texts[count:].unflatten(0, (count, -1)))
    labels = torch.arange(count, device=images.device)
    to_texts = torch.cat([logits, negatives], dim=1)
    loss = (cross_entropy(to_texts, labels) + cross_entropy(logits.T, labels)) / 2
    return loss, (to_texts.argmax(1) == labels).float().mean().item()


@torch.no_grad()
def measure_retrieval(
    model: CLIPModel, processor: CLIPProcessor, pictures: PictureSet, numbers: Sequence[int]
) -> dict[str, float | int]:
    """How often the right caption wins among CANDIDATES, the others each wrong in one attribute.

    numbers: clips of `pictures` without a style (in a style most attributes cannot be seen).
    Returns "retrieval", where a clip is its first frame, and "retrieval_clip", where it is the mean of the vectors of
    its STILLS, as rewards see clips. The same arguments give the same figures.
    """
    rng = np.random.default_rng(0)
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
def measure_patches(module: ClipObjective, pictures: PictureSet) -> dict[str, float]:
    """Accuracy of the classes of patches whose label is known, by attribute."""
    device = next(module.parameters()).device
    labels = pictures.dense_labels(module.patch_size)
    hits, known = np.zeros(len(module.heads)), np.zeros(len(module.heads))
    for start in range(0, len(pictures), 32):
        numbers = range(start, min(start + 32, len(pictures)))
        for still in range(len(STILLS)):
            images = np.stack([pictures.still(number, still) for number in numbers])
            with autocast(device):
                scores = module.classify_patches(to_pixels(images[:, None], device)[:, :, 0])[1]
            for head, score in enumerate(scores):
                wanted = labels[numbers.start : numbers.stop, still, head]
                hits[head] += (score.argmax(-1).cpu().numpy() == wanted).sum()
                known[head] += (wanted != NOTHING).sum()
    return dict(zip(module.heads, (hits / np.maximum(known, 1)).tolist(), strict=True))
