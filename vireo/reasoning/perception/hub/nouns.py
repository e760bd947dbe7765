"""What is looked for."""

import re
from collections.abc import Iterable

from vireo.errors import InputError
from vireo.world.shapes import SHAPES

MOST_NOUNS = 300

EVERYDAY = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light"),
    *("fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow"),
    *("elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee"),
    *("skis", "snowboard", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket"),
    *("bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange"),
    *("broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed"),
    *("dining table", "toilet", "television", "laptop", "computer mouse", "remote control", "keyboard"),
    *("cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors"),
    *("teddy bear", "hair drier", "toothbrush"),
)
"""COCO's categories, but for its balls, which are among the studio's shapes."""

NOUNS = (*EVERYDAY, *SHAPES)
"""Those that are looked for where nobody says which: everyday things, and what plans for mini's editor can name."""

_NOUN = re.compile(r"[a-z]+(?:[ -][a-z]+){0,3}")


def read_nouns(given: Iterable[str]) -> tuple[str, ...]:
    """Nouns as detectors take them: lower-case words, each once.

    Raises InputError for none, more than `MOST_NOUNS`, and what is no noun of at most four words.
    """
    nouns = tuple(dict.fromkeys(" ".join(noun.lower().split()) for noun in given))
    if not 1 <= len(nouns) <= MOST_NOUNS:
        raise InputError(f"there are {len(nouns)} nouns to look for", f"give 1 to {MOST_NOUNS}")
    for noun in nouns:
        if not _NOUN.fullmatch(noun):
            fix = "write 1 to 4 English words of letters for each, as in hub@person,red ball"
            raise InputError(f"{noun[:40]!r} is no noun to look for", fix)
    return nouns
