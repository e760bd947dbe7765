"""Frames between uint8 arrays (T, H, W, 3) and tensors in -1..1 (3, T, H, W)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def to_pixels(frames: np.ndarray, device: torch.device) -> Tensor:
    """uint8 (B, T, H, W, 3) to float32 (B, 3, T, H, W) in -1..1."""
    x = torch.from_numpy(np.array(frames)).to(device)
    return x.permute(0, 4, 1, 2, 3).float().div_(127.5).sub_(1)


def to_unit(pixels: Tensor) -> np.ndarray:
    """(B, 3, T, H, W) in -1..1 to float32 (B, T, H, W, 3) in 0..1, clipped."""
    return pixels.float().add(1).div(2).clamp(0, 1).permute(0, 2, 3, 4, 1).cpu().numpy()


def to_uint8(pixels: Tensor) -> np.ndarray:
    """(B, 3, T, H, W) in -1..1 to uint8 (B, T, H, W, 3), rounded."""
    return np.round(to_unit(pixels) * 255).astype(np.uint8)
