"""How people say how one object lies to another, or moves towards it, as in `wordings.py`."""

from vireo.reasoning.query_language.wordings import Said, where

_LEADS = (
    *("", "that is ", "which is ", "that stands ", "which stands ", "that lies ", "which lies ", "that sits "),
    *("standing ", "lying ", "sitting ", "located ", "placed ", "positioned ", "seen ", "that can be seen "),
    *("that you see ", "that is located ", "which can be found ", "that is standing ", "which is placed "),
)
"""Relative clauses and participles before words of place."""


def placed(places: tuple[str, ...], held_out: tuple[str, ...], further: tuple[str, ...] = ()) -> Said:
    """Every lead with every place, and further forms, but what is held out."""
    forms = (*where(*(lead + place for place in places for lead in _LEADS)), *further)
    return Said(tuple(form for form in dict.fromkeys(forms) if form not in held_out), held_out)


RELATIONS: dict[str, Said] = {
    "left-of": placed(
        ("left of", "to the left of", "on the left of", "on the left side of", "at the left of"),
        where("that stands left of", "which is to the left of", "that lies on the left side of")
        + where("standing on the left of", "which can be found left of", "positioned to the left of"),
        (
            "the {noun} that is {x}'s left neighbour",
            "the {noun} that is the left neighbour of {x}",
            "the {noun} that {x} is right of",
            "the {noun} that has {x} on its right",
            "the {noun} with {x} to its right",
        ),
    ),
    "right-of": placed(
        ("right of", "to the right of", "on the right of", "on the right side of", "at the right of"),
        where("that stands right of", "which is to the right of", "that lies on the right side of")
        + where("standing on the right of", "which can be found right of", "positioned to the right of"),
        (
            "the {noun} that is {x}'s right neighbour",
            "the {noun} that is the right neighbour of {x}",
            "the {noun} that {x} is left of",
            "the {noun} that has {x} on its left",
            "the {noun} with {x} to its left",
        ),
    ),
    "behind": placed(
        ("behind", "at the back of", "in back of", "farther back than"),
        where("that stands behind", "which is farther back than", "which is behind", "which lies behind")
        + where("sitting behind", "which is placed behind"),
        (
            *where("farther away than", "that is farther away than", "which is farther from the camera than"),
            "the {noun} that {x} is in front of",
            "the {noun} that {x} stands in front of",
        ),
    ),
    "in-front-of": placed(
        ("in front of", "at the front of", "closer to the camera than", "nearer to us than"),
        where("that stands in front of", "which is closer to the camera than", "which is in front of")
        + where("sitting in front of", "which is placed in front of"),
        (
            *where("nearer to the camera than", "closer to us than", "that is nearer than"),
            "the {noun} that {x} is behind",
            "the {noun} that {x} stands behind",
        ),
    ),
    "on": placed(
        ("on top of", "on", "upon"),
        where("which stands on top of", "that lies on", "which rests on top of", "sitting on"),
        where("that rests on", "resting on", "which rests upon"),
    ),
    "under": placed(
        ("under", "below", "beneath", "underneath"),
        where("that lies under", "which is beneath", "that is below", "located below"),
        ("the {noun} that {x} rests on", "the {noun} that {x} is on top of"),
    ),
    "inside": placed(
        ("inside", "within", "inside of"),
        where("which lies inside", "that is within", "placed within"),
        where("that lies in", "that is in"),
    ),
    "containing": Said(
        (
            *where("around", "that contains", "that holds", "which surrounds", "containing", "surrounding", "holding"),
            *("the {noun} that {x} is inside of", "the {noun} {x} is within", "the {noun} with {x} in it"),
        ),
        (*where("which contains", "that surrounds"), "the {noun} which {x} lies inside of", "the {noun} {x} is inside"),
    ),
    "touching": Said(
        where("that touches", "touching", "in contact with", "that is in contact with", "which leans on", "leaning on")
        + where("that is leaning on", "touched by", "that is touched by", "standing in contact with"),
        where("which touches", "that is touching", "which is in contact with", "which is touched by"),
    ),
    "larger-than": Said(
        where("larger than", "that is larger than", "bigger than", "that is bigger than", "which is bigger than")
        + where("that looks larger than", "looking bigger than", "which looks larger than")
        + ("the {noun} that {x} is smaller than",),
        where("which is larger than", "that looks bigger than", "looking larger than"),
    ),
    "smaller-than": Said(
        (
            *where("smaller than", "that is smaller than", "which is smaller than", "looking smaller than"),
            *(*where("tinier than"), "the {noun} that {x} is larger than", "the {noun} that {x} is bigger than"),
        ),
        where("which looks smaller than", "that looks smaller than", "that is tinier than"),
    ),
    "moving-towards": Said(
        where("moving towards", "that moves towards", "that is about to hit", "that rolls towards", "that heads for")
        + where("that is going to hit", "that will hit", "about to crash into", "on its way to", "going to hit")
        + where("that is about to bump into", "which goes towards", "coming towards", "that gets closer to")
        + where("that approaches", "heading for", "approaching", "rolling towards", "that is rolling towards")
        + where("which will crash into", "that is on its way to", "which is heading for", "which is going towards"),
        where("which moves towards", "which is about to hit", "which heads for", "that is moving towards")
        + where("that is coming closer to", "going towards", "which is rolling towards"),
    ),
    "approached-by": Said(
        (
            *("the {noun} that {x} is about to hit", "the {noun} {x} is going to hit", "the {noun} that {x} will hit"),
            *("the {noun} that {x} is about to crash into", "the {noun} {x} is about to bump into"),
            *("the {noun} {x} is on its way to", "the {noun} that {x} moves towards", "the {noun} {x} is heading for"),
            *("the {noun} that {x} heads for", "the {noun} {x} is about to hit", "the {noun} that {x} rolls towards"),
            *("the {noun} which {x} approaches", "the {noun} which {x} is moving towards"),
            *("the {noun} that {x} gets closer to", "the {noun} {x} goes towards", "the {noun} {x} will crash into"),
            *("the {noun} which {x} will hit", "the {noun} which {x} is going to hit", "the {noun} {x} will bump into"),
            *where("about to be hit by", "that is about to be hit by", "that will be hit by", "approached by"),
            *where("that is approached by", "which is going to be hit by", "that is going to be struck by"),
        ),
        (
            *("the {noun} which {x} is about to hit", "the {noun} that {x} is heading for"),
            *("the {noun} {x} moves towards", "the {noun} which {x} rolls towards", "the {noun} that {x} approaches"),
            *where("which will be hit by", "which is approached by"),
        ),
    ),
    "following": Said(
        where("following", "that follows", "that goes after", "which comes after", "that moves along behind")
        + where("going after", "moving along behind", "which moves along behind", "that rolls along behind"),
        where("which follows", "that is following", "which goes after", "rolling along behind"),
    ),
    "followed-by": Said(
        (
            *("the {noun} that {x} follows", "the {noun} followed by {x}", "the {noun} that is followed by {x}"),
            *("the {noun} {x} goes after", "the {noun} which {x} is following", "the {noun} {x} is following"),
            *("the {noun} that gets followed by {x}", "the {noun} with {x} moving along behind it"),
        ),
        (
            *("the {noun} which {x} follows", "the {noun} which is followed by {x}", "the {noun} that {x} goes after"),
            "the {noun} that {x} is following",
        ),
    ),
}

