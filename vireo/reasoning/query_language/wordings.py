"""How people say what a hop asks: here which object is most so, and which ones are meant together; lower case.

`train` are learned from; `held_out` are kept out of training, to measure what a reasoner makes of words in another
order: each of their words occurs in some wording of training. Slots: {noun} of what is meant ("red ball", "thing"),
{x} another object with its article.
"""

from typing import Literal, NamedTuple

Wordings = Literal["train", "held_out"]


class Said(NamedTuple):
    """Both sorts of wordings of one thing."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]

    def of(self, wordings: Wordings) -> tuple[str, ...]:
        return self.train if wordings == "train" else self.held_out


def where(*said: str) -> tuple[str, ...]:
    """Forms of an object by these words and another object: the {noun} behind {x}."""
    return tuple(f"the {{noun}} {words} {{x}}" for words in said)


EXTREMES: dict[str, Said] = {
    "leftmost": Said(
        (
            "the leftmost {noun}",
            "the {noun} on the far left",
            "the {noun} all the way on the left",
            "the {noun} farthest to the left",
            "the {noun} that is farthest left",
            "the {noun} most to the left",
            "the {noun} nearest to the left edge",
        ),
        (
            "the {noun} that is leftmost",
            "the {noun} which is farthest to the left",
            "the {noun} closest to the left edge",
        ),
    ),
    "rightmost": Said(
        (
            "the rightmost {noun}",
            "the {noun} on the far right",
            "the {noun} all the way on the right",
            "the {noun} farthest to the right",
            "the {noun} that is farthest right",
            "the {noun} most to the right",
            "the {noun} nearest to the right edge",
        ),
        (
            "the {noun} that is rightmost",
            "the {noun} which is farthest to the right",
            "the {noun} closest to the right edge",
        ),
    ),
    "nearest": Said(
        (
            "the nearest {noun}",
            "the nearer {noun}",
            "the {noun} in the foreground",
            "the {noun} closest to the camera",
            "the {noun} nearest to us",
            "the frontmost {noun}",
            "the closest {noun}",
            "the {noun} that is nearest to the camera",
            "the {noun} farthest to the front",
        ),
        ("the {noun} nearest to the camera", "the {noun} that is closest to us", "the {noun} which is nearest"),
    ),
    "farthest": Said(
        (
            "the farthest {noun}",
            "the {noun} in the distance",
            "the {noun} most in the back",
            "the {noun} farthest from the camera",
            "the {noun} farthest away",
            "the rearmost {noun}",
            "the {noun} that is farthest from us",
            "the most distant {noun}",
            "the {noun} farthest to the back",
        ),
        ("the {noun} that is farthest away", "the {noun} most distant from the camera", "the {noun} which is farthest"),
    ),
    "largest": Said(
        (
            "the largest {noun}",
            "the bigger {noun}",
            "the larger of the {nouns}",
            "the biggest {noun}",
            "the {noun} that is largest",
            "the {noun} which is bigger than all others",
            "the largest of the {nouns}",
        ),
        ("the {noun} that is biggest", "the biggest of the {nouns}", "the {noun} that is bigger than all others"),
    ),
    "smallest": Said(
        (
            "the smallest {noun}",
            "the smaller {noun}",
            "the smaller of the {nouns}",
            "the tiniest {noun}",
            "the {noun} that is smallest",
            "the {noun} which is smaller than all others",
            "the smallest of the {nouns}",
        ),
        ("the {noun} which is smallest", "the tiniest of the {nouns}", "the {noun} that is smaller than all others"),
    ),
    "fastest": Said(
        (
            "the fastest {noun}",
            "the faster {noun}",
            "the {noun} that moves fastest",
            "the quickest {noun}",
            "the {noun} with the highest speed",
            "the {noun} that is fastest",
            "the fastest of the {nouns}",
        ),
        ("the {noun} that is quickest", "the {noun} which moves fastest", "the quickest of the {nouns}"),
    ),
}

ENDS: dict[str, Said] = {
    "at-start": Said(
        ("at the beginning", "at the start", "in the first frame", "at first", "when the clip starts"),
        ("at the start of the clip", "in the beginning"),
    ),
    "at-end": Said(
        ("at the end", "in the end", "in the last frame", "at the end of the clip", "when the clip ends"),
        ("at the end of the video", "in the last frame of the clip"),
    ),
}

OTHER = Said(
    ("the other {noun}", "the {noun} other than {x}", "the {noun} that is not {x}", "the {noun} besides {x}"),
    ("the {noun} which is not {x}", "the {noun} that is other than {x}"),
)

EVERY = Said(
    ("all {nouns}", "every {noun}", "all the {nouns}", "each {noun}", "all of the {nouns}", "each and every {noun}"),
    ("each of the {nouns}", "every one of the {nouns}"),
)
EVERYTHING = Said(("everything", "all there is", "every single thing"), ("every thing there is",))
BUT = Said(
    (
        *("everything but {x}", "everything except {x}", "all {nouns} except {x}", "all {nouns} but {x}"),
        *("all the other {nouns} than {x}", "everything besides {x}", "every {noun} other than {x}"),
    ),
    ("all the {nouns} except {x}", "every {noun} except {x}", "everything other than {x}"),
)

SUPERLATIVES: dict[str, tuple[str, ...]] = {
    "leftmost": ("leftmost",),
    "rightmost": ("rightmost",),
    "nearest": ("nearest", "closest", "frontmost"),
    "farthest": ("farthest", "rearmost", "most distant"),
    "largest": ("largest", "biggest"),
    "smallest": ("smallest", "tiniest"),
    "fastest": ("fastest", "quickest"),
}
AMONG = Said(
    (
        "the {superlative} of the {nouns} {where}",
        "the {superlative} of all {nouns} {where}",
        "the {superlative} one of the {nouns} {where}",
    ),
    ("the {superlative} one of all {nouns} {where}", "the {superlative} one of all the {nouns} {where}"),
)
WHICHEVER = "whichever"
THINGS = ("thing", "object", "one", "item")
PRONOUN = "it"
