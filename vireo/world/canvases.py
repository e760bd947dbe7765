"""Pictures that are not of the studio, drawn from nothing: what the editor sees of the world beyond it.

Each kind has one property of photographs or screens that the studio lacks: `leaves`, surfaces that hide one another
at all sizes (the dead leaves model: Lee, Mumford, Huang 2001); `spectrum`, power that falls with spatial frequency
(Field 1987); `hills`, layers up to a horizon; `screen`, flat panels, lines and small text. Training on such pictures
teaches much of what photographs would (Baradad et al. 2021).
"""

import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from vireo.world.scene import CanvasKind

CANVAS_PIXELS = 288
"""Height and width of a canvas."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def draw_canvas(kind: CanvasKind, seed: int) -> np.ndarray:
    """The picture uint8 (CANVAS_PIXELS, CANVAS_PIXELS, 3); the same arguments give the same picture."""
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
    picture = _KINDS[kind](rng)
    return np.round(np.clip(_developed(picture, rng), 0, 1) * 255).astype(np.uint8)


def cutout(seed: int) -> np.ndarray:
    """A soft-edged random outline that covers about a quarter of the canvas, float32 in 0..1."""
    rng = np.random.default_rng([zlib.crc32(b"cutout"), seed])
    field = _noise(rng, 2.6) + 3.0 * np.exp(-(_grid() ** 2).sum(0) / (2 * rng.uniform(0.15, 0.3) ** 2))
    return gaussian_filter((field > np.quantile(field, 0.75)).astype(np.float32), rng.uniform(0.5, 1.5))


def _grid() -> np.ndarray:
    """Rows and columns (2, n, n) in -0.5..0.5."""
    step = (np.arange(CANVAS_PIXELS) + 0.5) / CANVAS_PIXELS - 0.5
    return np.stack(np.meshgrid(step, step, indexing="ij"))


def _noise(rng: np.random.Generator, power: float) -> np.ndarray:
    """Gaussian noise (n, n) of unit variance whose amplitude falls with frequency to this power."""
    n = CANVAS_PIXELS
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None])
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(n, n))) * frequency**-power, (n, n))
    return field / field.std()


def _shades(rng: np.random.Generator, count: int) -> np.ndarray:
    """Colours (count, 3) that go together: a few hues, any brightness."""
    hues = rng.uniform(0, 1, rng.integers(1, 5))
    hue = rng.choice(hues, count) + rng.normal(0, 0.03, count)
    level, strength = rng.uniform(0.03, 0.97, count), rng.beta(1.6, 1.2) * rng.uniform(0.4, 1, count)
    wheel = np.clip(np.abs((hue[:, None] + np.array([0, 2 / 3, 1 / 3])) % 1 * 6 - 3) - 1, 0, 1)
    return level[:, None] * (1 - strength[:, None] * (1 - wheel))


def _leaves(rng: np.random.Generator) -> np.ndarray:
    count = int(rng.integers(150, 900))
    smallest, largest = rng.uniform(2, 6), rng.uniform(40, 110)
    sizes = smallest / np.sqrt(1 - rng.uniform(0, 1 - (smallest / largest) ** 2, count))
    centres = rng.uniform(-0.1, 1.1, (count, 2)) * CANVAS_PIXELS
    owner = Image.new("I", (CANVAS_PIXELS, CANVAS_PIXELS), 0)
    draw = ImageDraw.Draw(owner)
    for index in range(count):
        corners = int(rng.choice([3, 4, 5, 6, 24], p=[0.15, 0.35, 0.1, 0.1, 0.3]))
        angle = np.sort((np.arange(corners) + rng.uniform(-0.3, 0.3, corners) * (corners < 24)) / corners) * 2 * np.pi
        outline = np.stack([np.cos(angle), np.sin(angle) * rng.uniform(0.3, 1)], 1) * sizes[index]
        turn = rng.uniform(0, 2 * np.pi)
        outline = outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        draw.polygon([tuple(point) for point in (outline + centres[index]).tolist()], fill=index)
    owner = np.asarray(owner)
    rows, columns = np.mgrid[:CANVAS_PIXELS, :CANVAS_PIXELS]
    slopes = rng.normal(0, 0.25, (count, 2)) / sizes[:, None]
    shade = (columns - centres[owner, 0]) * slopes[owner, 0] + (rows - centres[owner, 1]) * slopes[owner, 1]
    grain = _noise(rng, rng.uniform(0.6, 1.6)) * (rng.uniform(0, 0.2, count) * (rng.random(count) < 0.6))[owner]
    return _shades(rng, count)[owner] * (1 + np.clip(shade, -0.5, 0.5) + grain)[..., None]


def _spectrum(rng: np.random.Generator) -> np.ndarray:
    power = rng.uniform(0.9, 1.8)
    fields = np.stack([_noise(rng, power) for _ in range(3)], -1) * np.array([1, *rng.uniform(0.05, 0.6, 2)])
    axes = np.linalg.qr(np.column_stack([np.ones(3), rng.normal(size=(3, 2))]))[0]
    return rng.uniform(0.25, 0.7, 3) + rng.uniform(0.08, 0.25) * fields @ axes.T


def _hills(rng: np.random.Generator) -> np.ndarray:
    row = _grid()[0] + 0.5
    count = int(rng.integers(2, 7))
    shades = _shades(rng, count + 2)
    picture = shades[0] + (shades[1] - shades[0]) * row[..., None]
    clouds = np.clip(_noise(rng, 1.6) - rng.uniform(-0.5, 2), 0, 1)[..., None]
    picture = picture + (0.95 - picture) * 0.6 * clouds
    for index, height in enumerate(np.sort(rng.uniform(0.2, 0.95, count))):
        ridge = height + rng.uniform(0.02, 0.12) * _noise(rng, rng.uniform(1.2, 2.2))[CANVAS_PIXELS // 2]
        grain = 1 + rng.uniform(0, 0.3) * _noise(rng, rng.uniform(0.5, 1.5))
        picture = np.where((row > ridge[None])[..., None], shades[index + 2] * grain[..., None], picture)
    return picture


def _screen(rng: np.random.Generator) -> np.ndarray:
    paper, ink, *shades = _shades(rng, 12)
    light = rng.random() < 0.6
    paper, ink = (1 - 0.15 * paper, 0.3 * ink) if light else (0.2 * paper, 1 - 0.3 * ink)
    image = Image.fromarray(np.round(np.broadcast_to(paper * 255, (CANVAS_PIXELS,) * 2 + (3,))).astype(np.uint8))
    draw = ImageDraw.Draw(image)

    def tint(shade: np.ndarray) -> tuple[int, ...]:
        return tuple(int(v) for v in np.round(np.clip(shade, 0, 1) * 255))

    def some() -> tuple[int, ...]:
        return tint(shades[int(rng.integers(len(shades)))])

    for _ in range(int(rng.integers(2, 9))):
        left, top = rng.uniform(-0.1, 0.8, 2) * CANVAS_PIXELS
        right, bottom = np.array([left, top]) + rng.uniform(0.1, 0.6, 2) * CANVAS_PIXELS
        panel = some() if rng.random() < 0.5 else tint(paper * rng.uniform(0.85, 1.1))
        draw.rounded_rectangle((left, top, right, bottom), int(rng.integers(0, 8)), panel, some())
        size = int(rng.integers(7, 22))
        font = ImageFont.load_default(size=size)
        if rng.random() < 0.4:
            draw.rectangle((left, top, right, top + size + 4), some())
        for line in np.arange(top + 2, bottom - size, size * 1.35):
            words = ["".join(rng.choice(list(_LETTERS), rng.integers(2, 9))) for _ in range(rng.integers(1, 7))]
            draw.text((left + 4, line), " ".join(words), tint(ink) if rng.random() < 0.8 else some(), font)
    for _ in range(int(rng.integers(0, 25))):
        x, y = rng.uniform(0, CANVAS_PIXELS, 2)
        wide, high = rng.uniform(4, 40, 2)
        (draw.ellipse if rng.random() < 0.4 else draw.rectangle)((x, y, x + wide, y + high), some())
    return np.asarray(image) / 255


_KINDS = {"leaves": _leaves, "spectrum": _spectrum, "hills": _hills, "screen": _screen}


def _developed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uneven light, contrast, colour strength and a cast, as lenses and films have them."""
    light = 1 + rng.uniform(0, 0.4) * _noise(rng, 2.8) if rng.random() < 0.5 else np.ones(picture.shape[:2])
    picture = np.clip(picture, 0, 1) * np.clip(light, 0.2, 1.6)[..., None]
    picture = np.clip(picture, 1e-3, None) ** rng.uniform(0.6, 1.6)
    level = picture.mean(-1, keepdims=True)
    picture = level + (picture - level) * rng.choice([rng.uniform(0, 0.3), rng.uniform(0.5, 1.4)], p=[0.1, 0.9])
    return (picture - 0.5) * rng.uniform(0.6, 1.1) + 0.5 + rng.normal(0, 0.03, 3) + rng.uniform(-0.08, 0.08)
