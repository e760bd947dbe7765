"""All distinct clips of a pair set as one array on disk, so that training reads frames without decoding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from vireo.runtime import whole_file
from vireo.types import OnCount, PairFiles
from vireo.video.io import read_clip


class FrameCache(Mapping[str, np.ndarray]):
    """Clips by their path in the pair set, uint8 (T, H, W, 3) each.

    frames: uint8 (N, T, H, W, 3), memory-mapped; index: path -> row.
    """

    def __init__(self, folder: Path) -> None:
        self.index: dict[str, int] = json.loads((folder / "frames.json").read_text())
        self.frames = np.load(folder / "frames.npy", mmap_mode="r")

    def __getitem__(self, path: str) -> np.ndarray:
        return self.frames[self.index[path]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.index)

    def __len__(self) -> int:
        return len(self.index)


def clip_paths(pairs: Sequence[PairFiles]) -> list[str]:
    """Every distinct source and target, in order of appearance."""
    return list(dict.fromkeys(path for pair in pairs for path in (pair.source, pair.target)))


def cache_frames(
    pairs_dir: Path, pairs: Sequence[PairFiles], folder: Path, on_progress: OnCount | None = None
) -> FrameCache:
    """Decodes every distinct clip once into folder/frames.npy; does nothing where that is done."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "frames.json").exists():
        paths = clip_paths(pairs)
        shape = read_clip(pairs_dir / paths[0], trusted=True).frames.shape
        with whole_file(folder / "frames.npy") as temporary:
            frames = np.lib.format.open_memmap(temporary, "w+", np.uint8, (len(paths), *shape))
            for row, path in enumerate(paths):
                frames[row] = read_clip(pairs_dir / path, trusted=True).frames
                if on_progress and row % 100 == 0:
                    on_progress(row, len(paths))
            frames.flush()
            del frames
        with whole_file(folder / "frames.json") as temporary:
            temporary.write_text(json.dumps({path: row for row, path in enumerate(paths)}))
    return FrameCache(folder)
