"""How people ask for edits, beside the studio's own templates (`vireo.world.families.record.Topic`)."""

from vireo.reasoning.query_language.wordings import Said

EVERYDAY: dict[str, Said] = {
    "recolor": Said(
        (
            *(
                "color {object} {color}",
                "{object} needs to be {color}",
                "paint {object} {color}",
                "dye {object} {color}",
            ),
            *("i would like {object} in {color}", "could {object} be {color}", "have {object} painted {color}"),
            *("{color} would look better on {object}", "how about a {color} color for {object}"),
            *("recolour {object} {color}", "tint {object} {color}", "switch {object} to {color}"),
            *(
                "turn {object} into a {color} one",
                "it would be great if {object} were {color}",
                "let {object} be {color}",
            ),
            *("would you mind making {object} {color}", "give {object} {color} paint", "set {object} to {color}"),
            *("{object} in {color}, please", "make {object} look {color}", "convert {object} to {color}"),
        ),
        (
            "could you paint {object} {color}",
            "i would like {object} to be {color}",
            "{object} would look better in {color}",
        ),
    ),
    "material": Said(
        (
            *("{object} needs to be {material}", "could {object} be {material}", "have {object} look {material}"),
            *(
                "i would like {object} to look {material}",
                "give {object} a {material} finish",
                "let {object} be {material}",
            ),
            *("how about a {material} look for {object}", "it would be great if {object} were {material}"),
            *(
                "would you mind making {object} {material}",
                "make {object} out of {material}",
                "switch {object} to {material}",
            ),
            *("{object} should be made of {material}", "convert {object} to {material}", "use {material} for {object}"),
            *("give {object} a {material} texture", "make {object} look {material}"),
        ),
        ("i would like {object} to be {material}", "{object} would look better with a {material} finish"),
    ),
    "remove": Said(
        (
            *("{object} has to go", "drop {object}", "i do not want {object}", "lose {object}", "cut {object} out"),
            *("i would like {object} gone", "{object} needs to go away", "wipe {object} out", "let {object} vanish"),
            *("kick {object} out of the video", "hide {object}", "discard {object}", "i want {object} removed"),
            *("{object} should be removed", "eliminate {object}", "throw {object} away", "edit {object} out"),
            *("i want to get rid of {object}", "the video without {object}", "would you mind removing {object}"),
            *("{object} must not be there", "make {object} invisible", "have {object} removed"),
        ),
        ("i would like {object} to go away", "{object} needs to be cut out", "{object} has to vanish"),
    ),
    "replace": Said(
        (
            *(
                "i would like {shape} where {object} is",
                "exchange {object} for {shape}",
                "{object} needs to be {shape}",
            ),
            *(
                "substitute {shape} for {object}",
                "how about {shape} in place of {object}",
                "convert {object} to {shape}",
            ),
            *(
                "let {shape} take the place of {object}",
                "transform {object} into {shape}",
                "use {shape} instead of {object}",
            ),
            *("it would be great if {object} were {shape}", "swap {object} with {shape}"),
        ),
        ("i would like {shape} in place of {object}", "exchange {object} with {shape}"),
    ),
    "grow": Said(
        (
            *("{object} needs to be bigger", "blow up {object}", "scale {object} up", "inflate {object}"),
            *("i would like {object} to be bigger", "make {object} a bit bigger", "make {object} much larger"),
            *("make {object} huge", "{object} is too small", "expand {object}", "let {object} get bigger"),
            *("make {object} a little larger", "make {object} way bigger", "make {object} big", "make {object} giant"),
        ),
        ("{object} needs to be larger", "i would like {object} to be larger"),
    ),
    "shrink": Said(
        (
            *("{object} needs to be smaller", "scale {object} down", "i would like {object} to be smaller"),
            *("{object} is too big", "make {object} a bit smaller", "make {object} much smaller", "make {object} tiny"),
            *(
                "let {object} get smaller",
                "make {object} a little smaller",
                "{object} is too large",
                "make {object} small",
            ),
            "decrease the size of {object}",
        ),
        ("i would like to have {object} smaller", "i need {object} to be smaller"),
    ),
    "add": Said(
        (
            *("i would like {thing} {place}", "have {thing} stand {place}", "can there be {thing} {place}"),
            *(
                "how about {thing} {place}",
                "there needs to be {thing} {place}",
                "draw {thing} {place}",
                "{thing} {place}",
            ),
            *("create {thing} {place}", "let {thing} appear {place}", "i need {thing} {place}"),
        ),
        ("i would like to have {thing} {place}", "could you put {thing} {place}"),
    ),
    "style": Said(
        (
            *("convert the clip to {style}", "apply the look of {style}", "render it as {style}", "make this {style}"),
            *("i want this to look like {style}", "make everything look like {style}", "turn it into {style}"),
            *("can you {restyle}", "i would like the clip as {style}"),
        ),
        ("i would like everything to look like {style}", "convert the video into {style}"),
    ),
    "light": Said(
        (
            *(
                "apply {light}",
                "i would like {light}",
                "turn the lights to {light}",
                "can you {relight}",
                "let there be {light}",
            ),
            *("change the time of day to {light}", "have it in {light}"),
        ),
        ("i would like to have {light}", "set the lights to {light}"),
    ),
    "floor": Said(
        (
            "i would like {floor} as the floor",
            "lay {floor} on the ground",
            "use {floor} as the ground",
            "make it a floor of {floor}",
        ),
        ("i would like the ground to be {floor}", "use {floor} as the floor"),
    ),
    "backdrop": Said(
        (
            "i would like {backdrop} as the background",
            "have {backdrop} in the back",
            "use {backdrop} for the background",
        ),
        ("i would like {backdrop} behind the objects", "use {backdrop} in the background"),
    ),
    "setting": Said(
        ("i would like it to be in {setting}", "bring everything to {setting}", "set the scene in {setting}"),
        ("i would like everything to be in {setting}", "bring the objects to {setting}"),
    ),
    "watermark": Said(
        (
            "hide the {mark}",
            "clean up the {mark}",
            "i want the {mark} removed",
            "i do not want the {mark}",
            "wipe the {mark} out",
        ),
        ("i would like the {mark} removed", "wipe the {mark} away"),
    ),
}
"""Beside the studio's own templates; verbs of another operation never stand among those of one."""

