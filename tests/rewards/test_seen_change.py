import numpy as np
import pytest

from vireo.rewards.seen_change import VISIBLE, seen_change


def source(shape=(4, 30, 40, 3)):
    return np.random.default_rng(0).integers(40, 200, shape, dtype=np.uint8)


def test_change_counts_by_its_most_changed_place():
    clip = source()
    edited = clip.copy()
    edited[:, 10:14, 10:14, 1] += 12
    assert seen_change(clip, edited) == pytest.approx(12 / VISIBLE)
    edited[:, 10:14, 10:14, 1] += 30
    assert seen_change(clip, edited) == 1
    half = edited.copy()
    half[2:] = clip[2:]
    assert seen_change(clip, half) == 0.5, "frames count alike"
    assert seen_change(clip, clip) == 0


def test_single_pixels_are_noise():
    clip = source()
    noisy = clip.copy()
    noisy[:, 3:-3:6, 3:-3:6] += 20  # away from the borders, where a mean is over fewer pixels
    assert seen_change(clip, noisy) == pytest.approx(20 / 9 / VISIBLE)


def test_order_does_not_matter_to_uint8():
    clip = source()
    darker = clip - 30
    assert seen_change(clip, darker) == seen_change(darker, clip) == 1
