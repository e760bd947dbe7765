"""Judges by their address. A new kind of judge is one file of this room with a `JudgeKind`, and one line here."""

from pathlib import Path

from vireo.judges.instructor_judge import INSTRUCTOR
from vireo.judges.judge import Judge, JudgeKind, JudgeOptions
from vireo.judges.local import CHAT_FOLDER
from vireo.judges.remote import ENDPOINT
from vireo.judges.rubric import RUBRICS, RubricName

KINDS: tuple[JudgeKind, ...] = (
    ENDPOINT,
    CHAT_FOLDER,
    INSTRUCTOR,
)
"""The first whose form an address has opens it; the last takes any."""


def open_judge(
    address: str, *, cache: Path, rubric: RubricName = "viva", prices: tuple[float, float] | None = None
) -> Judge:
    """address: ADDRESS or ADDRESS@RUBRIC, where ADDRESS has the form of one of KINDS.

    rubric: where the address names none. cache: folder of an endpoint's replies. prices: of a million tokens in prompts
    and in replies, in any unit. Raises InputError and ModelError.
    """
    place, _, named = address.rpartition("@")
    if place and named in RUBRICS:
        address, rubric = place, named
    kind = next(kind for kind in KINDS if kind.matches(address))
    return kind.open(address, rubric, JudgeOptions(cache, prices))
