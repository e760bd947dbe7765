"""Instructions are read in the language that a model declares, or not at all."""

import json
from itertools import cycle, islice

import numpy as np
import pytest
from everyday_instructions import (
    BY_SHAPE_ALONE,
    FOREIGN_WORDS,
    FURTHER,
    HALF_UNDERSTOOD,
    MISSPELT,
    NEGATIONS_AND_NONSENSE,
    OTHER_LANGUAGES,
    UNDERSTOOD,
)

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.editors.protocol import EditorFacts
from vireo.models.instructor.reading import read_instruction
from vireo.models.instructor.vocabulary import Operation, Vocabulary
from vireo.models.presets import LAYOUT, PRESETS
from vireo.world import naming, palette, shapes, vocabulary
from vireo.world.families import FAMILIES, TOPICS
from vireo.world.language import fill

STUDIO, ALL_OF_STUDIO = studio_vocabulary(), studio_vocabulary(FAMILIES)


def read(instruction, vocabulary=STUDIO):
    return read_instruction(instruction, vocabulary)


def test_the_shipped_weights_declare_the_language_of_the_studio():
    """Of a family that came after them they know nothing yet."""
    declared = PRESETS["mini"].vocabulary
    assert set(declared.operations) <= set(STUDIO.operations)
    assert len(declared.operations) >= 14
    for slot, values in declared.words.items():
        assert values.items() <= STUDIO.words[slot].items()
    index = json.loads((PRESETS["mini"].folder / LAYOUT).read_text())
    assert EditorFacts.model_validate(index["facts"]).vocabulary == declared


def test_the_table_holds_what_it_shall():
    assert len(UNDERSTOOD) >= 30
    assert len(FOREIGN_WORDS) >= 30
    assert len(OTHER_LANGUAGES) >= 20
    assert len(NEGATIONS_AND_NONSENSE) >= 20
    assert len(BY_SHAPE_ALONE) >= 20


@pytest.mark.parametrize(("typed", "given"), [*UNDERSTOOD, *FURTHER])
def test_words_of_their_own_become_the_models(typed, given):
    assert read(typed).text == given


@pytest.mark.parametrize("example", [operation.example for operation in STUDIO.operations])
def test_examples_are_given_as_they_stand(example):
    assert read(example).text == example


@pytest.mark.parametrize(("typed", "word"), FOREIGN_WORDS)
def test_foreign_words_are_named(typed, word):
    reading = read(typed)
    assert reading.text is None
    assert f'"{word}"' in reading.note


@pytest.mark.parametrize("typed", [*OTHER_LANGUAGES, *NEGATIONS_AND_NONSENSE, *HALF_UNDERSTOOD])
def test_what_is_not_understood_is_said(typed):
    reading = read(typed)
    assert reading.text is None
    assert reading.note


@pytest.mark.parametrize(("typed", "wrong", "meant"), MISSPELT)
def test_misspelt_words_come_with_the_nearest_that_is_known(typed, wrong, meant):
    reading = read(typed)
    assert reading.text is None
    assert f'"{wrong}" (did you mean "{meant}"?)' in reading.note


@pytest.mark.parametrize(("typed", "shape"), BY_SHAPE_ALONE)
def test_objects_without_a_colour_are_told(typed, shape):
    assert read(typed).text == typed
    assert read(typed).shapes == (shape,)


def test_objects_with_a_colour_need_no_second_look():
    assert read("make the red ball blue").shapes == read("replace the red ball with a cube").shapes == ()
    assert read("add a cube on the left").shapes == read("make it night").shapes == ()
    assert read("make the small cube blue and remove the ball on the left").shapes == ("cube", "ball")


@pytest.mark.parametrize(
    "typed",
    [
        "remove the color from the ball",
        "remove everything on the ball",
        "make the video blue",
        "make it blue",
        "move the red ball to the left",
        "move ball to left",
        "put the red ball on the left",
        "swap the red ball and the blue cube",
        "make the red ball and the blue cube green",
        "make the red ball bigger and blue",
        "make the light blue ball red",
        "replace the red ball with a blue cube",
        "turn off the light",
        "make it snow",
        "add the watermark",
        "make the text red",
        "make the floor red",
        "make the red ball brighter",
        "make the red ball look like the cube",
        "remove the background",
        "remove everything",
        "make the red ball blue and play the video",
    ],
)
def test_known_words_that_say_something_else_are_no_edit(typed):
    assert read(typed).text is None


def names():
    """Names of objects as the studio makes them."""
    looks = [("", ""), ("small", ""), ("", "glass"), ("large", "striped")]
    for number, noun in enumerate([*shapes.SHAPES, *naming.SYNONYMS.values()]):
        color = list(palette.COLORS)[number % len(palette.COLORS)]
        plain = naming.describe(color=color, shape=noun)
        yield from (noun, f"{plain} on the left", f"right {plain}")
        yield from (naming.describe(color=color, shape=noun, size=size, material=look) for size, look in looks)


