"""Latents of all clips of a pair set, encoded once: training the transformer then never touches pixels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vireo.models.latents import VideoAutoencoder, encode_latents, to_pixels
from vireo.pairs.augment import translated
from vireo.pairs.frame_cache import FrameCache, decode
from vireo.runtime import autocast, whole_file
from vireo.types import OnCount

Shift = tuple[int, int]
"""Pixels by which a copy of a clip is translated: down, right."""

NO_SHIFT: Shift = (0, 0)


class LatentCache:
    """videos: float16 (N, C, k + 1, h, w). images: float16 (N, 2, C, 1, h, w), the first and the last frame
    encoded as images. Rows are those of the frame cache."""

    def __init__(self, folder: Path) -> None:
        self.videos = np.load(folder / "videos.npy", mmap_mode="r")
        self.images = np.load(folder / "images.npy", mmap_mode="r")


@torch.no_grad()
def cache_latents(
    vae: VideoAutoencoder, frames: FrameCache, folder: Path, on_progress: OnCount, shift: Shift, dtype: torch.dtype
) -> LatentCache:
    """Encodes all clips, translated by `shift`, with products in `dtype`; does nothing where that is done."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "images.npy").exists():
        count, batch, device = len(frames.frames), 32, vae.device

        def encode(x: Tensor) -> np.ndarray:
            with autocast(device, dtype):
                return encode_latents(vae, x).half().cpu().numpy()

        first = to_pixels(frames.frames[:1], device)
        video_shape, image_shape = encode(first).shape[1:], encode(first[:, :, [0]]).shape[1:]
        with whole_file(folder / "videos.npy") as video_path, whole_file(folder / "images.npy") as image_path:
            videos = np.lib.format.open_memmap(video_path, "w+", np.float16, (count, *video_shape))
            images = np.lib.format.open_memmap(image_path, "w+", np.float16, (count, 2, *image_shape))
            for start in range(0, count, batch):
                x = to_pixels(translated(frames.frames[start : start + batch], *shift), device)
                videos[start : start + batch] = encode(x)
                images[start : start + batch] = np.stack([encode(x[:, :, [k]]) for k in (0, -1)], 1)
                on_progress(start, count)
            videos.flush()
            images.flush()
            del videos, images
    return LatentCache(folder)


def pool_mask(mask: np.ndarray, temporal: int, spatial: int) -> np.ndarray:
    """Mask at latent resolution (VIVA 3.2): bool (T, H, W) to bool (k + 1, h, w), set where any pixel is.

    The first frame fills a block of its own, as in the autoencoder.
    """
    mask = np.concatenate([mask[:1].repeat(temporal - 1, 0), mask])
    t, h, w = mask.shape
    return np.any(mask.reshape(t // temporal, temporal, h // spatial, spatial, w // spatial, spatial), (1, 3, 5))


def cache_masks(
    pairs_dir: Path,
    paths: Sequence[str],
    folder: Path,
    strides: tuple[int, int],
    shift: Shift,
    on_progress: OnCount,
) -> np.ndarray:
    """bool (N, k + 1, h, w): the masks at these paths, translated by `shift`, at latent resolution; computed once."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "masks.npy"
    if not path.exists():
        clips = decode(pairs_dir, paths, on_progress)
        masks = [pool_mask(translated(clip, *shift)[..., 0] > 127, *strides) for clip in clips]
        with whole_file(path) as temporary:
            np.save(temporary, np.stack(masks))
    return np.load(path)
