"""The language of calls: what it reads, prints and allows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.reasoning.hops import END, MOST_CALLS, STOP, Call, HopError, Language

LANGUAGE = Language(studio_vocabulary())
KINDS = ("objects", "objects", "span")

CALLS = {
    "find color=red category=ball": {"color": "red", "category": "ball"},
    "find": {},
    "related left-of #1 category=cube in #2 at-start": {
        "relation": "left-of",
        "of": "#1",
        "category": "cube",
        "in": "#2",
        "at": "at-start",
    },
    "happens stops first": {"event": "stops", "order": "first"},
    "happens appears last-but-one category=ball": {"event": "appears", "order": "last-but-one", "category": "ball"},
    "extreme leftmost second category=ball in #1 at-end": {
        "extreme": "leftmost",
        "rank": "second",
        "category": "ball",
        "in": "#1",
        "at": "at-end",
    },
    "between #1 #2 category=ball at-start": {"of": "#1", "other": "#2", "category": "ball", "at": "at-start"},
    "after collides #1 with #2": {"event": "collides", "of": "#1", "other": "#2"},
    "before is-occluded #2 with #1": {"event": "is-occluded", "of": "#2", "other": "#1"},
    "while moving #1": {"state": "moving", "of": "#1"},
    "holds left-of #1 #2": {"relation": "left-of", "of": "#1", "other": "#2"},
    "after stops #2": {"event": "stops", "of": "#2"},
    "recolor all #2 color=green when #3": {"all": "all", "object": "#2", "color": "green", "when": "#3"},
    "recolor #2 color-of #1": {"object": "#2", "color": "#1"},
    "add size=small color=red shape=ball place=on_the_left": {
        "size": "small",
        "color": "red",
        "shape": "ball",
        "place": "on_the_left",
    },
    "style style=an_oil_painting": {"style": "an_oil_painting"},
    "watermark mark=logo": {"mark": "logo"},
    END: {},
}


@pytest.mark.parametrize("line", CALLS)
def test_calls_are_read_and_printed(line):
    call = LANGUAGE.parse(line, KINDS)
    assert call == Call(line.split()[0], CALLS[line])
    assert LANGUAGE.print(call) == line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "paint #1",
        "find red",
        "find category=ball color=red",  # slots have one order
        "related left-of",
        "related left-of #9",
        "extreme leftmost fifth",
        "between #1",
        "between #1 #3",
        "while left-of #1",
        "holds left-of #1",
        "after stops #1 #2",
        "related left-of #3",  # a time has no left
        "recolor #1",
        "recolor #1 color=red color=blue",
        "recolor #1 color=red when #1",
        "remove #0",
        "remove #-1",
        "remove #" + "9" * 400,
        "end end",
        "style style=pastel",
    ],
)
def test_what_is_no_call_is_refused(line):
    with pytest.raises(HopError):
        LANGUAGE.parse(line, KINDS)


def test_a_reference_is_a_place():
    call = LANGUAGE.parse("recolor #2 color=red", KINDS)
    assert (call.reference("object"), call.reference("color"), call.reference("when")) == (1, None, None)
    assert LANGUAGE.kind(call) is None
    assert LANGUAGE.kind(LANGUAGE.parse("during first-half", ())) == "span"


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_what_may_follow_ends_in_calls_that_are_read(data):
    kinds = data.draw(st.lists(st.sampled_from(["objects", "span"]), max_size=4))
    words = []
    while True:
        allowed = LANGUAGE.following(words, kinds)
        assert allowed
        assert set(allowed) <= set(LANGUAGE.words())
        word = data.draw(st.sampled_from(allowed))
        if word == STOP:
            break
        words.append(word)
    line = " ".join(words)
    assert LANGUAGE.print(LANGUAGE.parse(line, kinds)) == line


@given(st.text(max_size=60) | st.lists(st.sampled_from(LANGUAGE.words()), max_size=8).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_call_or_refused(text):
    try:
        call = LANGUAGE.parse(text, KINDS)
    except HopError:
        return
    assert LANGUAGE.print(call) == " ".join(text.split())


def test_nothing_can_be_referred_to_before_it_is_asked():
    heads = LANGUAGE.following([], [])
    assert "find" in heads
    assert not {"related", "recolor", "remove", "after"} & set(heads)
    assert {"remove", "after"} <= set(LANGUAGE.following([], ["objects"]))
    assert f"#{MOST_CALLS}" in LANGUAGE.words()
