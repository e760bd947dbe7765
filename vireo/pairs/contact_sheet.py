"""A contact sheet of a pair set: a few pairs of each family, to look at before anything learns from them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vireo.errors import InputError
from vireo.pairs.format import read_pairs
from vireo.runtime import whole_file
from vireo.types import EditPair
from vireo.video.io import read_clip, refuse_output

_HEIGHT = 144
"""Of each picture on the sheet, in pixels."""

_GAP, _LINE, _LINES = 8, 12, 3


def write_contact_sheet(
    folder: Path, out: Path, *, limit: int = 3, families: Sequence[str] | None = None, overwrite: bool = False
) -> list[str]:
    """Writes a PNG: a row a family with source, target and mask of the middle frame of up to `limit` pairs, and under
    each its id, the share of the frame that the mask covers, and the instruction.

    A reference picture stands in the corner of the source. families: those to show, by default all of the set.
    Returns the families shown. Raises InputError for a folder that holds no pair set, for families that it lacks, and
    where `out` may not be written.
    """
    refuse_output(out, overwrite=overwrite)
    chosen: dict[str, list[EditPair]] = {}
    for pair in read_pairs(folder):
        row = chosen.setdefault(pair.family, [])
        if len(row) < limit:
            row.append(pair)
    missing = [name for name in families or () if name not in chosen]
    if missing:
        raise InputError(f"{folder} has no pairs of {', '.join(missing)}", f"choose from {', '.join(chosen)}")
    shown = list(dict.fromkeys(families or chosen))
    if not shown:
        raise InputError(f"{folder} holds no pairs", "make some with: vireo world make DIR --count N")
    rows = [[_tile(folder, pair) for pair in chosen[name]] for name in shown]
    width = max(sum(tile.width + _GAP for tile in row) for row in rows) + _GAP
    height = sum(max(tile.height for tile in row) + _GAP for row in rows) + _GAP
    sheet, top = Image.new("RGB", (width, height), "white"), _GAP
    for row in rows:
        left = _GAP
        for tile in row:
            sheet.paste(tile, (left, top))
            left += tile.width + _GAP
        top += max(tile.height for tile in row) + _GAP
    with whole_file(out) as temporary:
        sheet.save(temporary, format="PNG")
    return shown


def _tile(folder: Path, pair: EditPair) -> Image.Image:
    """One pair: source, target and mask side by side, the words under them."""
    clips = [read_clip(folder / path, trusted=True).frames for path in (pair.source, pair.target, pair.mask)]
    images = [Image.fromarray(clip[len(clip) // 2]) for clip in clips]
    size = (round(_HEIGHT * images[0].width / images[0].height), _HEIGHT)
    images = [image.resize(size, Image.Resampling.NEAREST) for image in images]
    if pair.reference is not None:
        images[0].paste(Image.open(folder / pair.reference).convert("RGB").resize((_HEIGHT // 3, _HEIGHT // 3)))
    strip = np.concatenate([np.asarray(image) for image in images], axis=1)
    tile = Image.new("RGB", (strip.shape[1], _HEIGHT + _LINES * _LINE + 4), "white")
    tile.paste(Image.fromarray(strip))
    draw = ImageDraw.Draw(tile)
    lines = [
        f"{pair.id}   {(np.asarray(images[2]) > 0).mean():.1%} of this frame",
        *wrapped(pair.instruction, draw, tile.width - 4),
    ]
    for number, line in enumerate(lines[:_LINES]):
        draw.text((2, _HEIGHT + 2 + number * _LINE), line, fill="black" if number else (110, 110, 110))
    return tile


def wrapped(text: str, draw: ImageDraw.ImageDraw, width: int) -> list[str]:
    """The text in lines of at most `width` pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
