"""Edits that are exact functions of the pixels, and the instructions that ask for one.

They have no parameters and mean the same at every size of a picture, so that a word means exactly one picture. The
studio's targets are made by them (but for lights, by which it renders its scenes anew), and the pipeline carries them
out without a model (docs/decisions/0019-exact-operations.md).

An operation is given frames (..., H, W, 3), levels 0..255 of any type, and gives the levels of red, green and blue,
(..., H, W) each, neither rounded nor clipped.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial

import numpy as np

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SPOT_CENTER, _SPOT_RADIUS = (0.5, 0.55), 0.34

NIGHT, SUNSET, DIM, BRIGHT = (0.20, 0.25, 0.46), (1.08, 0.66, 0.38), (0.45, 0.45, 0.45), (1.55, 1.55, 1.55)
BLUE, RED, GREEN = (0.35, 0.50, 1.15), (1.15, 0.38, 0.34), (0.42, 1.10, 0.42)
"""What a light multiplies red, green and blue with."""


def luma(frames: np.ndarray) -> np.ndarray:
    """Brightness by Rec. 601, float32 (..., H, W)."""
    return frames.astype(np.float32) @ LUMA


def gray(frames: np.ndarray) -> Planes:
    """Black and white: the luma of Rec. 601."""
    level = luma(frames)
    return level, level, level


def sepia(frames: np.ndarray) -> Planes:
    """Brownish old photograph: luma from dark brown to cream."""
    return _two_tone(luma(frames) / 255, (34, 20, 8), (255, 238, 200))


def negative(frames: np.ndarray) -> Planes:
    """The film negative: every channel inverted."""
    return _by_channel(lambda plane, _: np.float32(255) - plane, frames)


def poster(frames: np.ndarray) -> Planes:
    """Poster in two inks: brightness runs from deep violet to warm yellow."""
    return _two_tone(np.clip((luma(frames) / 255 - 0.5) * 1.3 + 0.5, 0, 1), (60, 12, 120), (255, 226, 70))


def spotlight(frames: np.ndarray) -> Planes:
    """A spot of light in the middle of the picture, the rest dark."""
    share = _spot(*frames.shape[-3:-1])
    return _by_channel(lambda plane, _: plane * share, frames)


def relight(frames: np.ndarray, gain: Sequence[float]) -> Planes:
    """All light multiplied by a gain per channel."""
    return _by_channel(lambda plane, channel: plane * np.float32(gain[channel]), frames)


def _by_channel(work: Callable[[np.ndarray, int], np.ndarray], frames: np.ndarray) -> Planes:
    return work(frames[..., 0], 0), work(frames[..., 1], 1), work(frames[..., 2], 2)


def _two_tone(level: np.ndarray, dark: Sequence[int], bright: Sequence[int]) -> Planes:
    """Colours between two inks by a brightness (..., H, W) in 0..1."""
    low, high = np.array(dark, np.float32), np.array(bright, np.float32)
    red, green, blue = (low[channel] + (high - low)[channel] * level for channel in range(3))
    return red, green, blue


@lru_cache(maxsize=1)
def _spot(height: int, width: int) -> np.ndarray:
    row = ((np.arange(height) + 0.5) / height - _SPOT_CENTER[1])[:, None]
    column = ((np.arange(width) + 0.5) / width - _SPOT_CENTER[0])[None]
    weight = 1 / (1 + np.exp((np.hypot(row, column) - _SPOT_RADIUS) / 0.035))
    return 0.22 + 0.93 * weight


def rounded(planes: Planes) -> np.ndarray:
    """The picture of levels, uint8 (..., H, W, 3)."""
    return _stacked(planes, np.uint8, 1)


def _stacked(planes: Planes, kind: type[np.unsignedinteger], scale: int) -> np.ndarray:
    picture = np.empty((*planes[0].shape, 3), kind)
    for channel, plane in enumerate(planes):
        if channel and plane is planes[0]:
            picture[..., channel] = picture[..., 0]
        else:
            levels = np.clip(plane, 0, 255)
            picture[..., channel] = np.rint(levels if scale == 1 else levels * scale)
    return picture


@dataclass(frozen=True)
class Operation:
    """An exact function of the pixels, and what it is called.

    title: its name for people. planes: the function, see above. light: whether it is spoken of as light or as a style.
    nouns: what the picture becomes, regular expressions. orders: whole instructions, likewise, where `{whole}` stands
    for words that mean the whole clip.
    """

    title: str
    planes: Callable[[np.ndarray], Planes]
    light: bool
    nouns: tuple[str, ...]
    orders: tuple[str, ...] = ()

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """frames: uint8 (..., H, W, 3), or uint16 where 65535 is white. The result has the same shape and type."""
        if frames.dtype == np.uint16:
            return _stacked(self.planes(frames / np.float32(257)), np.uint16, 257)
        return rounded(self.planes(frames))


def _light(title: str, gain: Sequence[float], nouns: Sequence[str], orders: Sequence[str] = ()) -> Operation:
    return Operation(title, partial(relight, gain=gain), True, tuple(nouns), tuple(orders))


def _colored(color: str, gain: Sequence[float]) -> Operation:
    order = rf"(?:make|turn) the (?:light|lights|lighting) (?:(?:in|of) {{whole}} )?{color}"
    return _light(f"{color} light", gain, (rf"(?<!a ){color} light(?:ing)?",), (order,))  # "a red light" is a lamp


OPERATIONS: dict[str, Operation] = {
    "gray": Operation(
        "black and white",
        gray,
        False,
        (
            *(r"black (?:and )?white", r"b (?:and )?w", "bw", "gray ?scale", "monochrom(?:e|atic)"),
            *("(?:shades|tones) of gray", "gray (?:shades|tones)"),
        ),
        (
            *("(?:desaturate|decolorize)(?: {whole})?", "(?:remove|take out|drop) (?:all )?(?:the )?colors?"),
            "(?:remove|take|drain) (?:all )?(?:the )?colors? (?:from|out of|of) {whole}",
        ),
    ),
    "sepia": Operation("sepia", sepia, False, ("sepia",)),
    "negative": Operation(
        "film negative",
        negative,
        False,
        ("(?:(?:film|photo|photographic|color) )?negative", "inverted", "inverted colors"),
        ("invert {whole}", "invert (?:all )?(?:the )?colors?(?: of {whole})?"),
    ),
    "poster": Operation("poster", poster, False, ("poster",)),
    "spotlight": Operation(
        "spotlight", spotlight, True, ("spotlight",), ("(?:put|shine) (?:a|the) spotlight on (?:the middle|{whole})",)
    ),
    "night": _light(
        "night", NIGHT, ("night", "night ?time"), ("(?:turn|change) (?:the )?day (?:in)?to (?:the )?night",)
    ),
    "sunset": _light("sunset", SUNSET, ("sunset",)),
    "dim": _light(
        "dim light", DIM, ("dim", "(?<!a )dim light(?:ing)?", "darker", "dimmer"), ("(?:darken|dim) {whole}",)
    ),
    "bright": _light(
        "bright light", BRIGHT, ("bright", "(?<!a )bright light(?:ing)?", "brighter"), ("(?:brighten|lighten) {whole}",)
    ),
    "blue": _colored("blue", BLUE),
    "red": _colored("red", RED),
    "green": _colored("green", GREEN),
}

_POLITE = ("please", "kindly", "just", "simply")
_BEFORE = (
    r"(?:hi|hello|hey|ok|okay|now|(?:can|could|would|will) (?:you|we)|let s|let us|i (?:want|need) you to|"
    r"i (?:would|d) like you to)"
)
_AFTER = r"(?:thanks|thank you(?: very much)?|for me|now|if (?:you can|possible))"
_KIND = r"(?:video|clip|film|movie|footage|picture|image|scene|shot|photo|recording)"
_WHOLE = (
    rf"(?:it|it all|this|everything|all of it|the whole thing|(?:(?:all of )?(?:the|this|my|our) )?"
    rf"(?:(?:whole|entire|full) )?{_KIND})"
)
_FORM = rf"(?:{_KIND}|photograph|look|style|tones?|toned|tint|filter|effect|version)"
_WISH = r"i (?:want|need|(?:would|d) like)"
_FILMED = r"it (?:is|was|were) (?:(?:shot|filmed|taken|made) )?(?:in |at )?"
_AS = rf"(?:(?:like|as|as if|in|into|to|at|under|with) )?(?:{_FILMED})?"

_FRAMES = (
    "(?:in|at|as|under|(?:convert|change|switch|turn) (?:in)?to) {value}",
    "make {whole} {as}{value}",
    "(?:make|let) {whole} (?:look|appear|be|become) {as}{value}",
    "(?:turn|convert|change|transform|switch|render|show|draw|set|put|display) {whole} {as}{value}",
    "{whole} (?:should|must) (?:be|look|become|have) {as}{value}",
    "{wish} {whole} (?:to (?:be|look|become|have) )?{as}{value}",
    "{wish} {value}(?: (?:for|on) {whole})?",
    "give {whole} the (?:look|style) of {value}",
    "(?:give {whole}|use|apply|add) {formed}(?: (?:for|to|on|over) {whole})?",
)
_STYLE_FRAMES = (
    "{value}",
    "(?:change|set|switch) the (?:style|look)(?: of {whole})? (?:in)?to {value}",
    "the (?:style|look) (?:of {whole} )?should be {value}",
)
_LIGHT_FRAMES = (
    "(?:change|set|switch) the (?:light|lights|lighting)(?: of {whole})? (?:in)?to {value}",
    "(?:{wish} )?the (?:light|lighting) (?:of {whole} )?(?:should|to) be {value}",
    "(?:give {whole}|use) {value}(?: (?:for|in) {whole})?",
)


@cache
def _pattern(operation: Operation) -> re.Pattern[str]:
    """Instructions that ask for an operation and nothing else, without punctuation."""
    noun = "|".join(operation.nouns)
    frames = (*_FRAMES, *(_LIGHT_FRAMES if operation.light else _STYLE_FRAMES), *operation.orders, operation.title)
    slots = {
        **{"whole": _WHOLE, "wish": _WISH, "as": _AS},
        "value": rf"(?:an? |the )?(?:(?:old|classic) )?(?:{noun})(?: {_FORM})?",
        "formed": rf"(?:an? |the )?(?:(?:old|classic) )?(?:{noun}) {_FORM}",
    }
    asked = "|".join(re.sub("{(whole|wish|as|value|formed)}", lambda slot: slots[slot[1]], frame) for frame in frames)
    return re.compile(rf"(?:{_BEFORE} )*(?:{asked})(?: {_AFTER})*")


def read_operation(instruction: str) -> str | None:
    """The operation that an instruction asks for if it says nothing else, politeness aside; else None."""
    text = unicodedata.normalize("NFKC", instruction).lower().replace("&", " and ")
    text = text.replace("grey", "gray").replace("colour", "color")
    words = [word for word in re.split(r"[\s\-/,.!?;:\"'’“”]+", text) if word and word not in _POLITE]
    return next(
        (name for name, operation in OPERATIONS.items() if _pattern(operation).fullmatch(" ".join(words))), None
    )
