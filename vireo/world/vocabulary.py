"""Words for floors, backdrops, lights and styles: in instructions, in captions, and where they have to be inferred."""

from typing import NamedTuple


class Words(NamedTuple):
    """noun: what it is called. clue: an instruction from which it has to be inferred (see `ImplicitWordings`).

    order: an instruction of its own. caption: its words in captions.
    """

    noun: str
    clue: str
    order: str = ""
    caption: str = ""


FLOORS: dict[str, Words] = {
    "wood": Words("a wooden floor", "what if the ground were made of planks from a carpenter"),
    "grass": Words("grass", "what if the objects lay where cows graze"),
    "sand": Words("sand", "what if the ground were what children build castles of at the sea"),
    "snow": Words("snow", "what if the ground were covered after a winter night"),
    "checkered": Words("a checkered floor", "what if the objects stood on a giant chess board"),
    "marble": Words("a marble floor", "what if the ground were the stone that sculptors love"),
    "carpet": Words("a carpet", "what if the ground were something soft that one vacuums"),
    "stone": Words("a stone floor", "what if the ground were bare rock"),
    "tiles": Words("a tiled floor", "what if the ground were that of a bathroom"),
    "ice": Words("ice", "what if the ground were water that has frozen"),
}
BACKDROPS: dict[str, Words] = {
    "wall": Words("a plain wall", "what if nothing but a bare room were behind the objects"),
    "bricks": Words("a brick wall", "what if a mason had built what is behind the objects"),
    "sky": Words("a blue sky", "what if one looked up into a fine summer day behind the objects"),
    "mountains": Words("mountains", "what if climbers would love what is behind the objects"),
    "forest": Words("a dark forest", "what if many trees grew behind the objects"),
    "curtain": Words("a red curtain", "what if the objects were on a theater stage before the show"),
    "stars": Words("a starry sky", "what if astronomers would love what is behind the objects"),
    "sea": Words("the sea", "what if ships sailed behind the objects"),
    "desert": Words("desert hills", "what if camels walked over what is behind the objects"),
    "wallpaper": Words("striped wallpaper", "what if someone had papered the room behind the objects"),
}
LIGHTS: dict[str, Words] = {
    "night": Words("night", "what if the clock struck midnight", "make it night", "at night"),
    "sunset": Words("sunset", "what if the day were about to end", "make it a sunset scene", "at sunset"),
    "dim": Words("dim light", "what if most of the lamps failed", "make it darker", "in dim light"),
    "bright": Words("bright light", "what if many more lamps were switched on", "make it brighter", "in bright light"),
    "blue": Words(
        "blue light", "what if all light came through sapphire glass", "make the light blue", "in blue light"
    ),
    "red": Words("red light", "what if all light came from a photo darkroom", "make the light red", "in red light"),
    "green": Words(
        "green light", "what if all light came through fresh leaves", "make the light green", "in green light"
    ),
    "fog": Words("fog", "what if a cloud came down to the ground", "make it foggy", "in fog"),
    "spotlight": Words(
        "a spotlight",
        "what if a star were to sing in the middle of the stage",
        "put a spotlight on the middle",
        "under a spotlight",
    ),
}
STYLES: dict[str, Words] = {
    "gray": Words(
        "a black and white film", "show it as if color film had never been invented", "make it black and white"
    ),
    "sepia": Words("a sepia photo", "show it as a photo from great grandmother's album", "make it sepia"),
    "sketch": Words("a pencil sketch", "show it as if someone had only a pencil and paper", "make it a pencil sketch"),
    "pixel": Words("pixel art", "show it as a video game from the eighties", "make it pixel art"),
    "oil": Words("an oil painting", "show it as van gogh would have painted it", "make it an oil painting"),
    "negative": Words(
        "a film negative", "show it as what comes out of a camera before printing", "make it a film negative"
    ),
    "poster": Words("a poster", "show it as if a printer had only few inks", "make it a poster"),
    "cartoon": Words("a cartoon", "show it as if it were made for children on television", "make it a cartoon"),
}
