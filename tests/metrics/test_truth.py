"""The contract's scores against cases computed by hand."""

from dataclasses import replace

import numpy as np
import pytest

from vireo.metrics.frame_sums import gradient_products
from vireo.metrics.truth import (
    LIMITS,
    EditScore,
    changed_share,
    dilated,
    edit_error,
    is_global,
    outside_psnr,
    region_excess,
    region_recall,
    score_edit,
    with_success,
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


def test_the_loose_success_has_both_conditions_of_version_1(scene):
    source, target, mask = scene
    rough = target.copy()
    rough[mask] = 121  # error (29/50)^2 = 0.336
    score = score_edit(rough, source, target, mask, family="recolor")
    assert (score.success, score.success_loose) == (False, True)
    rough[mask] = 120  # error (30/50)^2 = 0.36
    assert not score_edit(rough, source, target, mask, family="recolor").success_loose
    spill = target.copy()
    spill[~dilated(mask)] += 8  # 30.07 dB
    score = score_edit(spill, source, target, mask, family="recolor")
    assert (score.success, score.success_loose) == (True, True)
    spill[~dilated(mask)] += 1  # 29.05 dB
    score = score_edit(spill, source, target, mask, family="recolor")
    assert (score.success, score.success_loose) == (False, False)
    inside = with_success(score, "recolor", outside=False)
    assert (inside.success, inside.success_loose) == (True, True)


PERFECT = EditScore(
    **{"success": False, "success_loose": False, "changed": 0.5, "edit_error": 0.0, "done": 1.0, "least_done": 1.0},
    **{"sharpness": 1.0, "outside_psnr": 100.0, "shadow_left": 0.0, "worst_edit_error": 0.0, "worst_done": 1.0},
    **{"worst_sharpness": 1.0, "worst_outside_psnr": 100.0, "worst_shadow_left": 0.0},
)


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_alone_decides(name):
    assert with_success(PERFECT, "remove").success
    low, high = LIMITS[name]
    for limit, beyond in ((low, -1e-6), (high, 1e-6)):
        if np.isfinite(limit) and (limit or beyond > 0):
            assert with_success(replace(PERFECT, **{name: limit}), "remove").success
            outside = replace(PERFECT, **{name: limit + beyond})
            assert not with_success(outside, "remove").success
            assert with_success(outside, "replace").success == ("shadow" in name), "shadows are judged in removals"
            assert with_success(outside, "remove", outside=False).success == ("outside" in name)


def test_done_is_the_share_of_the_change_whatever_else_happens(scene):
    source, target, mask = scene
    for value, share in ((125, 0.5), (160, 1.2), (90, -0.2)):
        edited = source.copy()
        edited[mask] = value
        assert score_edit(edited, source, target, mask, family="recolor").done == pytest.approx(share)
    stained = target.copy()
    stained[..., 0][mask] += 30  # of one channel: (3 * 50^2 + 50 * 30) / (3 * 50^2)
    assert score_edit(stained, source, target, mask, family="recolor").done == pytest.approx(1.2)


def test_the_worst_frame_is_that_where_least_was_right(scene):
    source, target, mask = scene
    edited = target.copy()
    edited[1] = source[1]
    score = score_edit(edited, source, target, mask, family="recolor")
    assert (score.edit_error, score.worst_edit_error) == (0.5, 1.0)
    assert (score.done, score.worst_done) == (0.5, 0.0)
    edited[1][mask[1]] = 175  # too much of it is wrong, too
    assert score_edit(edited, source, target, mask, family="recolor").worst_done == pytest.approx(1.5)
    spill = target.copy()
    spill[0, 9] += 20
    score = score_edit(spill, source, target, mask, family="recolor")
    outside = int((~dilated(mask)[0]).sum())
    assert score.worst_outside_psnr == pytest.approx(10 * np.log10(255**2 / (400 * 16 / outside)))
    assert score.outside_psnr == pytest.approx(score.worst_outside_psnr + 10 * np.log10(2))


def test_a_frame_with_next_to_nothing_to_do_is_not_the_worst(scene):
    source, target, mask = scene
    target[1] = source[1]
    target[1, 2, 2] = 115  # 15^2 of 4 * 50^2: 2 % of the other frame's energy
    edited = target.copy()
    edited[1] = source[1]
    score = score_edit(edited, source, target, mask, family="recolor")
    assert (score.worst_edit_error, score.worst_done) == (0, 1)


def test_old_and_new_at_once_leave_a_part_undone(scene):
    """A small part of the change grows darker where the rest grows brighter, and the brighter of both is shown."""
    source, target, mask = scene
    source[:, 2, 2] = 200
    target[:, 2, 2] = (170, 200, 200)  # 30^2 of 900 + 9 * 50^2: 4 % of the energy
    ghost = np.maximum(source, target)
    score = score_edit(ghost, source, target, mask, family="recolor")
    assert score.edit_error == pytest.approx(900 / (900 + 9 * 2500))
    assert score.done > 0.95
    assert score.least_done == 0
    assert (score.success, score.success_loose) == (False, True)
    target[:, 2, 2] = (190, 200, 200)  # 0.4 %: too little to be told
    assert score_edit(np.maximum(source, target), source, target, mask, family="recolor").least_done == 1


def test_an_undone_object_or_its_surroundings_leave_a_part_undone(scene):
    source, target, mask = scene
    concerned = np.zeros_like(mask)
    concerned[:, 2, 2] = True  # a quarter of the change
    for where in (concerned, mask & ~concerned):
        edited = target.copy()
        edited[where] = 125
        score = score_edit(edited, source, target, mask, family="resize", concerned=concerned)
        assert score.least_done == pytest.approx(0.5)
        assert not score.success


@pytest.fixture
def texture():
    """A chequered 12x12 square, 80 and 120, in the place of a flat one."""
    mask = np.zeros((2, 32, 48), bool)
    mask[:, 10:22, 10:22] = True
    source = np.full((2, 32, 48, 3), 50, np.uint8)
    target = source.copy()
    board = np.where(np.indices((12, 12)).sum(0) % 2, 120, 80)
    target[:, 10:22, 10:22] = board[..., None]
    return source, target, mask


def test_sharpness_is_gradient_energy_and_noise_is_none(texture):
    source, target, mask = texture
    sharp = score_edit(target, source, target, mask, family="material")
    assert (sharp.sharpness, sharp.worst_sharpness) == (1, 1)
    soft = target.copy()
    soft[mask] = 100 + (target[mask].astype(int) - 100) // 2  # half the contrast: a quarter of the energy within
    score = score_edit(soft, source, target, mask, family="material")
    steps = 2 * 11 * 12  # between squares of the board; 24 more lead to the ground below and to the right
    ground = {scale: 12 * ((50 + scale) ** 2 + (50 - scale) ** 2) for scale in (20, 10)}
    flat = 4 * 144
    expected = (steps * 20**2 + ground[10] + flat) / (steps * 40**2 + ground[20] + flat)
    assert score.sharpness == pytest.approx(expected, rel=1e-5), "of the mask as stored, which is less than M's"
    blurred = np.where(mask[..., None], np.uint8(100), target)
    noise = np.random.default_rng(0).normal(0, 30, mask.shape)[..., None] * mask[..., None]
    grainy = np.clip(blurred + noise, 0, 255).astype(np.uint8)
    assert gradient_products(grainy, grainy, mask).sum() > 0.9 * gradient_products(target, target, mask).sum()
    assert score_edit(grainy, source, target, mask, family="material").sharpness < 0.55


def test_flat_targets_do_not_turn_on_noise(scene):
    source, target, mask = scene
    target[:] = 150
    whole = np.ones_like(mask)
    grainy = target.copy()
    grainy[:, ::2] += 1
    assert score_edit(grainy, source, target, whole, family="light").sharpness == 1


def test_shadow_left_is_the_share_of_the_source_beside_the_object():
    shape = (1, 32, 64)
    removed, mask = np.zeros(shape, bool), np.zeros(shape, bool)
    removed[0, 10:14, 10:14] = True
    mask[0, 10:14, 10:14] = True
    mask[0, 20:22, 10:14] = True  # the shadow: 8 pixels
    mask[0, 14, 10:14] = True  # the rim of one pixel at this width belongs to the object
    target = np.full((*shape, 3), 200, np.uint8)
    source = target.copy()
    source[removed] = 30
    source[0, 14, 10:14] = 90
    source[0, 20:22, 10:14] = 160

    def left(edited, family="remove"):
        return score_edit(edited, source, target, mask, family=family, concerned=removed).shadow_left

    pasted = source.copy()
    pasted[removed] = 200
    assert left(pasted) == left(pasted, "replace") == 1
    assert left(pasted, "recolor") is None
    half = pasted.copy()
    half[0, 20:22, 10:14] = 180
    assert left(half) == pytest.approx(0.5)
    noisy = target.copy()
    noisy[0, 20:22, 10:14:2] = 220
    noisy[0, 20:22, 11:14:2] = 180
    assert left(noisy) == pytest.approx(0), "as much energy as a half shadow, but none"
    assert score_edit(pasted, source, target, mask & removed, family="remove", concerned=removed).shadow_left is None


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
