"""How people say when: after and before what happens, while something is so, in parts of the clip. As in
`wordings.py`."""

from vireo.reasoning.query_language.event_wordings import Verb, Verbs
from vireo.reasoning.query_language.wordings import Said

AFTER = Said(
    (
        *("after {x} {present}", "once {x} {perfect}", "as soon as {x} {present}", "after {x} {perfect}"),
        *("when {x} {present}", "from when {x} {present}", "from the moment that {x} {present}"),
        *("from the moment {x} {present}", "the moment {x} {present}", "starting when {x} {present}"),
        *("right after {x} {present}", "from the time {x} {present}", "now that {x} {perfect}", "when {x} {present}"),
        *("from the moment when {x} {present}", "from the point where {x} {present}", "just after {x} {present}"),
        *("immediately after {x} {present}", "at the moment when {x} {present}"),
        *("after {x} {past}", "from when {x} {past}", "once {x} {past}", "as soon as {x} {past}"),
    ),
    (
        *("once {x} {present}", "when {x} {perfect}", "as soon as {x} {perfect}", "right after {x} {perfect}"),
        *("from the moment when {x} {perfect}", "starting from when {x} {present}", "at the moment {x} {present}"),
    ),
)
BEFORE = Said(
    (
        *("before {x} {present}", "until {x} {present}", "up to when {x} {present}", "till {x} {present}"),
        *("up to the moment {x} {present}", "until the moment that {x} {present}", "up until {x} {present}"),
        *("only until {x} {present}", "from the start until {x} {present}", "before {x} {perfect}"),
        *("only before {x} {present}", "till the moment {x} {present}", "before {x} {past}", "until {x} {past}"),
    ),
    ("until {x} {perfect}", "up to the moment when {x} {present}", "until the moment {x} {present}"),
)

MEETS: dict[str, Verbs] = {
    "collides": Verbs(
        (
            Verb("hits", "hit", "has hit"),
            Verb("runs into", "run into", "has run into"),
            Verb("bumps into", "bump into", "has bumped into"),
            Verb("collides with", "collide with", "has collided with"),
            Verb("crashes into", "crash into", "has crashed into"),
            Verb("knocks into", "knock into", "has knocked into"),
            Verb("is hit by", "be hit by", "has been hit by"),
            Verb("gets hit by", "get hit by", "has got hit by"),
            Verb("is struck by", "be struck by", "has been struck by"),
        ),
        (
            Verb("strikes", "strike", "has struck"),
            Verb("gets struck by", "get struck by", "has got struck by"),
        ),
    ),
    "is-occluded": Verbs(
        (
            Verb("is hidden by", "be hidden by", "has been hidden by"),
            Verb("is covered by", "be covered by", "has been covered by"),
            Verb("gets hidden by", "get hidden by", "has got hidden by"),
            Verb("disappears behind", "disappear behind", "has disappeared behind"),
            Verb("goes behind", "go behind", "has gone behind"),
            Verb("passes behind", "pass behind", "has passed behind"),
        ),
        (
            Verb("gets covered by", "get covered by", "has got covered by"),
            Verb("rolls behind", "roll behind", "has rolled behind"),
        ),
    ),
}
"""Events of two objects, of which the second comes behind these words."""

WHILE = Said(
    (
        *("while {x} {state}", "as long as {x} {state}", "for as long as {x} {state}", "all the while {x} {state}"),
        *("during the time that {x} {state}", "only while {x} {state}", "in the time when {x} {state}"),
    ),
    ("only as long as {x} {state}", "during the time when {x} {state}", "all the time that {x} {state}"),
)
STATES: dict[str, Said] = {
    "moving": Said(
        ("moves", "is moving", "is in motion", "rolls", "is on its way", "is under way"), ("is rolling", "keeps moving")
    ),
    "still": Said(
        ("stands still", "does not move", "is at rest", "rests", "is not moving", "stays where it is", "keeps still"),
        ("is standing still", "does not roll"),
    ),
    "hidden": Said(
        ("is hidden", "is covered", "cannot be seen", "can not be seen", "is covered by something"),
        ("is hidden by something", "stays hidden"),
    ),
}
STAYS = Said(("is {where}", "stands {where}", "lies {where}"), ("stays {where}",))
"""How a relation goes on; where: as in `relation_wordings.SHORT`, with the other object."""

PARTS: dict[str, Said] = {
    "first-half": Said(
        (
            *("in the first half", "during the first half", "in the first half of the clip"),
            *("up to the middle of the clip", "for the first half", "until the middle of the clip"),
        ),
        ("during the first half of the clip", "for the first half of the clip"),
    ),
    "second-half": Said(
        (
            *("in the second half", "during the second half", "in the second half of the clip"),
            *("after the middle of the clip", "for the second half", "from the middle of the clip on"),
        ),
        ("during the second half of the clip", "for the second half of the clip"),
    ),
}
AGAIN = Said(("the {noun}", "that {noun}", "the same {noun}"), ("this {noun}",))
"""What has been named in a clause of time, in the request behind it."""
