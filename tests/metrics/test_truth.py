"""The contract's scores against cases computed by hand."""

import numpy as np
import pytest

from vireo.metrics.truth import (
    changed_share,
    dilated,
    edit_error,
    is_global,
    outside_psnr,
    region_excess,
    region_recall,
    score_edit,
    wrong_target,
)

SHAPE = (2, 10, 16, 3)


@pytest.fixture
def scene():
    """A 2x2 square per frame goes from 100 to 150; the rest stays at 50."""
    mask = np.zeros(SHAPE[:3], bool)
    mask[:, 2:4, 2:4] = True
    source = np.full(SHAPE, 50, np.uint8)
    source[mask] = 100
    target = source.copy()
    target[mask] = 150
    return source, target, mask


def test_edit_error_of_half_an_edit_is_a_quarter(scene):
    source, target, mask = scene
    half = source.copy()
    half[mask] = 125
    assert edit_error(target, source, target, mask) == 0
    assert edit_error(source, source, target, mask) == 1
    assert edit_error(half, source, target, mask) == pytest.approx(0.25)


def test_edit_error_weighs_energy_not_pixels(scene):
    source, target, mask = scene
    target[0, 2, 2] = 130  # one of eight pixels needs 30 instead of 50
    done_there = source.copy()
    done_there[0, 2, 2] = 130
    assert edit_error(done_there, source, target, mask) == pytest.approx(7 * 50**2 / (7 * 50**2 + 30**2))


def test_edit_error_overshoot_does_not_wrap_around(scene):
    source, target, mask = scene
    worse = source.copy()
    worse[mask] = 0
    assert edit_error(worse, source, target, mask) == pytest.approx(150**2 / 50**2)


def test_edit_error_needs_a_change(scene):
    source, _, mask = scene
    assert edit_error(source, source, source, mask) is None


def test_outside_psnr_by_hand(scene):
    source, target, mask = scene
    edited = target.copy()
    edited[~mask] += 5
    assert outside_psnr(edited, source, mask) == pytest.approx(10 * np.log10(255**2 / 25))
    assert outside_psnr(target, source, mask) == 100  # bit-equal outside: the cap


def test_outside_psnr_is_not_defined_for_global_edits():
    mask = np.ones((1, 10, 10), bool)
    mask[0, 0, :5] = False
    video = np.zeros((1, 10, 10, 3), np.uint8)
    assert not is_global(mask)  # exactly 95 %
    assert outside_psnr(video, video, mask) == 100
    mask[0, 0, 0] = True
    assert outside_psnr(video, video, mask) is None


def test_dilation_is_two_pixels_at_128_and_in_proportion():
    for width, radius in ((128, 2), (96, 2), (64, 1), (256, 4), (1280, 20)):
        mask = np.zeros((3, 64, width), bool)
        mask[1, 32, width // 2] = True
        grown = dilated(mask)
        assert not grown[0].any()
        assert not grown[2].any()
        rows, columns = np.nonzero(grown[1])
        assert (rows.min(), rows.max()) == (32 - radius, 32 + radius)
        assert (columns.min(), columns.max()) == (width // 2 - radius, width // 2 + radius)
        assert grown[1].sum() == (2 * radius + 1) ** 2


def test_success_has_both_conditions(scene):
    source, target, mask = scene
    good = target.copy()
    assert score_edit(good, source, target, mask, family="recolor").success
    rough = target.copy()
    rough[mask] = 121  # error (29/50)^2 = 0.336
    assert score_edit(rough, source, target, mask, family="recolor").success
    rough[mask] = 120  # error (30/50)^2 = 0.36
    assert not score_edit(rough, source, target, mask, family="recolor").success
    spill = target.copy()
    spill[~dilated(mask)] += 8  # 30.07 dB
    assert score_edit(spill, source, target, mask, family="recolor").success
    spill[~dilated(mask)] += 1  # 29.05 dB
    assert not score_edit(spill, source, target, mask, family="recolor").success


def test_absent_forgives_less_than_three_percent():
    source = np.zeros((1, 10, 100, 3), np.uint8)
    empty = np.zeros((1, 10, 100), bool)
    edited = source.copy()
    edited[0, 0, :29, 1] = 13
    edited[0, 1] = 12  # not more than 12
    assert changed_share(edited, source) == pytest.approx(0.029)
    assert score_edit(edited, source, source, empty, family="absent").success
    edited[0, 0, 29, 1] = 13
    assert not score_edit(edited, source, source, empty, family="absent").success


def test_doing_nothing_to_something_is_no_success(scene):
    source, target, mask = scene
    score = score_edit(source, source, target, mask, family="remove")
    assert (score.success, score.edit_error, score.outside_psnr) == (False, 1.0, 100.0)


def test_wrong_target_is_a_share_of_change_energy(scene):
    source, target, mask = scene
    others = np.zeros_like(mask)
    others[:, 8, 10:14] = True  # as many pixels (8) as the mask
    edited = target.copy()
    edited[others] = 50 + 16  # 256 / (2500 + 256) = 9.3 %
    assert not wrong_target(edited, source, others)
    edited[others] = 50 + 17  # 289 / 2789 = 10.4 %
    assert wrong_target(edited, source, others)
    assert not wrong_target(source, source, others)


def test_wrong_target_beyond_the_mask_leaves_out_what_the_target_changes(scene):
    source, target, mask = scene
    score = score_edit(target, source, target, mask, family="watermark", others=mask)
    assert (score.wrong_target, score.wrong_beyond_mask) == (True, False)


def test_region_shares(scene):
    _, _, mask = scene
    region = np.zeros_like(mask)
    region[:, 2:4, 3:7] = True
    assert region_recall(region, mask) == pytest.approx(0.5)
    assert region_excess(region, mask) == pytest.approx(2.0)
    assert region_recall(region, np.zeros_like(mask)) is None
