"""Footage that no part of mini has learned from: scikit-image's photographs, panned and zoomed across, and a screen."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage.metrics import structural_similarity

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "retina.jpg")


def panned(picture: np.ndarray, count: int = 24, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """uint8 (count, *size, 3): a camera goes across a picture and closes in."""
    image, (height, width) = Image.fromarray(picture), picture.shape[:2]
    frames = []
    for t in np.linspace(0, 1, count):
        wide = min(width, height * size[1] / size[0]) * (0.8 - 0.2 * t)
        high = wide * size[0] / size[1]
        left, top = (width - wide) * (0.1 + 0.6 * t), (height - high) * (0.3 + 0.4 * t)
        box = (left, top, left + wide, top + high)
        frames.append(np.asarray(image.resize(size[::-1], Image.Resampling.BICUBIC, box)))
    return np.stack(frames)


def photograph(name: str) -> np.ndarray:
    with Image.open(str(files("skimage") / "data" / name)) as image:
        return panned(np.asarray(image.convert("RGB")))


def screen(count: int = 24, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """A recording of a desktop: text scrolls in one window, a bar fills, a pointer moves."""
    font, frames = ImageFont.load_default(size=11), []
    for t in range(count):
        image = Image.new("RGB", size[::-1], (38, 92, 132))
        draw = ImageDraw.Draw(image)
        draw.rectangle((20, 15, 215, 200), (250, 250, 246), (90, 90, 90))
        draw.rectangle((20, 15, 215, 30), (224, 120, 40))
        for line in range(11):
            draw.text((26, 34 + 15 * line), f"line {line + t} of what is written here", (30, 30, 40), font)
        draw.rectangle((230, 60, 305, 75), (220, 220, 220))
        draw.rectangle((230, 60, 230 + 3 * t, 75), (40, 170, 70))
        draw.ellipse((240, 120, 290, 170), (200, 40, 90))
        x, y = 60 + 6 * t, 210 - 5 * t
        draw.polygon([(x, y), (x, y + 12), (x + 8, y + 9)], (255, 255, 255), (0, 0, 0))
        frames.append(np.asarray(image))
    return np.stack(frames)


def footage() -> dict[str, np.ndarray]:
    """The first nine frames of each, one window of the model."""
    clips = {name.partition(".")[0]: photograph(name) for name in PHOTOGRAPHS} | {"screen": screen()}
    return {name: frames[:9] for name, frames in clips.items()}


LUMA = np.array([0.299, 0.587, 0.114])


def chroma(frames: np.ndarray) -> float:
    """Root mean square distance of all pixels from gray."""
    return float(np.sqrt(((frames - (frames @ LUMA)[..., None]) ** 2).mean()))


def luma_ssim(a: np.ndarray, b: np.ndarray) -> float:
    pairs = zip(a @ LUMA, b @ LUMA, strict=True)
    return float(np.mean([structural_similarity(x, y, data_range=255) for x, y in pairs]))
