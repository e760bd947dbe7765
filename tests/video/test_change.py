"""What is taken for the edit, against clips whose truth is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vireo.video.change import certainty, settled
from vireo.video.region import composite, predict_region

RNG = np.random.default_rng(0)
SOURCE = RNG.integers(0, 256, (3, 96, 96, 3), dtype=np.uint8)


def blurred(frames):
    return gaussian_filter(frames / 255, (0, 1, 1, 0)).astype(np.float32)


def test_without_a_change_the_source_comes_back_whatever_the_vae_loses():
    rebuilt = blurred(SOURCE)
    result = settled(SOURCE, rebuilt, rebuilt, np.ones((3, 96, 96), np.float32))
    assert np.array_equal(np.rint(result * 255), SOURCE)


@pytest.mark.parametrize("change", [18, 70])
def test_a_result_that_shows_the_same_is_given_back_its_detail(change):
    rebuilt = blurred(SOURCE)
    result = settled(SOURCE, rebuilt + np.float32(change / 255), rebuilt, np.ones((3, 96, 96), np.float32))
    assert np.abs(result - (SOURCE / 255 + change / 255)).max() < 0.005


def test_a_result_of_half_the_contrast_is_given_back_a_sixteenth():
    rebuilt = blurred(SOURCE)
    edited = 0.5 * rebuilt
    result = settled(SOURCE, edited, rebuilt, np.ones((3, 96, 96), np.float32))
    assert np.abs(result - (edited + 0.5**4 * (SOURCE / 255 - rebuilt))).max() < 0.01


def test_where_nothing_is_left_of_the_source_the_result_stays_as_it_is():
    edited = np.full(SOURCE.shape, 0.5, np.float32)
    result = settled(SOURCE, edited, blurred(SOURCE), np.ones((3, 96, 96), np.float32))
    assert np.abs(result - edited).max() < 1e-3


def test_large_changes_are_the_edit_whatever_is_around_them():
    """Between 10 and 40 of 255 in part; none of it is smoothed away."""
    rebuilt = np.full((3, 96, 96, 3), 0.5, np.float32)
    source, nowhere = np.full(rebuilt.shape, 127, np.uint8), np.zeros((3, 96, 96), np.float32)
    for change, share in ((9, 0.0), (25, 0.5), (41, 1.0)):
        result = settled(source, rebuilt + np.float32(change / 255), rebuilt, nowhere)
        assert np.abs(result - (127 + share * change) / 255).max() < 1e-4


def test_noise_is_not_certain_and_a_disc_is():
    rebuilt = np.full((9, 96, 96, 3), 0.5, np.float32)
    y, x = np.mgrid[:96, :96]
    disc = np.hypot(y - 40, x - 50) < 12
    edited = rebuilt + disc[None, ..., None] * np.float32(0.3)
    edited += gaussian_filter(RNG.normal(0, 0.08, edited.shape), (0, 1, 1, 0)).astype(np.float32)
    sure = certainty(edited, rebuilt, np.where(disc, 1.0, 0.0)[None].repeat(9, 0))
    assert sure[:, disc].mean() > 0.97
    far = np.hypot(y - 40, x - 50) > 18
    assert sure[:, far].mean() < 0.1


def test_a_pale_edit_of_a_part_is_certain_and_noise_beside_it_is_not():
    rebuilt, part = np.full((9, 96, 96, 3), 0.5, np.float32), np.zeros((9, 96, 96))
    part[:, 30:50, 20:70] = 1
    sure = certainty(rebuilt + part[..., None].astype(np.float32) * np.float32(12 / 255), rebuilt, part)
    assert (sure[:, 34:46, 24:66] > 0.99).all()
    strong = rebuilt + np.float32(12 / 255)
    strong[:, 30:50, 20:70] = rebuilt[:, 30:50, 20:70] + np.float32(90 / 255)
    assert (certainty(strong, rebuilt, part)[:, :20] < 0.4).all()


def test_a_faint_edit_of_the_whole_picture_is_certain_and_what_it_spares_is_spared():
    rebuilt, whole = blurred(SOURCE), np.ones((3, 96, 96))
    assert (certainty(rebuilt + np.float32(3 / 255), rebuilt, whole) > 0.99).all()
    edited = rebuilt + np.float32(60 / 255)
    edited[:, :30] = rebuilt[:, :30] + np.float32(6 / 255)
    sure = certainty(edited, rebuilt, whole)
    assert (sure[:, 40:] == 1).all()
    assert (sure[:, :20] == 0).all()
    assert (certainty(rebuilt, rebuilt, whole) == 0).all()


def test_beside_the_edit_the_picture_is_closer_to_the_source_and_the_edit_no_worse():
    wall = gaussian_filter(RNG.normal(size=(96, 96, 1)), (1, 1, 0)) * 60
    source = np.clip(np.array([110, 130, 120]) + wall, 0, 255).astype(np.uint8)[None].repeat(9, 0)
    y, x = np.mgrid[:96, :96]
    distance = np.hypot(y - 48, x - 48)
    disc = distance < 14
    target = np.where(disc[None, ..., None], [220, 30, 30], source).astype(np.uint8)
    noise = gaussian_filter(RNG.normal(0, 0.1, source.shape), (1, 2, 2, 0))
    rebuilt, edited = blurred(source), (blurred(target) + noise).astype(np.float32)
    region = predict_region(source, edited, rebuilt)
    assert region.support[:, disc].mean() > 0.97
    beside = region.support & (distance > 17)  # the blur of the disc's edge is a change of its own
    assert beside.any()
    plain = composite(source, edited, region, "strict")
    better = composite(
        source, settled(source, edited, rebuilt, certainty(edited, rebuilt, region.soft)), region, "strict"
    )

    def error(result, truth, where):
        return ((result.astype(float) - truth)[where] ** 2).mean()

    assert error(better, source, beside) < 0.7 * error(plain, source, beside)
    inside = np.broadcast_to(disc, region.support.shape)
    assert error(better, target, inside) < 1.05 * error(plain, target, inside)
