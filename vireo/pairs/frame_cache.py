"""Clips of a pair set as one array on disk, so that training reads frames without decoding."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from vireo.runtime import whole_file
from vireo.types import OnCount
from vireo.video.io import read_clip


class FrameCache(Mapping[str, np.ndarray]):
    """Clips by their path in the pair set, as `cache_frames` wrote them.

    frames: uint8 (N, T, ...), memory-mapped; index: path -> row.
    """

    def __init__(self, folder: Path, name: str = "frames") -> None:
        self.index: dict[str, int] = json.loads((folder / f"{name}.json").read_text())
        self.frames = np.load(folder / f"{name}.npy", mmap_mode="r")

    def __getitem__(self, path: str) -> np.ndarray:
        return self.frames[self.index[path]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.index)

    def __len__(self) -> int:
        return len(self.index)


def decode(pairs_dir: Path, paths: Sequence[str], on_progress: OnCount | None) -> Iterator[np.ndarray]:
    """The frames of each clip, uint8 (T, H, W, 3)."""
    for number, path in enumerate(paths):
        if on_progress and number % 100 == 0:
            on_progress(number, len(paths))
        yield read_clip(pairs_dir / path, trusted=True).frames


def cache_frames(
    pairs_dir: Path,
    paths: Sequence[str],
    folder: Path,
    on_progress: OnCount,
    name: str = "frames",
    keep: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> FrameCache:
    """Decodes clips once into folder/NAME.npy; does nothing where that is done. keep: what of a clip is cached."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / f"{name}.json").exists():
        shape = keep(next(decode(pairs_dir, paths, None))).shape
        with whole_file(folder / f"{name}.npy") as temporary:
            frames = np.lib.format.open_memmap(temporary, "w+", np.uint8, (len(paths), *shape))
            for row, clip in enumerate(decode(pairs_dir, paths, on_progress)):
                frames[row] = keep(clip)
            frames.flush()
            del frames
        with whole_file(folder / f"{name}.json") as temporary:
            temporary.write_text(json.dumps({path: row for row, path in enumerate(paths)}))
    return FrameCache(folder, name)
