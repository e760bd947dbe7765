"""Frames with what a twin sees in them: outlines, boxes and ids of objects."""

import colorsys

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import binary_erosion

from vireo.reasoning.masks import decode_mask
from vireo.reasoning.twin import DigitalTwin

LEAST_SIDE = 360
"""Pixels of the shorter side, to which smaller clips are enlarged: names must be readable."""

MOST_SIDE = 720
"""Pixels of the longer side, to which larger clips are reduced: the page holds the whole video."""

_GOLDEN = 0.61803398875
"""Steps of the hue, so that neighbours differ most."""


def color_of(number: int) -> tuple[int, int, int]:
    """A colour for each object by its place in the twin."""
    red, green, blue = colorsys.hsv_to_rgb(number * _GOLDEN % 1, 0.85, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def overlay_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the overlay, even numbers, as encoders want them."""
    scale = max(1.0, LEAST_SIDE / min(width, height))
    scale = min(scale, MOST_SIDE / max(width, height))
    return 2 * max(1, round(width * scale / 2)), 2 * max(1, round(height * scale / 2))


def frame_at(twin: DigitalTwin, seconds: float) -> int:
    """The frame of the twin that is nearest to a time, in seconds from its first one."""
    return int(np.abs(np.array(twin.times) - twin.times[0] - seconds).argmin())


def draw_objects(pixels: np.ndarray, twin: DigitalTwin, place: int) -> np.ndarray:
    """A frame, uint8 (H, W, 3), with the objects that the twin sees in its frame `place`."""
    size = overlay_size(pixels.shape[1], pixels.shape[0])
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(picture)
    across, down = size[0] / twin.width, size[1] / twin.height
    for number, entry in enumerate(twin.objects):
        box, counts = entry.track.boxes[place], entry.track.masks[place]
        if box is None or counts is None:
            continue
        color = color_of(number)
        whole = Image.fromarray(decode_mask(counts, twin.width, twin.height)).resize(size, Image.Resampling.NEAREST)
        mask = np.asarray(whole, bool)
        edge = mask & np.logical_not(binary_erosion(mask, iterations=2))
        draw.bitmap((0, 0), Image.fromarray(edge), fill=color)
        left, top, right, bottom = box[0] * across, box[1] * down, box[2] * across, box[3] * down
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=color)
        text_box = draw.textbbox((left + 2, max(0.0, top - 12)), entry.id)
        draw.rectangle((text_box[0] - 2, text_box[1] - 1, text_box[2] + 2, text_box[3] + 1), fill=(0, 0, 0))
        draw.text((left + 2, max(0.0, top - 12)), entry.id, fill=color)
    return np.asarray(picture)
