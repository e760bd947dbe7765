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


class Verb(NamedTuple):
    """One wording of an event: it stops, to stop, has stopped."""

    present: str
    infinitive: str
    perfect: str


class Verbs(NamedTuple):
    """Those of an event, as in `Said`."""

    train: tuple[Verb, ...]
    held_out: tuple[Verb, ...]

    def of(self, wordings: Wordings) -> tuple[Verb, ...]:
        return self.train if wordings == "train" else self.held_out


def _where(*said: str) -> tuple[str, ...]:
    return tuple(f"the {{noun}} {words} {{x}}" for words in said)


RELATIONS: dict[str, Said] = {
    "left-of": Said(
        _where("to the left of", "left of", "that is left of", "that is to the left of", "on the left side of")
        + _where(
            "that stands to the left of",
            "which lies left of",
            "that can be seen left of",
            "on the left of",
            "that sits left of",
        ),
        _where("that stands left of", "which is to the left of", "that lies on the left side of"),
    ),
    "right-of": Said(
        _where("to the right of", "right of", "that is right of", "that is to the right of", "on the right side of")
        + _where("that stands to the right of", "which lies right of", "that can be seen right of", "on the right of"),
        _where("that stands right of", "which is to the right of", "that lies on the right side of"),
    ),
    "behind": Said(
        _where("behind", "that is behind", "which stands behind", "farther away than", "farther back than")
        + _where("that lies behind", "that can be seen behind", "at the back of"),
        _where("that stands behind", "which is farther back than", "which is behind", "which lies behind"),
    ),
    "in-front-of": Said(
        _where("in front of", "that is in front of", "which stands in front of", "nearer to the camera than")
        + _where("that lies in front of", "that can be seen in front of", "closer to us than"),
        _where("that stands in front of", "which is closer to the camera than", "which is in front of"),
    ),
    "on": Said(
        _where("on top of", "that is on top of", "that stands on", "which lies on", "that rests on", "upon"),
        _where("which stands on top of", "that lies on", "which rests on top of"),
    ),
    "under": Said(
        _where("under", "that is under", "which lies under", "below", "that stands beneath", "beneath"),
        _where("that lies under", "which is beneath", "that is below"),
    ),
    "inside": Said(
        _where("inside", "that is inside", "within", "that lies in", "which is inside of"),
        _where("which lies inside", "that is within"),
    ),
    "containing": Said(
        (*_where("around", "that contains", "that holds", "which surrounds"), "the {noun} that {x} is inside of"),
        (*_where("which contains", "that surrounds"), "the {noun} which {x} lies inside of"),
    ),
    "touching": Said(
        _where("that touches", "touching", "in contact with", "that is in contact with", "which leans on"),
        _where("which touches", "that is touching", "which is in contact with"),
    ),
    "larger-than": Said(
        _where("larger than", "that is larger than", "bigger than", "that is bigger than", "which is bigger than"),
        _where("which is larger than", "that looks bigger than"),
    ),
    "smaller-than": Said(
        _where("smaller than", "that is smaller than", "which is smaller than", "looking smaller than"),
        _where("which looks smaller than", "that looks smaller than"),
    ),
    "moving-towards": Said(
        _where("moving towards", "that moves towards", "that is about to hit", "that rolls towards", "that heads for")
        + _where(
            "that is going to hit",
            "that will hit",
            "about to crash into",
            "on its way to",
            "that is about to bump into",
        )
        + _where("which goes towards", "coming towards", "that gets closer to", "that approaches", "heading for"),
        _where("which moves towards", "which is about to hit", "which heads for", "that is moving towards")
        + _where("that is coming closer to"),
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
        _where("following", "that follows", "that goes after", "which comes after", "that moves along behind"),
        _where("which follows", "that is following", "which goes after"),
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

EVENTS: dict[str, Verbs] = {
    "appears": Verbs(
        (
            Verb("comes in", "come in", "has come in"),
            Verb("comes on screen", "come on screen", "has come on screen"),
            Verb("enters the frame", "enter the frame", "has entered the frame"),
            Verb("rolls in", "roll in", "has rolled in"),
            Verb("enters", "enter", "has entered"),
            Verb("enters the picture", "enter the picture", "has entered the picture"),
            Verb("comes into view", "come into view", "has come into view"),
            Verb("appears", "appear", "has appeared"),
            Verb("shows up", "show up", "has shown up"),
        ),
        (
            Verb("comes into the picture", "come into the picture", "has come into the picture"),
            Verb("enters the view", "enter the view", "has entered the view"),
        ),
    ),
    "leaves": Verbs(
        (
            Verb("leaves", "leave", "has left"),
            Verb("leaves the frame", "leave the frame", "has left the frame"),
            Verb("goes off screen", "go off screen", "has gone off screen"),
            Verb("rolls out", "roll out", "has rolled out"),
            Verb("leaves the picture", "leave the picture", "has left the picture"),
            Verb("goes out of view", "go out of view", "has gone out of view"),
            Verb("goes away", "go away", "has gone away"),
            Verb("disappears", "disappear", "has disappeared"),
            Verb("exits", "exit", "has exited"),
        ),
        (
            Verb("leaves the view", "leave the view", "has left the view"),
            Verb("goes out of the picture", "go out of the picture", "has gone out of the picture"),
        ),
    ),
    "starts": Verbs(
        (
            Verb("starts", "start", "has started"),
            Verb("starts to move", "start to move", "has started to move"),
            Verb("begins to move", "begin to move", "has begun to move"),
            Verb("starts moving", "start moving", "has started moving"),
            Verb("sets off", "set off", "has set off"),
            Verb("starts rolling", "start rolling", "has started rolling"),
        ),
        (
            Verb("begins moving", "begin moving", "has begun moving"),
            Verb("begins rolling", "begin rolling", "has begun rolling"),
        ),
    ),
    "stops": Verbs(
        (
            Verb("stops", "stop", "has stopped"),
            Verb("comes to a standstill", "come to a standstill", "has come to a standstill"),
            Verb("stands still", "stand still", "has stood still"),
            Verb("stops moving", "stop moving", "has stopped moving"),
            Verb("comes to a stop", "come to a stop", "has come to a stop"),
            Verb("comes to rest", "come to rest", "has come to rest"),
            Verb("halts", "halt", "has halted"),
            Verb("ends its motion", "end its motion", "has ended its motion"),
        ),
        (
            Verb("stops rolling", "stop rolling", "has stopped rolling"),
            Verb("comes to a halt", "come to a halt", "has come to a halt"),
        ),
    ),
    "collides": Verbs(
        (
            Verb("collides", "collide", "has collided"),
            Verb("runs into something", "run into something", "has run into something"),
            Verb("hits something", "hit something", "has hit something"),
            Verb("bumps into something", "bump into something", "has bumped into something"),
            Verb("crashes", "crash", "has crashed"),
            Verb("is in a collision", "be in a collision", "has been in a collision"),
        ),
        (
            Verb("crashes into something", "crash into something", "has crashed into something"),
            Verb("collides with something", "collide with something", "has collided with something"),
        ),
    ),
    "is-occluded": Verbs(
        (
            Verb("is hidden", "be hidden", "has been hidden"),
            Verb("is covered", "be covered", "has been covered"),
            Verb("gets hidden", "get hidden", "has got hidden"),
            Verb("goes behind something", "go behind something", "has gone behind something"),
            Verb("is covered by something", "be covered by something", "has been covered by something"),
        ),
        (
            Verb("gets covered", "get covered", "has got covered"),
            Verb("is hidden by something", "be hidden by something", "has been hidden by something"),
        ),
    ),
}

HAPPENS = Said(("the {noun} that {present}", "the {noun} which {present}"), ("the {noun} that {present}",))
ORDERS: dict[str, Said] = {
    "first": Said(
        (
            "the {noun} that {present} first",
            "the first {noun} that {present}",
            "the first {noun} to {infinitive}",
            "the {noun} that is the first to {infinitive}",
            "the {noun} that {present} before the others",
        ),
        ("the {noun} which {present} first", "the {noun} which is the first to {infinitive}"),
    ),
    "last": Said(
        (
            "the {noun} that {present} last",
            "the last {noun} that {present}",
            "the last {noun} to {infinitive}",
            "the {noun} that is the last to {infinitive}",
            "the {noun} that {present} after the others",
        ),
        ("the {noun} which {present} last", "the {noun} which is the last to {infinitive}"),
    ),
}

PARTNERS: dict[str, Said] = {
    "collides": Said(
        (
            *_where("that hits", "that collides with", "that bumps into", "which crashes into", "hit by"),
            *_where("that runs into", "that strikes", "struck by", "that knocks into"),
            "the {noun} that {x} runs into",
            "the {noun} {x} strikes",
            "the {noun} that {x} knocks into",
            *_where("that is hit by", "colliding with"),
            "the {noun} that {x} hits",
            "the {noun} {x} collides with",
            "the {noun} that {x} bumps into",
            "the {noun} which {x} crashes into",
        ),
        (
            *_where("which hits", "which collides with", "which is hit by"),
            "the {noun} which {x} hits",
            "the {noun} that {x} collides with",
            "the {noun} {x} bumps into",
        ),
    ),
    "occluding": Said(
        (
            *_where("that hides", "hiding", "that covers", "which passes in front of"),
            "the {noun} that {x} is hidden by",
            "the {noun} {x} disappears behind",
        ),
        (*_where("which hides", "which covers"), "the {noun} that {x} disappears behind"),
    ),
    "occluded-by": Said(
        (
            *_where("hidden by", "that is hidden by", "that disappears behind", "covered by", "which passes behind"),
            "the {noun} that {x} hides",
            "the {noun} {x} covers",
        ),
        (*_where("which is hidden by", "that is covered by"), "the {noun} which {x} hides"),
    ),
}

MOTIONS: dict[str, Said] = {
    "moving": Said(
        ("the moving {noun}", "the {noun} that moves", "the {noun} in motion", "the {noun} that is moving"),
        ("the {noun} which moves", "the {noun} that is in motion"),
    ),
    "still": Said(
        (
            "the {noun} that does not move",
            "the resting {noun}",
            "the {noun} that stands still",
            "the {noun} that rests",
            "the {noun} that stays where it is",
            "the still {noun}",
            "the {noun} which is at rest",
        ),
        ("the {noun} which does not move", "the {noun} that is at rest", "the {noun} which stands still"),
    ),
}

ALIKE: dict[str, Said] = {
    "color": Said(
        _where("with the same color as", "that has the same color as", "colored like", "of the same color as")
        + _where("that is colored like", "that shares its color with"),
        _where("which has the same color as", "which is colored like", "that is of the same color as"),
    ),
    "category": Said(
        _where("with the same shape as", "that has the same shape as", "shaped like", "of the same shape as")
        + _where("that is shaped like", "of the same kind as"),
        _where("which has the same shape as", "which is shaped like", "that is of the same kind as"),
    ),
    "material": Said(
        _where("with the same material as", "that has the same material as", "made of the same material as")
        + _where("of the same material as", "that is made of the same stuff as"),
        _where("which has the same material as", "that is made of the same material as"),
    ),
    "size": Said(
        _where("with the same size as", "that has the same size as", "as big as", "of the same size as"),
        _where("which has the same size as", "that is as big as"),
    ),
}

COUNTED: dict[str, Said] = {
    "color": Said(
        (
            "the {noun} whose color occurs only once",
            "the {noun} with a color of its own",
            "the {noun} whose color nothing else has",
            "the only {noun} of its color",
            "the {noun} that shares its color with nothing",
        ),
        ("the {noun} that has a color of its own", "the {noun} with a color that occurs only once"),
    ),
    "category": Said(
        (
            "the {noun} whose shape occurs only once",
            "the {noun} with a shape of its own",
            "the {noun} whose shape nothing else has",
            "the only {noun} of its shape",
            "the only {noun} of its kind",
        ),
        ("the {noun} that has a shape of its own", "the {noun} with a shape that occurs only once"),
    ),
    "material": Said(
        (
            "the {noun} whose material occurs only once",
            "the {noun} with a material of its own",
            "the {noun} whose material nothing else has",
            "the only {noun} of its material",
        ),
        ("the {noun} that has a material of its own", "the {noun} with a material that occurs only once"),
    ),
    "size": Said(
        (
            "the {noun} whose size occurs only once",
            "the {noun} with a size of its own",
            "the {noun} whose size nothing else has",
            "the only {noun} of its size",
        ),
        ("the {noun} that has a size of its own", "the {noun} with a size that occurs only once"),
    ),
}
"""Of a number of one; of more, the objects are meant together."""

TOGETHER: dict[str, Said] = {
    "color": Said(
        ("the {number} {nouns} of the same color", "the {number} {nouns} that have the same color"),
        ("the {number} {nouns} with the same color",),
    ),
    "category": Said(
        ("the {number} {nouns} of the same shape", "the {number} {nouns} that have the same shape"),
        ("the {number} {nouns} with the same shape",),
    ),
    "material": Said(
        ("the {number} {nouns} of the same material", "the {number} {nouns} that have the same material"),
        ("the {number} {nouns} with the same material",),
    ),
    "size": Said(
        ("the {number} {nouns} of the same size", "the {number} {nouns} that have the same size"),
        ("the {number} {nouns} with the same size",),
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

CLUES: dict[str, Said] = {
    "color": Said(
        (
            "the {noun} with the color of {clue}",
            "the {noun} colored like {clue}",
            "the {noun} that is colored like {clue}",
        ),
        ("the {noun} that has the color of {clue}", "the {noun} which is colored like {clue}"),
    ),
    "category": Said(
        (
            "the {noun} shaped like {clue}",
            "the {noun} with the shape of {clue}",
            "the {noun} that is shaped like {clue}",
        ),
        ("the {noun} that has the shape of {clue}", "the {noun} which is shaped like {clue}"),
    ),
    "material": Said(
        ("the {noun} that looks like {clue}", "the {noun} with a surface like {clue}", "the {noun} made like {clue}"),
        ("the {noun} which looks like {clue}", "the {noun} that has a surface like {clue}"),
    ),
}
"""Of an attribute that has to be inferred from a clue (`vireo.world.families.record.ImplicitWordings`)."""

THINGS = ("thing", "object", "one", "item")
PRONOUN = "it"

AFTER = Said(
    (
        "after {x} {present}",
        "once {x} {perfect}",
        "as soon as {x} {present}",
        "after {x} {perfect}",
        "when {x} {present}",
        "from when {x} {present}",
    ),
    ("once {x} {present}", "when {x} {perfect}", "as soon as {x} {perfect}"),
)
BEFORE = Said(
    ("before {x} {present}", "until {x} {present}", "up to when {x} {present}"),
    ("until {x} {perfect}",),
)
PARTS: dict[str, Said] = {
    "first-half": Said(
        ("in the first half", "during the first half", "in the first half of the clip", "up to the middle of the clip"),
        ("during the first half of the clip",),
    ),
    "second-half": Said(
        (
            "in the second half",
            "during the second half",
            "in the second half of the clip",
            "after the middle of the clip",
        ),
        ("during the second half of the clip",),
    ),
}
