"""Queries: each has the calls that it means, held-out wordings are made of learned words, combinations stay apart."""

import numpy as np
import pytest
from hand_made import line, thing, twin_of

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.reasoning.answers import explain
from vireo.reasoning.events import complete
from vireo.reasoning.hops import UNCLEAR, Language
from vireo.reasoning.plan_match import match_plans
from vireo.reasoning.query_language.draft import HELD_OUT_COMBINATIONS, Imagination, Unfit
from vireo.reasoning.query_language.drawing import category_of, draw_query, imagine_query
from vireo.reasoning.query_language.lexicon import known_words, split_words
from vireo.reasoning.query_language.twin_clip import draw_for_twin

VOCABULARY = studio_vocabulary()
LANGUAGE = Language(VOCABULARY)
LEVELS = ((0,), (None,), (1,), (2,), (3,), (0, 0), (2, 0), (0, 0, None))


def imagined(count, wordings="train", combinations="train", levels=LEVELS, stream=0):
    for number in range(count):
        rng = np.random.default_rng((number, 0))
        words = np.random.default_rng((number, 1, stream))
        clip = Imagination(np.random.default_rng((number, 2)), VOCABULARY)
        try:
            yield number, draw_query(rng, words, clip, VOCABULARY, levels[number % len(levels)], wordings, combinations)
        except Unfit:
            continue


def test_training_queries_have_calls_of_the_language_and_known_words():
    known, kinds_seen, unclear = set(known_words(VOCABULARY)), set(), 0
    for number in range(1500):
        query = imagine_query(0, number, VOCABULARY)
        assert set(split_words(query.text)) <= known, query.text
        assert "{" not in query.text
        kinds = []
        for call in query.calls:
            assert LANGUAGE.parse(LANGUAGE.print(call), kinds) == call
            kinds_seen.add(call.head)
            if (kind := LANGUAGE.kind(call)) is not None:
                kinds.append(kind)
        unclear += query.calls[0].head == UNCLEAR
    assert kinds_seen == set(LANGUAGE.forms)
    assert 0.06 < unclear / 1500 < 0.14


def test_queries_are_the_same_for_a_seed():
    assert imagine_query(3, 7, VOCABULARY) == imagine_query(3, 7, VOCABULARY)
    assert imagine_query(3, 7, VOCABULARY) != imagine_query(3, 8, VOCABULARY)


def test_held_out_wordings_say_the_same_in_learned_words():
    known = set(known_words(VOCABULARY))
    learned = dict(imagined(800))
    reworded = dict(imagined(800, "held_out"))
    assert learned.keys() == reworded.keys()
    for number, query in learned.items():
        assert query.calls == reworded[number].calls
        assert set(split_words(reworded[number].text)) <= known
    assert np.mean([learned[n].text == reworded[n].text for n in learned]) < 0.05


def test_training_has_no_held_out_combination():
    assert not any(query.new_combination for _, query in imagined(600))
    new = [query for _, query in imagined(3000, combinations="held_out", levels=((2,), (3,)))]
    assert len(new) > 20
    assert all(query.new_combination for query in new)
    assert len(HELD_OUT_COMBINATIONS) == 16


@pytest.mark.parametrize(
    ("calls", "category"),
    [
        (("find color=red category=ball", "remove #1"), "literal"),
        (("find color=red", "remove #1"), "semantic"),
        (("find category=ball", "alike color #1", "remove #2"), "semantic"),
        (("find category=ball", "related larger-than #1", "remove #2"), "semantic"),
        (("find category=ball", "related behind #1", "remove #2"), "spatial"),
        (("extreme leftmost", "remove #1"), "spatial"),
        (("happens stops first", "remove #1"), "temporal"),
        (("find category=ball", "after stops #1", "remove #1 when #2"), "temporal"),
    ],
)
def test_categories(calls, category):
    kinds, parsed = [], []
    for line_ in calls:
        parsed.append(LANGUAGE.parse(line_, kinds))
        if (kind := LANGUAGE.kind(parsed[-1])) is not None:
            kinds.append(kind)
    assert category_of(parsed) == category


def test_queries_of_a_twin_have_one_answer_and_a_plan():
    twin = complete(
        twin_of(
            thing(1, line((10, 50), (60, 50)), category="ball"),
            thing(2, [(85, 50)] * 9, color="blue"),
            thing(3, [(30, 15)] * 9, depth=9.0, color="green", category="cone"),
        )
    )
    drawn = 0
    for seed in range(12):
        for levels in ((0,), (1,), (2,)):
            found = draw_for_twin((seed,), twin, LANGUAGE, levels)
            if found is None:
                continue
            query, plan = found
            drawn += 1
            assert plan.steps
            assert plan.question is None
            assert all(explain(answer.call, query.answers) for answer in query.answers)
            assert match_plans(plan, plan).whole
            again = draw_for_twin((seed,), twin, LANGUAGE, levels, "held_out")
            assert again is not None
            assert match_plans(again[1], plan).whole
    assert drawn > 25


def test_plans_are_compared_part_by_part():
    twin = twin_of(thing(1, [(20, 50)] * 9, category="ball"), thing(2, [(80, 50)] * 9, color="blue"))
    _, plan = draw_for_twin((1,), twin, LANGUAGE, (0,))
    (step,) = plan.steps
    other = plan.model_copy(update={"steps": (step.model_copy(update={"parameters": {"color": "tartan"}}),)})
    assert (match_plans(other, plan).edits, match_plans(other, plan).parameters) == (True, False)
    later = plan.model_copy(update={"steps": (step.model_copy(update={"span": (0.0, 0.5)}),)})
    assert (match_plans(later, plan).times, match_plans(later, plan).whole) == (False, False)
    moved = step.targets[0].model_copy(update={"id": "o9"})
    elsewhere = plan.model_copy(update={"steps": (step.model_copy(update={"targets": (moved,)}),)})
    assert not match_plans(elsewhere, plan).edits
    assert not match_plans(plan.model_copy(update={"steps": ()}), plan).edits
