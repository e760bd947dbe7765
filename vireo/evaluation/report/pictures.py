"""Pictures and clips of results: a strip a pair, a contact sheet a family, failures first, and clips side by side."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vireo.evaluation.pair_clips import PairClips
from vireo.evaluation.records import AnyRecord, Record
from vireo.metrics.truth import SCORES
from vireo.pairs.contact_sheet import wrapped
from vireo.runtime import whole_file
from vireo.video.io import Quality, VideoReader, VideoWriter

PER_SHEET, ACROSS, GAP, TEXT = 6, 3, 8, 52
GOOD, LOOSE, FAILED = (20, 110, 50), (170, 100, 0), (170, 30, 30)
"""Colours of a success, of one by `success_loose` alone, and of neither."""
QUALITY = Quality("h264", crf=14)
"""Browsers play it."""


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


def on_sheet(records: Sequence[Record], family: str) -> list[Record]:
    """Those of a family that its sheet shows: failures first, and of them the farthest from its target first."""
    found = [record for record in records if record.family == family]
    return sorted(found, key=lambda r: (r.composited.success, -(r.composited.edit_error or 0)))[:PER_SHEET]


def write_sheets(out: Path, records: Sequence[Record]) -> dict[str, str]:
    """One JPEG a family from the strips in out/strips; returns file names by family."""
    sheets = {}
    for family in dict.fromkeys(record.family for record in records):
        tiles = [tile for record in on_sheet(records, family) if (tile := _tile(out, record)) is not None]
        if tiles:
            sheets[family] = f"sheet-{family}.jpg"
            with whole_file(out / sheets[family]) as temporary:
                _arranged(tiles).save(temporary, format="JPEG", quality=80, optimize=True)
    return sheets


def _tile(out: Path, record: Record) -> Image.Image | None:
    path = out / "strips" / f"{record.key}.png"
    if not path.is_file():
        return None
    strip = Image.open(path).convert("RGB")
    tile = Image.new("RGB", (strip.width, strip.height + TEXT), "white")
    tile.paste(strip, (0, TEXT))
    draw = ImageDraw.Draw(tile)
    values = record.composited.values()
    figures = [facts.short.format(values[name]) for name, facts in SCORES.items() if facts.short and name in values]
    colour = GOOD if record.composited.success else LOOSE if record.composited.success_loose else FAILED
    for row, text in enumerate((record.id, "  ".join(figures))):
        draw.text((2, 1 + 12 * row), text, fill=colour)
    for row, text in enumerate(wrapped(record.instruction, draw, strip.width - 4)[:2]):
        draw.text((2, 25 + 12 * row), text, fill="black")
    return tile


def _arranged(tiles: list[Image.Image]) -> Image.Image:
    width, height = max(t.width for t in tiles) + GAP, max(t.height for t in tiles) + GAP
    across = min(ACROSS, len(tiles))
    sheet = Image.new("RGB", (across * width, -(-len(tiles) // across) * height), "white")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % across * width, index // across * height))
    return sheet


def player_of(out: Path, key: str) -> Path:
    """Where the player of a record is, below the folder of its report."""
    return out / "players" / f"{key}.mp4"


def write_player(path: Path, source: Path, others: Sequence[np.ndarray], *, trusted: bool = True) -> None:
    """Writes the clip at `source` and others of its size and length, uint8 (T, H, W, 3), beside each other.

    Frame times are the source's. An older file is replaced. trusted: as in `VideoReader`.
    """
    with VideoReader(source, trusted=trusted) as reader:
        info = replace(reader.info, width=reader.info.width * (1 + len(others)))
        with VideoWriter(path, info, overwrite=True, quality=QUALITY) as writer:
            for index, frame in enumerate(reader):
                writer.write(frame, np.concatenate([frame.pixels, *(video[index] for video in others)], axis=1))


def players_of(out: Path, records: Sequence[AnyRecord]) -> list[tuple[str, AnyRecord]]:
    """The records of which there is a player, each after its file below the folder of the report."""
    players = [(player_of(out, record.key), record) for record in records]
    return [(path.relative_to(out).as_posix(), record) for path, record in players if path.is_file()]
