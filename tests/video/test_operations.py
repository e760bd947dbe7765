"""Edits that are exact functions of the pixels: their values, and which instructions ask for one."""

import itertools

import numpy as np
import pytest

from vireo.video.operations import OPERATIONS, read_operation
from vireo.world import palette, shapes, styles, vocabulary
from vireo.world.families import OBJECT_SLOTS, TOPICS
from vireo.world.language import _JOINS

BLACK, WHITE, ORANGE = [0, 0, 0], [255, 255, 255], [200, 120, 40]


@pytest.mark.parametrize(
    ("name", "pixel", "expected"),
    [
        ("gray", ORANGE, [135, 135, 135]),  # .299 * 200 + .587 * 120 + .114 * 40 = 134.8
        ("sepia", BLACK, [34, 20, 8]),
        ("sepia", WHITE, [255, 238, 200]),
        ("negative", ORANGE, [55, 135, 215]),
        ("poster", BLACK, [60, 12, 120]),
        ("poster", WHITE, [255, 226, 70]),
        ("night", ORANGE, [40, 30, 18]),
        ("bright", ORANGE, [255, 186, 62]),
        ("red", ORANGE, [230, 46, 14]),
    ],
)
def test_values_by_hand(name, pixel, expected):
    frames = np.full((2, 3, 5, 3), pixel, np.uint8)
    made = OPERATIONS[name](frames)
    assert made.shape == frames.shape
    assert (made == expected).all()


def test_the_spot_is_in_the_middle_at_every_size():
    for size in ((96, 96), (90, 160)):
        level = OPERATIONS["spotlight"](np.full((1, *size, 3), 100, np.uint8))[0, ..., 0]
        assert level[round(0.55 * size[0]), size[1] // 2] == 115
        assert (level[[0, 0, -1, -1], [0, -1, 0, -1]] == 22).all()


@pytest.mark.parametrize("name", OPERATIONS)
def test_more_bits_give_the_same_picture_in_finer_steps(name):
    deep = np.random.default_rng(0).integers(0, 65536, (1, 40, 60, 3), dtype=np.uint16)
    made = OPERATIONS[name](deep)
    assert made.dtype == np.uint16
    assert len(np.unique(made)) > 1000
    coarse = OPERATIONS[name](np.rint(deep / 257).astype(np.uint8))
    assert np.abs(made / 257 - coarse).max() < 1.4  # half a level in, at most 1.55 times that out, rounded


def test_the_studio_has_the_same_functions():
    frames = np.random.default_rng(1).integers(0, 256, (2, 12, 16, 3), dtype=np.uint8)
    for name, operation in OPERATIONS.items():
        if name in palette.LIGHT_GAINS:
            lit = np.rint(np.minimum(255, frames * np.array(palette.LIGHT_GAINS[name])))
            assert np.abs(operation(frames) - lit).max() <= 1  # a tie may be rounded either way
        else:
            assert (operation(frames) == styles.apply([name], frames, None)).all()


def templates(topic):
    return (*topic.plain, *topic.train, *topic.test)


LOOKS = [("style", name, words) for name, words in vocabulary.STYLES.items()]
LOOKS += [("light", name, words) for name, words in vocabulary.LIGHTS.items()]


def look_instructions():
    """(instruction, the operation that it asks for, or None) of all templates of the studio's styles and lights."""
    for topic, name, words in LOOKS:
        slots = {topic: words.noun, "restyle": words.order, "relight": words.order}
        for template in templates(TOPICS[topic]):
            yield template.format(**slots), name if name in OPERATIONS else None


def test_all_templates_of_exact_looks_are_read_and_those_of_others_are_not():
    found = list(look_instructions())
    assert {name for _, name in found} == {None, *OPERATIONS}
    for text, name in found:
        assert read_operation(text) == name, text


def test_instructions_of_all_other_families_are_never_read():
    values = [*palette.COLORS, *palette.MATERIALS, *palette.SETTINGS, *palette.PLACES, *shapes.SHAPES]
    values += [words.noun for words in (*vocabulary.FLOORS.values(), *vocabulary.BACKDROPS.values())]
    values += ["bigger", "smaller", "large", "small", "the word SAMPLE", "the star", "the object in the picture"]
    objects = dict(zip(OBJECT_SLOTS, ("the red ball", "the black and white cube"), strict=True))
    count = 0
    for name, topic in TOPICS.items():
        if name in ("style", "light"):
            continue
        for template, value in itertools.product(templates(topic), values):
            text = template.format_map(Words(value, objects))
            assert read_operation(text) is None, text
            count += 1
    assert count > 5000


class Words(dict):
    """One value for all slots but those of objects."""

    def __init__(self, value, objects):
        super().__init__(objects)
        self.value = value

    def __missing__(self, slot):
        return self.value


def test_a_look_beside_another_edit_is_not_read():
    for (text, _), join in itertools.product(list(look_instructions())[::7], _JOINS):
        assert read_operation(f"remove the red ball{join}{text}") is None
        assert read_operation(f"{text}{join}remove the red ball") is None


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("gray", ["Make it BLACK & WHITE!", "make everything black-and-white", "grayscale", "greyscale please", "b&w"]),
        ("gray", ["Can you make this video monochrome?", "convert to grayscale", "desaturate the video"]),
        ("gray", ["remove all the colour", "show it in shades of grey", "turn my clip into a black and white movie"]),
        (
            "gray",
            [
                "make it look like an old black and white film",
                "“make it black and white”",
                "could you please turn it to black and white, thanks",
            ],
        ),
        ("sepia", ["Sepia.", "give it a sepia tone", "apply a sepia filter", "I'd like it in sepia, thank you"]),
        ("sepia", ["I want you to make the whole video sepia toned", "give the scene the look of a sepia photograph"]),
        ("night", ["make it nighttime", "make it look like night", "turn the day into night", "show it at night"]),
        ("night", ["make it look like it was filmed at night", "let it be night", "set the scene at night"]),
        ("negative", ["invert the colours", "make it a negative"]),
        ("dim", ["darken the video", "make the scene darker"]),
        ("bright", ["brighten it", "make the whole picture brighter"]),
        ("blue", ["turn the lights blue", "use blue lighting", "make the light in the scene blue"]),
        ("spotlight", ["put a spotlight on the middle, please"]),
    ],
)
def test_words_of_ones_own(name, texts):
    assert {text: read_operation(text) for text in texts} == dict.fromkeys(texts, name)


@pytest.mark.parametrize(
    "text",
    [
        *("make the ball black and white", "make the background sepia", "make it black", "make it blue", "turn it red"),
        *("do not make it sepia", "don't make it night", "never make it night", "make it not black and white"),
        *("no sepia", "undo sepia", "make it less sepia", "make it a bit darker", "is it night?", "it is night"),
        *("make it night except the ball", "sepia, but keep the ball red", "make it black and white again"),
        *("make it night and sepia", "make it night. make it sepia", "make it night until the ball stops"),
        *(
            "add a poster",
            "put a poster on the wall",
            "make it a movie poster",
            "add a red light",
            "i want a red light",
        ),
        *("make it a sepia photo of a dog", "make it foggy", "make it a pencil sketch", "change the night to day"),
        *("", " ", "please", "make it", "\u591c", "fais la nuit", "make it dark", "show it as a film noir"),
    ],
)
def test_what_says_more_or_less_is_not_read(text):
    assert read_operation(text) is None