def slots():
    """Words for each slot of the templates, one after the other without end."""
    colored = [name for name in names() if len(name.split()) > 1 and not {"left", "right"} & set(name.split())]
    worded = {"floor": vocabulary.FLOORS, "backdrop": vocabulary.BACKDROPS}
    looks = {"light": ("relight", vocabulary.LIGHTS), "style": ("restyle", vocabulary.STYLES)}
    found = {
        "object": [f"the {name}" for name in names()],
        "thing": [naming.article(name) for name in colored],
        "shape": [naming.article(noun) for noun in (*shapes.SHAPES, *naming.SYNONYMS.values())],
        "color": list(palette.COLORS),
        "material": list(palette.MATERIALS),
        "place": list(palette.PLACES),
        "setting": list(palette.SETTINGS),
        "mark": ["watermark", "text", "logo"],
        **{slot: [words.noun for words in values.values()] for slot, values in worded.items()},
    }
    for slot, (order, values) in looks.items():
        found |= {slot: [w.noun for w in values.values()], order: [w.order for w in values.values()]}
    return {slot: cycle(values) for slot, values in found.items()}


@pytest.fixture(scope="module")
def studio():
    """Instructions by the templates of both splits: every template, every word."""
    words = slots()
    return [
        fill(template, topic.name, {slot: next(values) for slot, values in words.items() if f"{{{slot}}}" in template})
        for topic in TOPICS.values()
        for template in (*topic.plain, *topic.train, *topic.test)
        for _ in range(22)
    ]


def test_the_studios_instructions_are_given_as_they_stand(studio):
    assert [text for text in studio if read(text, ALL_OF_STUDIO).text != text] == []


def test_so_are_several_in_one(studio):
    rng = np.random.default_rng(0)
    for join in (", and ", " and ", " and then "):
        for first, second, third in rng.choice(studio, (100, 3)):
            text = f"{first}, {second.removeprefix('please ')}{join}{third.removeprefix('please ')}"
            assert read(text, ALL_OF_STUDIO).text == text


def test_a_foreign_word_anywhere_is_noticed(studio):
    rng = np.random.default_rng(0)
    for text in islice(studio, 0, None, 7):
        words = text.split()
        words.insert(int(rng.integers(len(words) + 1)), "wug")
        assert '"wug"' in read(" ".join(words), ALL_OF_STUDIO).note
        assert '"wug"' in read(f"{text} and wug", ALL_OF_STUDIO).note


def test_case_marks_and_quotes_do_not_matter():
    for text in ("Make it NIGHT!", " make  it night. ", "make it night"):
        assert read(text).text == text
    for text in ("\u201cmake it night\u201d", "make it night?", "(make it night)"):
        assert read(text).text == "make the scene look like night"
    assert read("make it night \U0001f319").text is None


def test_lines_are_requests_and_long_texts_are_read_at_once():
    assert read("make it night\nremove the red ball").text is not None
    assert read("make it night\nremove the dog").text is None
    note = read(" ".join(f"w{number}" for number in range(5000))).note
    assert note.endswith('"w7", and 4992 more')


def test_an_instruction_about_a_picture_is_told():
    assert read("replace the red ball with the object in the picture").refers
    assert not read("remove the red ball from the picture").refers


def test_another_model_knows_other_words():
    own = Vocabulary(
        operations=(Operation(name="season", example="make it winter", forms=("make it {season}",)),),
        words={"season": {"winter": ("wintry",), "summer": ()}},
    )
    assert read_instruction("make it winter", own).text == "make it winter"
    assert read_instruction("turn this into a wintry scene", own).text == "make it winter"
    assert '"night"' in read_instruction("make it night", own).note


SWAP = Operation(name="swap", example="swap the ball and the cube", forms=("swap {object} and {other}",))


def test_requests_are_told_apart_and_can_be_said_otherwise():
    reading = read("get rid of the orb and then let the small cube become green")
    assert [request.operation for request in reading.requests] == ["remove", "recolor"]
    assert [request.text for request in reading.requests] == ["remove the ball", "make the small cube green"]
    assert reading.requests[1].values == {"object": "the small cube", "color": "green"}
    ways = reading.requests[1].wordings(STUDIO)
    assert len(ways) >= 8
    assert all(read(text).requests[0].values == reading.requests[1].values for text in ways)
    assert read("make the ball fly").requests == ()


def test_what_is_one_request_with_its_and_is_not_split():
    vocabulary = STUDIO.model_copy(update={"operations": (*STUDIO.operations, SWAP)})
    whole = read_instruction("swap the red ball and the blue cube, then make the cone green", vocabulary)
    assert [request.text for request in whole.requests] == [
        "swap the red ball and the blue cube",
        "make the cone green",
    ]
    assert read("swap the red ball and the blue cube").text is None


def test_words_that_leave_a_choice_are_for_models_that_declare_them():
    """All templates are read as the edit that they are of; to other models they are unknown."""
    topics = FAMILIES["open"].topics
    assert {each.name for each in ALL_OF_STUDIO.operations} == {each.name for each in (*STUDIO.operations, *topics)}
    for topic in topics:
        for template in (*topic.plain, *topic.train, *topic.test):
            text = template.format(object="the red ball")
            assert [request.operation for request in read(text, ALL_OF_STUDIO).requests] == [topic.name], text
            assert read(text).text is None, text
    assert read("make the red ball", ALL_OF_STUDIO).text is None
