"""How people say which one in an order: the second from the left, the last but one to stop. As in `wordings.py`."""

from vireo.reasoning.query_language.event_wordings import Verb, Verbs
from vireo.reasoning.query_language.wordings import Said

NTH: dict[str, tuple[str, ...]] = {
    "second": ("second", "2nd"),
    "third": ("third", "3rd"),
    "fourth": ("fourth", "4th"),
}
LESS = {"second": "one", "third": "two", "fourth": "three"}
"""The nearest but ONE is the second nearest."""

SIDES = {"leftmost": "the left", "rightmost": "the right", "nearest": "the front", "farthest": "the back"}
"""Where one begins to count."""

FROM_SIDE = Said(
    (
        *("the {nth} {noun} from {side}", "the {noun} that is {nth} from {side}", "the {noun} {nth} from {side}"),
        *("the {nth} of the {nouns} from {side}", "the {nth} {noun} counted from {side}"),
        *("the {nth} {noun} when you count from {side}", "the {nth} {noun} as counted from {side}"),
        *("the {nth} one of the {nouns} from {side}", "the {nth} {noun} starting from {side}"),
        "the {nth} {noun} if you are counting from {side}",
    ),
    (
        *("the {noun} which is {nth} from {side}", "the {nth} of the {nouns} counted from {side}"),
        *("the {nth} {noun} counting from {side}", "the {noun} that is the {nth} from {side}"),
    ),
)
RANKED = Said(
    (
        *("the {nth} {superlative} {noun}", "the {noun} that is {nth} {superlative}"),
        *("the {nth} {superlative} of the {nouns}", "the {superlative} {noun} but {less}"),
        *("the {nth} {superlative} one of the {nouns}", "the {noun} that is the {nth} {superlative}"),
        *("the {superlative} of the {nouns} but {less}", "the {noun} which is the {superlative} but {less}"),
    ),
    (
        *("the {noun} which is {nth} {superlative}", "the {noun} that is the {superlative} but {less}"),
        "the {nth} {superlative} of all {nouns}",
    ),
)
RANKED_ALONE = Said(
    ("the {superlative} but {less}", "the {nth} {superlative} one", "whatever is {nth} {superlative}"),
    ("the {superlative} one but {less}", "the {nth} {superlative} of all"),
)
"""Of all objects, whatever they are."""

FROM_FIRST = Said(
    (
        *("the {nth} {noun} to {infinitive}", "the {nth} {noun} that {present}", "the {noun} that {present} {nth}"),
        *("the {noun} that is the {nth} to {infinitive}", "the {nth} of the {nouns} to {infinitive}"),
        *("the {nth} {noun} which {present}", "the {noun} that is {nth} to {infinitive}"),
    ),
    (
        *("the {noun} which is the {nth} to {infinitive}", "the {noun} which {present} {nth}"),
        "the {nth} one of the {nouns} to {infinitive}",
    ),
)
FROM_LAST = Said(
    (
        *("the last {noun} but one to {infinitive}", "the {noun} that is the last but one to {infinitive}"),
        *("the second last {noun} to {infinitive}", "the last but one {noun} that {present}"),
        *("the last {noun} but one that {present}", "the second to last {noun} to {infinitive}"),
    ),
    ("the {noun} which is the last but one to {infinitive}", "the second last {noun} that {present}"),
)

MOVES = Verbs(
    (Verb("moves", "move", "has moved"), Verb("gets going", "get going", "has got going")),
    (Verb("rolls", "roll", "has rolled"),),
)
"""Of what comes into motion, where an order or a time says that a moment is meant: the last one to move."""
