"""Whether a clip looks like those that an instructor has learned from.

After Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples" (2018): the Mahalanobis
distance of a picture's features from those of training pictures. Departures: one Gaussian for all pictures, as there
are no classes; features of one layer, the mean state of the vision tower's patches.
"""

from collections.abc import Sequence

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor

from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.states import pixel_values

LAYER = 3
"""Which hidden state of the tower is read: the last but one tells the studio from all else best (decision 18)."""

RIDGE = 0.1
"""The covariance is mixed with so much of the identity, in mean variances: directions that hardly vary say little."""

MARGIN = 1.1
"""A clip is unfamiliar from this times the distance that 1 in 1000 training clips exceeds."""


class Familiarity(ModelMixin, ConfigMixin):
    """The distribution of features of an instructor's training pictures; saved with the pipeline.

    mean: (D,). whitening: (D, D), features times it have unit covariance. limit: distance from which a clip is
    unfamiliar.
    """

    mean: Tensor
    whitening: Tensor
    limit: Tensor

    @register_to_config
    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("whitening", torch.eye(width))
        self.register_buffer("limit", torch.tensor(torch.inf))

    def distances(self, instructor: Instructor, clips: Sequence[np.ndarray]) -> np.ndarray:
        """Float (B,): mean distance of the first, middle and last frames of clips, uint8 (T, H, W, 3), of any sizes."""
        return np.array([self._distance(_features(instructor, clip)) for clip in clips])

    def unfamiliar(self, instructor: Instructor, clips: Sequence[np.ndarray]) -> np.ndarray:
        """bool (B,)."""
        return self.distances(instructor, clips) > self.limit.item()

    def _distance(self, features: Tensor) -> float:
        return ((features - self.mean) @ self.whitening).norm(dim=-1).mean().item()


def fit_familiarity(instructor: Instructor, clips: Sequence[np.ndarray]) -> Familiarity:
    """The distribution of training clips, uint8 (T, H, W, 3) each, of any sizes; every tenth is kept for the limit."""
    features = [_features(instructor, clip) for clip in clips]
    known = torch.cat([each for number, each in enumerate(features) if number % 10]).double()
    found = Familiarity(known.shape[1])
    covariance = torch.cov(known.T)
    covariance += RIDGE * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=covariance.dtype)
    values, vectors = torch.linalg.eigh(covariance)
    found.mean.copy_(known.mean(0))
    found.whitening.copy_(vectors * values.rsqrt())
    apart = [found._distance(each) for each in features[::10]]
    found.limit.fill_(MARGIN * float(np.quantile(apart, 0.999)))
    return found


@torch.no_grad()
def _features(instructor: Instructor, clip: np.ndarray) -> Tensor:
    """(3, D), of the first, middle and last frame."""
    pixels = pixel_values(instructor.processor, [clip[place] for place in (0, len(clip) // 2, -1)])
    tower = instructor.model.model.vision_tower
    states = tower(pixels.to(tower.device, tower.dtype), output_hidden_states=True).hidden_states[LAYER]
    return states.float().mean(1).cpu()
