"""A twin as the clip that queries are drawn for: only what it answers without doubt is asked."""

from collections.abc import Mapping, Sequence

import numpy as np

from vireo.errors import PlanError
from vireo.reasoning.answers import Answer, NothingFound, ask
from vireo.reasoning.hops import SHARED, Call, Language
from vireo.reasoning.plan import Plan
from vireo.reasoning.planning import Planning
from vireo.reasoning.query_language.draft import Asked, Combinations, Unfit
from vireo.reasoning.query_language.drawing import Query, draw_query
from vireo.reasoning.query_language.wordings import Wordings
from vireo.reasoning.twin import DigitalTwin

SURE, DOUBTFUL = 0.8, 0.2
"""An object is the answer from the first confidence on, and none below the second; with others between, people might
not agree what is meant."""


class TwinClip:
    def __init__(self, twin: DigitalTwin) -> None:
        self.twin = twin
        self._known = [{key: value for key in SHARED if (value := one.value(key))} for one in twin.objects]

    def ask(self, call: Call, answers: Sequence[Asked], many: bool) -> Answer:
        """Raises Unfit where it is not clear what is meant."""
        given = tuple(answer for answer in answers if isinstance(answer, Answer))
        assert len(given) == len(answers), "answers of another clip"
        try:
            answer = ask(call, given, self.twin)
        except NothingFound:
            raise Unfit from None
        if any(DOUBTFUL < chance < SURE for _, chance in answer.found.objects):
            raise Unfit
        if answer.when is not None and (answer.when.confidence < SURE or len(answer.when.spans) > 1):
            raise Unfit  # a step has one time
        return answer

    def objects(self, rng: np.random.Generator) -> Sequence[Mapping[str, str]]:
        return self._known


def draw_for_twin(
    seed: Sequence[int],
    twin: DigitalTwin,
    language: Language,
    levels: Sequence[int | None],
    wordings: Wordings = "train",
    combinations: Combinations = "any",
    tries: int = 200,
) -> tuple[Query, Plan] | None:
    """A query that fits a twin, and its plan; None where none was found in so many tries.

    The same seed gives the same plan with other wordings, as long as the arguments are the same else.
    """
    clip = TwinClip(twin)
    for number in range(tries if twin.objects else 0):
        rng, words = (np.random.default_rng((*seed, number, stream)) for stream in (1, 2))
        try:
            query = draw_query(rng, words, clip, language.vocabulary, levels, wordings, combinations)
            return query, plan_of(query, twin, language)
        except Unfit:
            continue
    return None


def plan_of(query: Query, twin: DigitalTwin, language: Language) -> Plan:
    """The plan that the calls of a query come to. Raises Unfit where it cannot be carried out."""
    planning = Planning(query.text, twin, language)
    try:
        for call in query.calls:
            planning.take(language.print(call))
    except (PlanError, NothingFound):
        raise Unfit from None
    plan = planning.plan("studio")
    if plan.question is not None:
        raise Unfit
    return plan
