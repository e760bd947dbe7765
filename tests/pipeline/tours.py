"""Long clips whose camera goes round and round, and what to measure on their edits."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from scipy.stats import linregress
from skimage.color import rgb2lab

from vireo.video.io import VideoReader
from vireo.world.canvases import draw_canvas

FPS = 30
ROUND = 200
"""Frames after which the camera is back where it was."""


def write_tour(path: Path, size: tuple[int, int], frames: int) -> None:
    """A clip with sound, a camera across a drawn landscape: H.264, or FFV1 in .mkv, whose edit is lossless, too."""
    canvas = draw_canvas("hills", 0)
    scale = -(-3 * max(size) // (2 * canvas.shape[0]))
    wide = canvas.repeat(scale, 0).repeat(scale, 1)
    room = np.array(wide.shape[:2]) - size[::-1]
    lossless = path.suffix == ".mkv"
    with av.open(str(path), "w") as file:
        video = file.add_stream("ffv1" if lossless else "libx264", rate=FPS)
        video.width, video.height = size
        video.pix_fmt = "bgr0" if lossless else "yuv420p"
        sound = file.add_stream("aac", rate=48_000)
        for k in range(frames):
            angle = 2 * np.pi * k / ROUND
            top, left = (room * (0.5 + 0.45 * np.array([np.sin(angle), np.cos(angle)]))).astype(int)
            picture = np.ascontiguousarray(wide[top : top + size[1], left : left + size[0]])
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            file.mux(sound.encode(_tone(k)))
        for stream in (video, sound):
            file.mux(stream.encode(None))


def _tone(k: int) -> av.AudioFrame:
    count = 48_000 // FPS
    times = (k * count + np.arange(count)) / 48_000
    wave = (0.2 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, k * count, Fraction(1, 48_000)
    return frame


@contextlib.contextmanager
def peak_memory(pid: int, every: float = 0.1) -> Iterator[list[int]]:
    """The largest memory, in bytes, that a process and all below it hold together while the block runs; pages that
    several share count once. Of pages of files those of the one with the most of them: what others on this machine
    load makes no difference."""
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(every):
            held = [_memory(member) for member in _family(pid)]
            peak[0] = max(peak[0], sum(own for own, _ in held) + max(files for _, files in held))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _family(pid: int) -> list[int]:
    members = [pid]
    for member in members:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                members += map(int, children.read_text().split())
    return members


def _memory(pid: int) -> tuple[int, int]:
    """Bytes of its own, with a share of what it has in common with what it was forked from, and bytes of files."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        kilobytes = {name: int(value.split()[0]) for name, value in (line.split(":") for line in lines)}
        return 1024 * kilobytes["Pss_Anon"], 1024 * (kilobytes["Rss"] - kilobytes["Anonymous"])
    return 0, 0


def colours_and_steps(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """CIE L*a*b* of the mean colour of every frame (T, 3), and the mean absolute differences of neighbours (T - 1,)."""
    colours, steps, before = [], [], None
    with VideoReader(path, trusted=True) as reader:
        for frame in reader:
            now = frame.pixels.astype(np.int16)
            colours.append(now.mean((0, 1)) / 255)
            if before is not None:
                steps.append(np.abs(now - before).mean())
            before = now
    return rgb2lab(np.array(colours)[None])[0], np.array(steps)


def drift(edited: np.ndarray) -> tuple[float, float, float]:
    """How fast colours (T, 3) leave those of the first round: Delta E (CIE 1976) a round, averaged over its frames,
    fitted by time; the slope per 1000 frames and its 95 % interval."""
    rounds = edited[: len(edited) // ROUND * ROUND].reshape(-1, ROUND, 3)
    away = np.linalg.norm(rounds[1:] - rounds[0], axis=-1).mean(1)
    fit = linregress(np.arange(1, len(rounds)) * ROUND / 1000, away)
    return fit.slope, fit.slope - 1.96 * fit.stderr, fit.slope + 1.96 * fit.stderr


def seam_ratio(edited: np.ndarray, source: np.ndarray, window: int, overlap: int) -> float:
    """Steps between frames where one window takes over from another, by those inside windows, each as a share of the
    source's own step there; both (T - 1,)."""
    number = np.arange(1, len(edited) + 1)
    taking_over = (number % (window - overlap) <= overlap) & (number >= window - overlap)
    share = edited / source
    return float(share[taking_over].mean() / share[~taking_over].mean())
