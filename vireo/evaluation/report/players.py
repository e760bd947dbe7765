"""Clips side by side, as H.264 that browsers play: source, output, target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vireo.video.io import Quality, VideoReader, VideoWriter

QUALITY = Quality("h264", crf=14)


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