SHORT: dict[str, tuple[str, ...]] = {
    "left-of": ("left of", "to the left of", "on the left of", "on the left side of"),
    "right-of": ("right of", "to the right of", "on the right of", "on the right side of"),
    "behind": ("behind", "farther away than", "farther back than", "at the back of"),
    "in-front-of": ("in front of", "nearer to the camera than", "closer to us than"),
    "on": ("on top of", "upon"),
    "under": ("under", "below", "beneath"),
    "inside": ("inside", "within"),
    "touching": ("touching", "in contact with"),
    "larger-than": ("larger than", "bigger than"),
    "smaller-than": ("smaller than", "looking smaller than"),
}
"""Without a verb: the ball is BEHIND the cube."""

BETWEEN = Said(
    tuple(
        f"the {{noun}} {words}"
        for words in (
            *("between {x} and {y}", "that is between {x} and {y}", "which stands between {x} and {y}"),
            *("that lies between {x} and {y}", "standing between {x} and {y}", "in between {x} and {y}"),
            *("that is in between {x} and {y}", "in the middle between {x} and {y}", "placed between {x} and {y}"),
            *("that has {x} on one side and {y} on the other", "which can be found between {x} and {y}"),
            *("with {x} on one side and {y} on the other", "located between {x} and {y}"),
            *("that stands in the middle between {x} and {y}", "that sits between {x} and {y}"),
        )
    ),
    tuple(
        f"the {{noun}} {words}"
        for words in (
            *("which is between {x} and {y}", "lying between {x} and {y}", "that stands in between {x} and {y}"),
            "which has {x} on one side and {y} on the other",
        )
    ),
)

OTHER = Said(
    (
        *("the other {noun}", "the {noun} other than {x}", "the {noun} that is not {x}", "the {noun} besides {x}"),
        "the {noun} which is other than {x}",
    ),
    ("the {noun} which is not {x}", "the {noun} that is other than {x}"),
)

BOTH = Said(
    (
        *("the {noun} {where} and {also}", "the {noun} that is {where} and {also}"),
        *("the {noun} {where} and also {also}", "the {noun} that is {where} and that is {also}"),
        *("the {noun} which is {where} and which is {also}", "the {noun} that stands {where} and {also}"),
        *("the {noun} both {where} and {also}", "the {noun} {where} that is also {also}"),
        *("the {noun} standing {where} and {also}", "the {noun} {where}, which is also {also}"),
    ),
    (
        *("the {noun} which is {where} and {also}", "the {noun} that is {where} and also {also}"),
        *("the {noun} that is both {where} and {also}", "the {noun} lying {where} and {also}"),
    ),
)
"""Two relations of one object. where, also: as in `SHORT`."""
