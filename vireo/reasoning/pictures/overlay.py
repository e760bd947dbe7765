"""Frames with what a twin sees in them: outlines, boxes and ids of objects."""

import colorsys

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import binary_erosion

from vireo.reasoning.masks import decode_mask
from vireo.reasoning.twin import DigitalTwin, TwinObject

LEAST_SIDE = 360
"""Pixels of the shorter side, to which smaller clips are enlarged: names must be readable."""

MOST_SIDE = 720
"""Pixels of the longer side, to which larger clips are reduced: the page holds the whole video."""

THUMBNAIL = 100
"""Pixels of the height of the pictures of single objects."""

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


def clearest_frame(entry: TwinObject) -> int | None:
    """The frame in which most of an object is seen; None where it never is."""
    boxes = entry.track.boxes
    areas = [0.0 if box is None else (box[2] - box[0]) * (box[3] - box[1]) for box in boxes]
    shown = np.array(areas) * np.array(entry.track.visibility)
    return int(shown.argmax()) if shown.any() else None


def cut_out(pixels: np.ndarray, twin: DigitalTwin, entry: TwinObject, place: int) -> np.ndarray:
    """The part of a frame, uint8 (H, W, 3), that shows an object in the twin's frame `place`, with half its size
    around it, `THUMBNAIL` pixels high."""
    box = entry.track.boxes[place]
    assert box is not None, "seen in this frame"
    height, width = pixels.shape[:2]
    across, down = width / twin.width, height / twin.height
    around = max((box[2] - box[0]) * across, (box[3] - box[1]) * down) / 2
    left, right = max(0, int(box[0] * across - around)), min(width, int(box[2] * across + around) + 1)
    top, bottom = max(0, int(box[1] * down - around)), min(height, int(box[3] * down + around) + 1)
    part = Image.fromarray(pixels[top:bottom, left:right])
    size = (max(1, round(part.width * THUMBNAIL / part.height)), THUMBNAIL)
    return np.asarray(part.resize(size, Image.Resampling.BICUBIC))


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
