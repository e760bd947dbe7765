"""Everyday English around the words that models declare: what carries no meaning for an edit, what takes it back, and
plain synonyms. A synonym counts only where the model knows what it stands for.

What is merely alike is no synonym: navy is not blue, a dog is not a cat, a few percent are not the standard size.
"""

# ruff: noqa: SIM905 - tables of words, not of quotation marks

POLITENESS = frozenset(
    "please kindly thanks thank you hey hi hello dear ok okay so well now just simply only maybe very lot".split()
)

FILLERS = POLITENESS | frozenset(
    """
    i we me us it its them my your our their id im ill lets one there here
    can could would should shall will may might want wants wish need needs like likes love prefer have has had having
    mind if were great nice cool edit modify modified alter altered adjust adjusted
    do be been being become becomes becoming get gets getting got go goes going gonna try help
    make makes making made let lets letting change changes changing changed turn turns turning turned give gives giving
    given set sets setting put puts putting take takes taking taken use uses using used show shows showing shown
    see look looks looking appear place places placing placed add adds adding added insert inserts inserting inserted
    draw draws drawing drawn create creates creating created render rendering rendered convert converts converting
    converted transform transforms transforming transformed paint paints painting painted dye dyes dyeing dyed
    cover covers covering covered
    recolor recolors recoloring recolored recolour recolours recolouring recoloured tint tints tinting tinted
    apply applies applying applied play stand stands standing sit sits sitting lie lies lying
    switch switches switching switched bring to of in into from for with by at as that which up down over than instead
    video clip picture image photo photograph film footage movie scene recording screen whole entire
    new kind sort version bit much really quite slightly completely fully totally entirely
    """.split()
)
"""Also pronouns, verbs that say only that something becomes otherwise, prepositions, and names of the clip."""

ARTICLES = {"the": True, "this": True, "that": True, "these": True, "those": True, "a": False, "an": False}
"""Whether what follows is known already: "the ball" is in the clip, "a ball" is to come."""

SEPARATORS = frozenset(("and", "then", "also", "plus", ","))
"""What stands between two requests."""

NEGATIONS = frozenset(
    """
    not dont doesnt didnt isnt arent wasnt wont cant cannot couldnt wouldnt shouldnt mustnt never no none nothing
    nobody neither nor except excepting excluding besides unless but avoid
    """.split()
)

PHRASES = {
    "get rid of": "remove",
    "getting rid of": "remove",
    "take care of": "",
    "is it possible to": "",
    "is there any way to": "",
    "is there a way to": "",
    "how about": "",
    "what about": "",
    "a little bit": "",
    "a little bigger": "bigger",
    "a little larger": "bigger",
    "a little smaller": "smaller",
    "a little darker": "darker",
    "a little brighter": "brighter",
    "time of day": "",
    "day to night": "night",
    "day into night": "night",
    "whole thing": "",
    "in the corner": "",
    "cut out": "remove",
    "edit out": "remove",
    "paint out": "remove",
    "out of glass": "glass",
    "out of metal": "metal",
    "scale up": "bigger",
    "scale down": "smaller",
    "invert the colors": "film negative",
    "invert the colours": "film negative",
    "inverted colors": "film negative",
    "in place of": "instead of",
    "left hand side": "left",
    "right hand side": "right",
    "left side": "left",
    "right side": "right",
    "on the video": "",
    "on this video": "",
    "on the clip": "",
    "on the picture": "",
    "on the screen": "",
    "see through": "glass",
    "black and white": "monochrome",
    "black white": "monochrome",
    "b and w": "monochrome",
    "night time": "night",
    "pencil drawing": "pencil sketch",
    "oil paint": "oil painting",
    "photo negative": "film negative",
    "less bright": "darker",
    "less dark": "brighter",
    "more light": "brighter",
    "less light": "darker",
    "more bright": "brighter",
    "more dark": "darker",
}
"""Several words at once, with what they are read as."""

_SYNONYMS = {
    "remove": """removes removing removed removal delete deletes deleting deleted erase erases erasing erased
        eliminate eliminating eliminated discard hide lose clean invisible disappear disappears disappearing
        disappeared vanish vanishes vanished gone clear clears clearing cleared out away off rid without wipe wiping
        wiped""",
    "bigger": "larger enlarge enlarges enlarging enlarged grow grows growing grown increase increasing increased",
    "smaller": "shrink shrinks shrinking shrunk reduce reduces reducing reduced decrease decreasing decreased",
    "replace": "replaces replacing replaced swap swaps swapping swapped exchange exchanging exchanged substitute",
    "color": "colors coloring colored colour colours colouring coloured",
    "style": "effect filter tone",
    "surface": "finish texture",
    "move": "moves moving moved",
    "floor": "ground under",
    "background": "backdrop behind",
    "light": "lighting lights illumination",
    "large": "big huge giant",
    "small": "little tiny",
    "middle": "center centre",
    "front": "foreground",
    "ball": "orb globe",
    "cube": "block",
    "ring": "doughnut torus",
    "metal": "metallic",
    "shiny": "glossy polished",
    "striped": "stripy stripey stripes",
    "checkered": "checked chequered checkerboard",
    "matte": "matt mat",
    "wooden": "wood",
    "tiled": "tiles",
    "brick": "bricks",
    "snowy": "snowcapped",
    "night": "nighttime nighttimes",
    "sunset": "sundown",
    "fog": "foggy mist misty",
    "darker": "dark darken darkens darkening darkened dimmer",
    "brighter": "bright brighten brightens brightening brightened lighter lighten",
    "cartoon": "cartoonish cartoony",
    "poster": "posterize posterized",
    "pixel": "pixelated pixelate pixelart",
    "sketch": "sketched",
    "monochrome": "grayscale greyscale bw desaturate desaturated",
    "watermark": "watermarks",
    "logo": "logos",
}
SYNONYMS = {word: known for known, words in _SYNONYMS.items() for word in words.split()}
"""Everyday word -> the word that models may know."""

SIZES_AS_CHANGES = {"large": "bigger", "small": "smaller"}
"""What a size asks for that stands for itself: make the ball large."""
