"""Writing a receipt while an edit runs."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from vireo.errors import VideoError
from vireo.receipt.format import Encoding, FileFacts, FrameFacts, ModelFacts, Receipt
from vireo.receipt.runs import from_runs, to_runs
from vireo.receipt.verify import errors, loses_nothing
from vireo.runtime import whole_file
from vireo.video.io import TimedFrame, VideoReader, write_errors


class ReceiptWriter:
    """Is told of every frame as it is composed; `finish` measures the finished output and writes the file.

    Frames wait in a temporary file, one a line, so memory does not grow with length.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __enter__(self) -> ReceiptWriter:
        with contextlib.ExitStack() as stack:
            self._lines = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, source: TimedFrame, composed: np.ndarray, region: np.ndarray) -> None:
        """source: a frame. composed: uint8 (H, W, 3), what is encoded for it. region: bool (H, W), where it may
        differ from the source."""
        facts = FrameFacts(
            time=str(source.pts * source.time_base),
            region=to_runs(region),
            changed=int((source.pixels != composed).any(-1).sum()),
            untouched=hashlib.sha256(composed[~region].tobytes()).hexdigest(),
        )
        self._lines.write(facts.model_dump_json() + "\n")

    def finish(
        self,
        source: Path,
        output: Path,
        *,
        reference: Path | None,
        mask: Path | None,
        model: ModelFacts,
        instruction: str,
        seed: int,
        settings: dict[str, Any],
    ) -> None:
        """Reads the finished output back, states its encoding error, and writes the receipt."""
        self._lines.seek(0)
        mean = worst = 0.0
        with VideoReader(source) as before, VideoReader(output) as after:
            for old, new, line in zip_longest(before, after, self._lines):
                if old is None or new is None or line is None:
                    raise VideoError(f"{output} holds another number of frames than {source}", "name the output .mkv")
                region = from_runs(FrameFacts.model_validate_json(line).region, *old.pixels.shape[:2])
                own = errors(old.pixels, new.pixels, ~region)
                mean, worst = max(mean, own[0]), max(worst, own[1])
            info, stored = before.info, after.info
        facts = Receipt(
            vireo=version("vireo"),
            source=FileFacts.of(source),
            reference=None if reference is None else FileFacts.of(reference),
            mask=None if mask is None else FileFacts.of(mask),
            model=model,
            instruction=instruction,
            seed=seed,
            settings=settings,
            width=info.width,
            height=info.height,
            frames=[],
            encoding=Encoding(
                codec=stored.codec, pix_fmt=stored.pix_fmt, lossless=loses_nothing(stored), mean=mean, worst=worst
            ),
            output=FileFacts.of(output),
        )
        head, tail = facts.model_dump_json(indent=1).split('"frames": []')
        self._lines.seek(0)
        with write_errors(self.path), whole_file(self.path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write(f'{head}"frames": [')
            for number, line in enumerate(self._lines):
                file.write(("," if number else "") + "\n  " + line.rstrip("\n"))
            file.write(f"\n ]{tail}\n")
