"""The edit region on clips whose truth is drawn here: discs with soft shadows, moving over texture, seen through
an imitation of a VAE (lost detail, the same in source and edit) and of an editor's own noise."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter, maximum_filter

from vireo.video.alpha import estimate_alpha, spread

T, SIDE = 9, 96


@dataclass
class Drawn:
    source: np.ndarray
    target: np.ndarray
    mask: np.ndarray


def disc(centre, radius):
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.clip(radius + 0.5 - np.hypot(y - centre[0], x - centre[1]), 0, 1)


def draw(rng, kind):
    """A clip of three discs; one of them, or the whole picture, is edited."""
    floor = 90 + 60 * rng.random(3)
    texture = gaussian_filter(rng.normal(size=(SIDE, SIDE, 1)), (1, 1, 0)) * 40 * rng.random()
    ramp = np.linspace(-1, 1, SIDE)[:, None, None] * 30 * rng.random()
    discs = []
    for _ in range(3):
        start, speed = rng.uniform(20, 76, 2), rng.uniform(-2.5, 2.5, 2)
        discs.append((start, speed, rng.uniform(6, 13), 255 * rng.random(3)))

    def render(colour=None, without=None, dark=1.0):
        frames = []
        for t in range(T):
            picture = np.broadcast_to(floor + texture + ramp, (SIDE, SIDE, 3)).copy()
            for i, (start, speed, radius, _) in enumerate(discs):
                if i != without:
                    shadow = gaussian_filter(disc(start + t * speed + (5, 6), radius), 1.5)
                    picture *= 1 - 0.35 * shadow[..., None]
            for i, (start, speed, radius, own) in enumerate(discs):
                if i != without:
                    where = disc(start + t * speed, radius)[..., None]
                    shade = own if colour is None or i else colour
                    picture = picture * (1 - where) + where * shade
            frames.append(picture * dark)
        return np.clip(np.rint(frames), 0, 255).astype(np.uint8)

    source = render()
    if kind == "recolor":
        target = render(colour=255 - discs[0][3] if abs(discs[0][3] - 128).max() > 60 else np.array([250, 20, 20]))
    elif kind == "remove":
        target = render(without=0)
    elif kind == "add":
        source, target = render(without=0), source
    elif kind == "night":
        target = render(dark=0.4)
    else:
        target = source
    mask = np.abs(source.astype(int) - target).max(-1) > 2
    return Drawn(source, target, mask)


def through_vae(frames):
    """Keeps the 15 slowest of 64 coefficients of each 8x8 block: about 30-35 dB on these clips."""
    blocks = frames.astype(float).reshape(T, SIDE // 8, 8, SIDE // 8, 8, 3)
    y, x = np.mgrid[:8, :8]
    kept = (y + x < 5)[None, None, :, None, :, None]
    spectrum = dctn(blocks, axes=(2, 4), norm="ortho") * kept
    return np.clip(idctn(spectrum, axes=(2, 4), norm="ortho").reshape(frames.shape), 0, 255) / 255


def editors_noise(rng, level):
    """Correlated over a few pixels and frames, `level`/255 rms."""
    noise = gaussian_filter(rng.normal(size=(T, SIDE, SIDE, 3)), (1, 2, 2, 0))
    return noise / noise.std() * level / 255


def predict(rng, drawn, level=2.0):
    edited = np.clip(through_vae(drawn.target) + editors_noise(rng, level), 0, 1)
    return estimate_alpha(drawn.source, edited, through_vae(drawn.source))


def grown(mask):
    return maximum_filter(mask, size=(1, 5, 5))


@pytest.mark.parametrize("kind", ["recolor", "remove", "add"])
def test_region_covers_the_edit_with_its_shadow_and_little_else(kind):
    recalls, excesses = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        drawn = draw(rng, kind)
        region, mask = predict(rng, drawn) > 0, grown(drawn.mask)
        recalls.append(region[mask].mean())
        excesses.append(region.sum() / mask.sum())
    assert np.mean(recalls) >= 0.95
    assert np.mean(excesses) <= 1.8


def test_an_edit_of_the_whole_picture_is_nearly_everywhere():
    rng = np.random.default_rng(1)
    assert (predict(rng, draw(rng, "night")) > 0.9).mean() > 0.95


@pytest.mark.parametrize("level", [1.0, 2.0, 3.0])
def test_noise_alone_is_no_edit(level):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        assert not predict(rng, draw(rng, "absent"), level).any()


def test_no_change_is_no_edit():
    rng = np.random.default_rng(2)
    source = draw(rng, "absent").source
    assert not estimate_alpha(source, through_vae(source), through_vae(source)).any()


@pytest.mark.parametrize("size", [(192, 96), (96, 192), (192, 192)])
def test_lengths_go_by_the_area_so_that_portrait_and_landscape_fare_alike(size):
    """The same disc, as large a part of the picture, has a border as wide."""
    source = np.full((1, *size, 3), 120, np.uint8)
    side = np.sqrt(size[0] * size[1])
    y, x = np.mgrid[: size[0], : size[1]]
    distance = np.hypot(y - size[0] / 2, x - size[1] / 2)
    edited = np.where((distance < 0.1 * side)[None, ..., None], 0.9, source / 255)
    alpha = estimate_alpha(source, edited.astype(np.float32), source / np.float32(255))[0]
    reach = distance[alpha > 0].max() / side - 0.1
    assert 0.04 < reach < 0.06
    assert (alpha[distance < 0.09 * side] == 1).all()


def test_soft_reaches_further_and_off_everywhere():
    alpha = np.zeros((96, 96), np.float32)
    alpha[40:60, 40:60] = 1
    strict, soft, off = (spread(alpha, preserve) for preserve in ("strict", "soft", "off"))
    assert (strict == alpha).all()
    assert (soft >= alpha).all()
    assert (soft > 0).sum() > (alpha > 0).sum()
    assert (off == 1).all()
