"""The supervised loss (VIVA Eq. 3)."""

from torch import Tensor

from vireo.flow.path import Prediction, clean_from_output, velocity, velocity_from_output

LOSS_FLOOR = 0.2
"""Smallest time by which errors of predictions of the clean sample are divided in the loss. Without it a sample at
t = 0.02 would weigh 2500 times one at t = 1, and few such samples would make most of the gradient."""


def velocities(
    output: Tensor,
    x0: Tensor,
    noise: Tensor,
    z: Tensor,
    t: Tensor,
    prediction: Prediction,
    source: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """(predicted, true) velocities for the loss, from a network's output at z_t.

    Where the output stands for the clean sample, both are divided by max(t, LOSS_FLOOR), so that the truth stays the
    minimum. source: see `clean_from_output`.
    """
    if prediction == "velocity":
        return output, velocity(x0, noise)
    clean = clean_from_output(output, prediction, source)
    predicted, true = (velocity_from_output(x, z, t, "sample", floor=LOSS_FLOOR) for x in (clean, x0))
    return predicted, true


def masked_flow_loss(v: Tensor, target: Tensor, mask: Tensor | None, mask_weight: float | Tensor) -> Tensor:
    """mean over all elements of (1 + w_m M) * |v - target|^2, weighted before the mean (VIVA Eq. 3).

    v, target: (B, C, T, H, W). mask: (B, 1, T, H, W) in 0..1 at latent resolution, or None (images may lack one), which
    is plain flow matching. mask_weight: w_m, a number or one a sample (B,).
    """
    error = (v.float() - target.float()).square()
    if mask is None:
        return error.mean()
    weight = mask_weight.reshape(-1, 1, 1, 1, 1) if isinstance(mask_weight, Tensor) else mask_weight
    return ((1 + weight * mask) * error).mean()


def relative_mask_weight(mask: Tensor, source: Tensor, x0: Tensor, share: float, limit: float) -> Tensor:
    """(B,) weights w_m with which every edit counts alike, be it small or faint.

    VIVA leaves w_m open. One common w_m is too weak for small objects and faint edits, which are a percent of the
    latent's energy, or too strong for whole pictures. Here leaving the masked part as it was adds `share` to the
    loss of each sample, as long as w_m stays below `limit`.

    mask: (B, 1, T, H, W). source, x0: (B, C, T, H, W).
    """
    change = (mask * (x0 - source).square()).flatten(1).mean(1)
    return (share / change.clamp_min(1e-6)).clamp_max(limit)
