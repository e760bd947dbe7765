"""How people say what happens, what moves, and when: wordings of events and times, as in `wordings.py`."""

from typing import NamedTuple

from vireo.reasoning.query_language.wordings import Said, Wordings, where

PAST = {
    **{"appears": "appeared", "bumps": "bumped", "collides": "collided", "comes": "came", "crashes": "crashed"},
    **{"disappears": "disappeared", "ends": "ended", "enters": "entered", "exits": "exited", "gets": "got"},
    **{"goes": "went", "halts": "halted", "hits": "hit", "is": "was", "knocks": "knocked", "leaves": "left"},
    **{
        "begins": "began",
        "moves": "moved",
        "passes": "passed",
        "rolls": "rolled",
        "runs": "ran",
        "sets": "set",
        "shows": "showed",
    },
    **{"stands": "stood", "starts": "started", "stops": "stopped", "strikes": "struck"},
}
"""Past tenses of the verbs that events are told by."""


class Verb(NamedTuple):
    """One wording of an event: it stops, to stop, has stopped."""

    present: str
    infinitive: str
    perfect: str

    def forms(self) -> dict[str, str]:
        """What templates name: these, and the past tense."""
        verb, *rest = self.present.split()
        return {**self._asdict(), "past": " ".join([PAST[verb], *rest])}


class Verbs(NamedTuple):
    """Those of an event, as in `Said`."""

    train: tuple[Verb, ...]
    held_out: tuple[Verb, ...]

    def of(self, wordings: Wordings) -> tuple[Verb, ...]:
        return self.train if wordings == "train" else self.held_out


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

HAPPENS = Said(
    ("the {noun} that {present}", "the {noun} which {present}", "the {noun} that {past}", "the {noun} that {perfect}"),
    ("the {noun} which {past}",),
)
ORDERS: dict[str, Said] = {
    "first": Said(
        (
            "the {noun} that {present} first",
            "the first {noun} that {present}",
            "the first {noun} to {infinitive}",
            "the {noun} that is the first to {infinitive}",
            "the {noun} that {present} before the others",
            "the {noun} that {past} first",
            "the first {noun} that {past}",
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
            "the {noun} that {past} last",
            "the last {noun} that {past}",
        ),
        ("the {noun} which {present} last", "the {noun} which is the last to {infinitive}"),
    ),
}

PARTNERS: dict[str, Said] = {
    "collides": Said(
        (
            *where("that hits", "that collides with", "that bumps into", "which crashes into", "hit by"),
            *where("that runs into", "that strikes", "struck by", "that knocks into"),
            "the {noun} that {x} runs into",
            "the {noun} {x} strikes",
            "the {noun} that {x} knocks into",
            *where("that is hit by", "colliding with", "that hit", "that ran into", "that collided with"),
            *where("that bumped into", "that was hit by", "that got hit by", "which crashed into", "that struck"),
            "the {noun} {x} hit",
            "the {noun} that {x} hit",
            "the {noun} that {x} ran into",
            "the {noun} that {x} has hit",
            "the {noun} that {x} hits",
            "the {noun} {x} collides with",
            "the {noun} that {x} bumps into",
            "the {noun} which {x} crashes into",
        ),
        (
            *where("which hits", "which collides with", "which is hit by", "which ran into", "which was hit by"),
            "the {noun} {x} ran into",
            "the {noun} which {x} hits",
            "the {noun} that {x} collides with",
            "the {noun} {x} bumps into",
        ),
    ),
    "occluding": Said(
        (
            *where("that hides", "hiding", "that covers", "which passes in front of"),
            "the {noun} that {x} is hidden by",
            "the {noun} {x} disappears behind",
            *where("that hid", "that covered", "that passed in front of"),
            "the {noun} that {x} was hidden by",
        ),
        (*where("which hides", "which covers"), "the {noun} that {x} disappears behind"),
    ),
    "occluded-by": Said(
        (
            *where("hidden by", "that is hidden by", "that disappears behind", "covered by", "which passes behind"),
            "the {noun} that {x} hides",
            "the {noun} {x} covers",
            *where("that was hidden by", "that went behind", "that was covered by"),
            "the {noun} that {x} hid",
        ),
        (*where("which is hidden by", "that is covered by"), "the {noun} which {x} hides"),
    ),
}

MOTIONS: dict[str, Said] = {
    "moving": Said(
        (
            *("the moving {noun}", "the {noun} that moves", "the {noun} in motion", "the {noun} that is moving"),
            "the {noun} that moved",
        ),
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
            "the {noun} that did not move",
            "the {noun} that stayed where it was",
        ),
        ("the {noun} which does not move", "the {noun} that is at rest", "the {noun} which stands still"),
    ),
}
