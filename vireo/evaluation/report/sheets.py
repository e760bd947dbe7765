"""Pictures of results: one strip a pair, one contact sheet a family with the failures first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vireo.evaluation.pair_clips import PairClips
from vireo.evaluation.records import Record
from vireo.metrics.truth import SCORES
from vireo.runtime import whole_file

ROWS = ("source", "output", "target", "mask (red), predicted region (green)")
COLUMNS, PER_SHEET, GAP, TEXT = 3, 16, 8, 40
COLOURS = {True: (20, 110, 50), False: (170, 30, 30)}


def write_strip(path: Path, clips: PairClips, edited: np.ndarray, region: np.ndarray | None) -> None:
    """A PNG of first, middle and last frame (columns) by source, output, target, mask and region (rows)."""
    count = len(clips.source)
    columns = []
    for index in sorted({0, count // 2, count - 1}):
        where = np.zeros_like(clips.source[index])
        where[..., 0] = 255 * clips.mask[index]
        if region is not None:
            where[..., 1] = 255 * region[index]
        columns.append(np.concatenate([clips.source[index], edited[index], clips.target[index], where]))
    with whole_file(path) as temporary:
        Image.fromarray(np.concatenate(columns, axis=1)).save(temporary, format="PNG")


def failures_first(records: Sequence[Record]) -> list[Record]:
    """The same records, what failed before what succeeded, and the farthest from its target first."""
    return sorted(records, key=lambda record: (record.composited.success, -(record.composited.edit_error or 0)))


def write_sheets(out: Path, records: Sequence[Record]) -> dict[str, str]:
    """One JPEG a family from the strips in out/strips; returns file names by family."""
    sheets = {}
    for family in dict.fromkeys(record.family for record in records):
        shown = failures_first([record for record in records if record.family == family])[:PER_SHEET]
        tiles = [tile for record in shown if (tile := _tile(out, record)) is not None]
        if tiles:
            sheets[family] = f"sheet-{family}.jpg"
            with whole_file(out / sheets[family]) as temporary:
                _arranged(tiles).save(temporary, format="JPEG", quality=88, optimize=True)
    return sheets


def _tile(out: Path, record: Record) -> Image.Image | None:
    path = out / "strips" / f"{record.key}.png"
    if not path.is_file():
        return None
    strip = Image.open(path).convert("RGB")
    tile = Image.new("RGB", (strip.width, strip.height + TEXT), "white")
    tile.paste(strip, (0, TEXT))
    draw = ImageDraw.Draw(tile)
    score = record.composited
    values = score.values()
    figures = [facts.short.format(values[name]) for name, facts in SCORES.items() if facts.short and name in values]
    draw.text((2, 1), "  ".join([record.id, *figures]), fill=COLOURS[score.success])
    words, line, lines = record.instruction.split(), "", []
    for word in words:
        if draw.textlength(f"{line} {word}") > strip.width - 4:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    for row, text in enumerate([*lines, line][:2]):
        draw.text((2, 13 + 12 * row), text, fill="black")
    return tile


def _arranged(tiles: list[Image.Image], across: int = 4) -> Image.Image:
    width, height = max(t.width for t in tiles) + GAP, max(t.height for t in tiles) + GAP
    across = min(across, len(tiles))
    sheet = Image.new("RGB", (across * width, -(-len(tiles) // across) * height), "white")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % across * width, index // across * height))
    return sheet
