"""Judges by their address. A new kind of judge is one file of this room with a `JudgeKind`, and one line here."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from vireo.judges.instructor_judge import INSTRUCTOR
from vireo.judges.judge import Judge, JudgeKind, JudgeOptions
from vireo.judges.local import CHAT_FOLDER
from vireo.judges.remote import ENDPOINT
from vireo.judges.rubric import RubricName

KINDS: tuple[JudgeKind, ...] = (
    ENDPOINT,
    CHAT_FOLDER,
    INSTRUCTOR,
)
"""The first whose form an address has opens it; the last takes any."""

RUBRIC_NAMES: tuple[RubricName, ...] = get_args(RubricName)


def open_judge(
    address: str, *, cache: Path, rubric: RubricName = "viva", prices: tuple[float, float] | None = None
) -> Judge:
    """address: ADDRESS or ADDRESS@RUBRIC, where ADDRESS has the form of one of KINDS.

    rubric: where the address names none. cache: folder of an endpoint's replies. prices: of a million tokens in prompts
    and in replies, in any unit. Raises InputError and ModelError.
    """
    place, at, named = address.rpartition("@")
    if at and named in RUBRIC_NAMES:
        address, rubric = place, next(name for name in RUBRIC_NAMES if name == named)
    kind = next(kind for kind in KINDS if kind.matches(address))
    return kind.open(address, rubric, JudgeOptions(cache, prices))