COPIED = Said(
    (
        "make {object} the same {what} as {x}",
        "give {object} the {what} of {x}",
        "{object} should have the same {what} as {x}",
        "let {object} have the {what} of {x}",
        "change the {what} of {object} to that of {x}",
    ),
    ("{object} should have the {what} of {x}", "change {object} to the same {what} as {x}"),
)
JOINED = Said(
    (
        "make {one} {value} and {two} {other}",
        "paint {one} {value} and {two} {other}",
        "turn {one} {value} and {two} {other}",
    ),
    ("make {one} {value}, and {two} {other}", "turn {one} {value} and turn {two} {other}"),
)

FIRST_NAMED = Said(
    (
        *("take {object} and {order}", "look at {object} and {order}", "as for {object}, {order}", "{object}, {order}"),
        *("you see {object}, {order}", "pick {object} and {order}", "find {object} and {order}"),
        *("there you see {object}, now {order}", "regarding {object}, please {order}", "see {object}, {order}"),
        *("in the video there is {object}, {order}", "choose {object}, then {order}"),
    ),
    ("take {object} and then {order}", "look at {object}, please {order}", "there is {object}, {order}"),
)
"""The object first, and then the order, in which a pronoun stands for it."""

NO_ORDER = (
    *("the", "it", "all", "every", "each", "there", "i", "please", "what", "could", "can", "how", "in", "on", "at"),
    *("after", "once", "when", "as", "from", "before", "until", "up", "during", "while", "till", "starting", "right"),
    *("now", "just", "immediately", "only", "for", "everything", "whatever", "whichever", "would", "that", "this"),
    *("you", "regarding", "see", "look", "have"),
)
"""First words of requests that are no imperatives, or have an opening."""

SCENES = Said(
    ("the room", "the scene", "everything", "the whole picture", "the video", "the clip", "the whole room"),
    ("the whole scene", "the picture"),
)
"""In place of "it": make THE ROOM darker."""
