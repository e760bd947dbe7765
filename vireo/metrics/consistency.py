"""How steady a clip is, with no look at what it shows. All of these are highest where nothing happens at all."""

import itertools

import numpy as np


def temporal_flickering(video: np.ndarray) -> float:
    """VBench's measure (Huang et al. 2024): (255 - mean absolute difference of neighbouring frames) / 255, in 0..1.

    video: uint8 (T, H, W, 3). 1 for a still clip and for a single frame.
    """
    if len(video) < 2:
        return 1.0
    gaps = [np.abs(b.astype(np.int16) - a).mean(dtype=np.float64) for a, b in itertools.pairwise(video)]
    return float((255 - np.mean(gaps)) / 255)


def frame_consistency(vectors: np.ndarray) -> float:
    """VBench's subject and background consistency, in 0..1: for each frame after the first the mean of its cosine
    similarities, not below 0, to the first and to the previous frame; their mean over frames.

    vectors: (T, D), one a frame, of any encoder of pictures (VBench: DINO for subjects, CLIP for backgrounds).
    1 for a single frame.
    """
    if len(vectors) < 2:
        return 1.0
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    to_first = units[1:] @ units[0]
    to_previous = (units[1:] * units[:-1]).sum(1)
    return float(((to_first.clip(min=0) + to_previous.clip(min=0)) / 2).mean())


def motion_smoothness(video: np.ndarray) -> float:
    """How well every second frame is told by its neighbours, in 0..1; VBench's measure with another interpolator.

    video: uint8 (T, H, W, 3). (255 - mean absolute difference between the frames at odd places and the mean of the two
    beside them) / 255; 1 for less than three frames. VBench interpolates with AMT, of which no library has a class; the
    mean of the neighbours sees motion itself as roughness, so figures compare with our own only.
    """
    if len(video) < 3:
        return 1.0
    gaps = []
    for k in range(1, len(video) - 1, 2):
        before, frame, after = (video[place].astype(np.float32) for place in (k - 1, k, k + 1))
        gaps.append(np.abs(frame - (before + after) / 2).mean(dtype=np.float64))
    return float((255 - np.mean(gaps)) / 255)


def neighbour_consistency(vectors: np.ndarray) -> float:
    """EditVerse's temporal consistency, in 0..1: the mean cosine similarity, not below 0, of neighbouring frames.

    vectors: as in `frame_consistency`. 1 for a single frame.
    """
    if len(vectors) < 2:
        return 1.0
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float((units[1:] * units[:-1]).sum(1).clip(min=0).mean())


def similarity(vectors: np.ndarray, others: np.ndarray) -> float:
    """Mean cosine similarity of the frames of two clips, in -1..1; VIVA's R_SP where they are source and edit.

    vectors, others: (T, D), one a frame.
    """
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (vectors, others))
    return float((a * b).sum(1).mean())
