"""How people say what a hop asks: wordings of relations, extremes, events and times, lower case.

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


RELATIONS: dict[str, Said] = {
    "left-of": Said(
        where("to the left of", "left of", "that is left of", "that is to the left of", "on the left side of")
        + where(
            "that stands to the left of",
            "which lies left of",
            "that can be seen left of",
            "on the left of",
            "that sits left of",
        ),
        where("that stands left of", "which is to the left of", "that lies on the left side of"),
    ),
    "right-of": Said(
        where("to the right of", "right of", "that is right of", "that is to the right of", "on the right side of")
        + where("that stands to the right of", "which lies right of", "that can be seen right of", "on the right of"),
        where("that stands right of", "which is to the right of", "that lies on the right side of"),
    ),
    "behind": Said(
        where("behind", "that is behind", "which stands behind", "farther away than", "farther back than")
        + where("that lies behind", "that can be seen behind", "at the back of"),
        where("that stands behind", "which is farther back than", "which is behind", "which lies behind"),
    ),
    "in-front-of": Said(
        where("in front of", "that is in front of", "which stands in front of", "nearer to the camera than")
        + where("that lies in front of", "that can be seen in front of", "closer to us than"),
        where("that stands in front of", "which is closer to the camera than", "which is in front of"),
    ),
    "on": Said(
        where("on top of", "that is on top of", "that stands on", "which lies on", "that rests on", "upon"),
        where("which stands on top of", "that lies on", "which rests on top of"),
    ),
    "under": Said(
        where("under", "that is under", "which lies under", "below", "that stands beneath", "beneath"),
        where("that lies under", "which is beneath", "that is below"),
    ),
    "inside": Said(
        where("inside", "that is inside", "within", "that lies in", "which is inside of"),
        where("which lies inside", "that is within"),
    ),
    "containing": Said(
        (*where("around", "that contains", "that holds", "which surrounds"), "the {noun} that {x} is inside of"),
        (*where("which contains", "that surrounds"), "the {noun} which {x} lies inside of"),
    ),
    "touching": Said(
        where("that touches", "touching", "in contact with", "that is in contact with", "which leans on"),
        where("which touches", "that is touching", "which is in contact with"),
    ),
    "larger-than": Said(
        where("larger than", "that is larger than", "bigger than", "that is bigger than", "which is bigger than"),
        where("which is larger than", "that looks bigger than"),
    ),
    "smaller-than": Said(
        where("smaller than", "that is smaller than", "which is smaller than", "looking smaller than"),
        where("which looks smaller than", "that looks smaller than"),
    ),
    "moving-towards": Said(
        where("moving towards", "that moves towards", "that is about to hit", "that rolls towards", "that heads for")
        + where(
            "that is going to hit",
            "that will hit",
            "about to crash into",
            "on its way to",
            "that is about to bump into",
        )
        + where("which goes towards", "coming towards", "that gets closer to", "that approaches", "heading for"),
        where("which moves towards", "which is about to hit", "which heads for", "that is moving towards")
        + where("that is coming closer to"),
    ),
    "approached-by": Said(
        (
            "the {noun} that {x} is about to hit",
            "the {noun} {x} is going to hit",
            "the {noun} that {x} will hit",
            "the {noun} that {x} is about to crash into",
            "the {noun} {x} is about to bump into",
            "the {noun} {x} is on its way to",
            "the {noun} that {x} moves towards",
            "the {noun} {x} is heading for",
            "the {noun} that {x} heads for",
            "the {noun} {x} is about to hit",
            "the {noun} that {x} rolls towards",
            "the {noun} which {x} approaches",
            "the {noun} which {x} is moving towards",
            "the {noun} that {x} gets closer to",
            "the {noun} {x} goes towards",
        ),
        (
            "the {noun} which {x} is about to hit",
            "the {noun} that {x} is heading for",
            "the {noun} {x} moves towards",
            "the {noun} which {x} rolls towards",
            "the {noun} that {x} approaches",
        ),
    ),
    "following": Said(
        where("following", "that follows", "that goes after", "which comes after", "that moves along behind"),
        where("which follows", "that is following", "which goes after"),
    ),
    "followed-by": Said(
        (
            "the {noun} that {x} follows",
            "the {noun} followed by {x}",
            "the {noun} that is followed by {x}",
            "the {noun} {x} goes after",
            "the {noun} which {x} is following",
        ),
        ("the {noun} which {x} follows", "the {noun} which is followed by {x}", "the {noun} that {x} goes after"),
    ),
}

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
BOTH = Said(
    ("the {noun} {where} and {also}", "the {noun} that is {where} and {also}", "the {noun} {where} and also {also}"),
    ("the {noun} which is {where} and {also}", "the {noun} that is {where} and also {also}"),
)
"""Two relations of one object. where, also: a relation without a verb, as "behind the cube"."""

THINGS = ("thing", "object", "one", "item")
PRONOUN = "it"
