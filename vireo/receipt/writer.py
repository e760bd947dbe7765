"""Writing a receipt while an edit runs."""

import hashlib
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Self

import numpy as np

from vireo.errors import VideoError
from vireo.receipt.format import EditDescription, Encoding, FileFacts, FrameFacts, Receipt
from vireo.receipt.runs import from_runs, to_runs
from vireo.receipt.verify import encoding_errors, is_lossless_rgb
from vireo.runtime import whole_file
from vireo.video.io import TimedFrame, VideoReader, write_errors


class ReceiptWriter:
    """Records each frame before it is encoded (`add`); `finish` measures the finished output and writes the receipt.

    Frames are kept in a temporary file, one a line, so memory does not grow with the length of the clip.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __enter__(self) -> Self:
        self._lines = tempfile.TemporaryFile("w+", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def add(
        self,
        source: TimedFrame,
        composed: np.ndarray,
        region: np.ndarray,
        deep: np.ndarray | None = None,
        by_step: Sequence[np.ndarray] = (),
    ) -> None:
        """Records a frame: its source, the pixels that are encoded for it, uint8 (H, W, 3), and the region where these
        may differ, bool (H, W). deep: those pixels in more bits, as in `TimedFrame`, where they do not follow from the
        source's. by_step: of a plan, the regions of its steps, bool (H, W) each, which together are the region."""
        facts = FrameFacts(
            time=str(source.pts * source.time_base),
            region=to_runs(region),
            changed=int((source.pixels != composed if deep is None else source.deep != deep).any(-1).sum()),
            untouched=hashlib.sha256(composed[~region].tobytes()).hexdigest(),
            steps=[to_runs(touched) for touched in by_step],
        )
        self._lines.write(facts.model_dump_json() + "\n")

    def finish(self, edit: EditDescription) -> None:
        """Reads the finished output back, measures its encoding error, and writes the receipt.

        Raises VideoError where the output has another number of frames than were recorded.
        """
        encoding, width, height = self._measure_encoding(edit)
        receipt = Receipt(
            vireo=version("vireo"),
            source=FileFacts.of(edit.source),
            reference=None if edit.reference is None else FileFacts.of(edit.reference),
            mask=None if edit.mask is None else FileFacts.of(edit.mask),
            model=edit.model,
            instruction=edit.instruction,
            seed=edit.seed,
            settings=edit.settings,
            steps=list(edit.steps),
            width=width,
            height=height,
            frames=[],
            encoding=encoding,
            output=FileFacts.of(edit.output),
        )
        head, tail = receipt.model_dump_json(indent=1).split('"frames": []')
        self._lines.seek(0)
        with write_errors(self.path), whole_file(self.path) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write(f'{head}"frames": [')
            for number, line in enumerate(self._lines):
                file.write(("," if number else "") + "\n  " + line.rstrip("\n"))
            file.write(f"\n ]{tail}\n")

    def _measure_encoding(self, edit: EditDescription) -> tuple[Encoding, int, int]:
        """The encoding of the output, its error included, and the width and height of the source."""
        self._lines.seek(0)
        mean = worst = 0.0
        with VideoReader(edit.source) as source, VideoReader(edit.output) as output:
            for before, after, line in zip_longest(source, output, self._lines):
                if before is None or after is None or line is None:
                    what = f"{edit.output} holds another number of frames than {edit.source}"
                    raise VideoError(what, "name the output .mkv")
                region = from_runs(FrameFacts.model_validate_json(line).region, *before.pixels.shape[:2])
                frame_mean, frame_worst = encoding_errors(before.pixels, after.pixels, ~region)
                mean, worst = max(mean, frame_mean), max(worst, frame_worst)
            info, stored = source.info, output.info
        lossless = is_lossless_rgb(stored)
        encoding = Encoding(codec=stored.codec, pix_fmt=stored.pix_fmt, lossless=lossless, mean=mean, worst=worst)
        return encoding, info.width, info.height
