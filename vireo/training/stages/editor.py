"""Stage `editor`: VIVA's supervised stage (Eq. 1-3) on pairs of the studio and of footage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformer3DModel
from torch import Tensor

from vireo.flow.loss import masked_flow_loss, relative_mask_weight, velocities
from vireo.flow.path import Prediction, interpolate, training_times
from vireo.models.transformer import editor_input
from vireo.pairs.conditioning_cache import ConditioningCache
from vireo.pairs.latent_cache import LatentCache, Shift
from vireo.pairs.mixture import PHRASES, EditMixture, MixtureConfig, family_weights
from vireo.training.acceleration import compile_blocks, plain_attention
from vireo.training.stage import LoopConfig, Stage, step_generator
from vireo.training.validation import Validation
from vireo.types import PairFiles


@dataclass(frozen=True)
class EditorConfig:
    """prediction: what the output means, see flow/path.py.
    time_shifts: of the times, each for as many samples as any other. Far towards noise a literal edit has to be
        answered from source and instruction; at times where the target still shines through the noise the network
        learns to choose among what the words leave open, and to draw it sharply in several steps (docs/log.md,
        2026-11-21 and 2026-11-28).
    shift: of the times of sampling.
    mask_share, mask_weight_limit: of w_m in VIVA Eq. 3; see `relative_mask_weight`.
    shifts: copies of the pairs translated by so many pixels (down, right) from which the editor learns, too: how an
        object lies in the blocks of the autoencoder decides what its latent looks like (docs/log.md, 2026-11-22).
    init_from: preset or folder of a pipeline whose editor goes on learning, with its autoencoder and instructor; None
        for a new one, from text to video.
    patch_size: of the finished editor, in numbers of the latent, where it is to be finer than what it begins with.
    """

    prediction: Prediction = "affine"
    time_shifts: tuple[float, ...] = (12.0,)
    shift: float = 12.0
    mask_share: float = 0.5
    mask_weight_limit: float = 30.0
    shifts: tuple[Shift, ...] = ()
    init_from: str | None = None
    patch_size: int | None = None
    mixture: MixtureConfig = field(default_factory=MixtureConfig)
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=23000, batch_size=24, learning_rate=1e-3, optimizer="muon", average=0.998, sample_every=1000
        )
    )


@dataclass(frozen=True, kw_only=True)
class EditorData:
    """Cached latents and instructor states of a pair set.

    source_rows: of the latent cache, one a pair. target_rows: of it, one an exact result; masks: bool
    (results, k + 1, h, w). results: (pairs + 1,), those of pair i are results[i] to results[i + 1] - 1.
    conditioning: PHRASES + 1 rows a pair, the last for the empty instruction.
    reference_latents: float16 (n, C, 1, h, w) of the reference images, or None.
    reference_rows: of those, one a pair, -1 for none.
    """

    pairs: list[PairFiles]
    latents: LatentCache
    source_rows: np.ndarray
    target_rows: np.ndarray
    masks: np.ndarray
    results: np.ndarray
    conditioning: ConditioningCache
    reference_latents: np.ndarray | None
    reference_rows: np.ndarray


class EditorStage(Stage[EditorConfig, HunyuanVideoTransformer3DModel]):
    name = "editor"

    def __init__(
        self,
        config: EditorConfig,
        editor: HunyuanVideoTransformer3DModel,
        studio: Sequence[EditorData],
        footage: EditorData | None,
        validation: Validation | None,
        device: torch.device,
    ) -> None:
        super().__init__(config, editor, device)
        if config.loop.compile_blocks:
            compile_blocks(self.module)
        self.validation = validation
        weights = family_weights([data.pairs for data in studio], config.mixture.weights)
        totals = np.array([sum(families.values()) for families in weights])
        share = config.mixture.footage if footage else 0.0
        sets = [*zip(studio, weights, strict=True), *([(footage, {})] if footage else [])]
        self.mixtures = [
            (data, EditMixture(data.pairs, config.mixture, config.loop.batch_size, families)) for data, families in sets
        ]
        self.shares = [*(1 - share) * totals / totals.sum(), *([share] if footage else [])]

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        rng, generator = np.random.default_rng((self.loop.seed, step)), step_generator(self.loop.seed, step)
        data, mixture = self.mixtures[rng.choice(len(self.mixtures), p=self.shares)]
        draw = mixture.draw(rng)
        results = rng.integers(data.results[draw.rows], data.results[draw.rows + 1])
        sources, targets = data.source_rows[draw.rows], data.target_rows[results]
        clips = data.latents.images[:, 0] if draw.image else data.latents.videos
        source, x0 = self._tensor(clips[sources]), self._tensor(clips[targets])
        mask = self._tensor(data.masks[results, : x0.shape[2]])[:, None]
        reference = None
        if draw.reference == "picture":
            assert data.reference_latents is not None, "pairs with a reference have its latent"
            reference = self._tensor(data.reference_latents[data.reference_rows[draw.rows]])
        elif draw.reference == "keyframe":
            reference = self._tensor(data.latents.images[targets, 1])
        condition = data.conditioning.batch(draw.rows * (PHRASES + 1) + draw.phrases, self.device)
        noise = torch.randn(x0.shape, generator=generator).to(self.device)
        t = training_times(len(x0), self.config.time_shifts, generator).to(self.device)
        z = interpolate(x0, noise, t)
        with plain_attention(self.device):
            output = self.module(editor_input(z, source, reference), 1000 * t, *condition, return_dict=False)[0]
        output = output[:, :, : z.shape[2]].float()
        predicted, true = velocities(output, x0, noise, z, t, self.config.prediction, source)
        weight = relative_mask_weight(mask, source, x0, self.config.mask_share, self.config.mask_weight_limit)
        loss = masked_flow_loss(predicted, true, mask, weight)
        return loss, {f"loss/{'image' if draw.image else 'video'}": loss.item()}

    def sample(self, folder: Path, step: int) -> None:
        if self.validation:
            self.validation.measure(self.module, folder, step)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device).float()
