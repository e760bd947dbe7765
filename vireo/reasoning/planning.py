"""From calls to a plan: each call is run as it is written, each step named, worded and checked at once.

A step tells the editor of its objects by names, which have to fit the clip as the steps before have left it: after
"make the ball blue", what "make it bigger" means is the blue ball.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vireo.errors import PlanError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.answers import Answer, NothingFound, ask, explain, nothing
from vireo.reasoning.checks import check_step
from vireo.reasoning.found import seconds
from vireo.reasoning.hops import END, UNCLEAR, Call, HopError, Language, spoken
from vireo.reasoning.literal import described, name_object, with_article, without_article, write_instruction
from vireo.reasoning.plan import MOST_STEPS, Candidate, Plan, Question, Reason, Step, Target
from vireo.reasoning.twin import Attribute, DigitalTwin, TwinObject

DOUBTFUL = 0.7
"""Probability that an object is what is meant, below which the plan asks back: another fits as well, or none fits what
was said."""

UNSEEN = 0.5
"""Factor on the confidence of a step whose object is named, but not found in the twin: the editor may still find it."""

_RESIZED = {"grow": "large", "shrink": "small"}
_NAMED_BY = {"recolor": "color", "material": "material", "replace": "shape"}
"""Operations that change what their object is called by, and their slots."""


class Fruitless(PlanError):
    """The reasoner says that the query asks for nothing it can plan."""


@dataclass
class Planning:
    """A plan while it is written. twin: None where words have to do. vocabulary: of the editor.

    chance: product of the probabilities with which the calls were written. edited: the twin as the steps have left it.
    """

    query: str
    twin: DigitalTwin | None
    language: Language
    calls: list[Call] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    question: Question | None = None
    chance: float = 1.0
    done: bool = False
    edited: DigitalTwin | None = None
    _hardest: Answer | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.edited = self.twin

    @property
    def vocabulary(self) -> Vocabulary:
        return self.language.vocabulary

    def take(self, text: str, chance: float = 1.0) -> Answer | None:
        """Runs a call as it was written, with what probability; its answer, None of a step.

        Raises HopError where it is no call, PlanError where its step cannot be carried out, NothingFound where the clip
        does not have what it asks for, and Fruitless; nothing has changed then.
        """
        call = self.language.parse(text, [self.language.kind(one.call) or "objects" for one in self.answers])
        answer = None
        if call.head == UNCLEAR:
            raise Fruitless("it is not clear what is to be done", "say it in other words")
        if call.head == END:
            if not self.steps:
                raise HopError("a plan has at least one step", "write a step before the end")
            self.done = True
        elif self.language.kind(call) is None:
            self._add_steps(call, chance)
        else:
            answer = self._ask(call)
            self.answers.append(answer)
        self.calls.append(call)
        self.chance *= chance
        return answer

    def _ask(self, call: Call) -> Answer:
        answer = ask(call, self.answers, self.twin)
        for inner in (self._answer(call, "of"), self._answer(call, "other")):
            if inner is not None:
                self._ask_back(inner)
        if self.twin is None or answer.when is not None or answer.found.objects:
            return answer
        if self.edited is not self.twin and call.head == "find":  # it may be called by what a step has made of it
            later = ask(call, self.answers, self.edited)
            if later.found.objects:
                return later
        if answer.name is None:
            raise nothing(call, self.answers)
        return answer

    def plan(self, reasoner: str) -> Plan:
        """The finished plan. The confidence is that of its calls and of what they found."""
        found = 1.0
        for step in self.steps:
            found *= step.confidence
        confidence = min(1.0, found * self.chance)
        question, hardest = self.question, self._hardest
        if question is None and hardest is not None and hardest.chance < DOUBTFUL:
            question = self._question(hardest, everything=True)
        return Plan(
            query=self.query, steps=tuple(self.steps), question=question, confidence=confidence, reasoner=reasoner
        )

    # Steps.

    def _add_steps(self, call: Call, chance: float) -> None:
        """Raises before anything is changed."""
        parameters = self._parameters(call)
        answer = self._answer(call, "object")
        many = answer is not None and "all" in call.values
        names = answer.ids if answer is not None and many else ()
        if len(self.steps) + max(1, len(names)) > MOST_STEPS:
            raise PlanError("the plan has too many steps", f"ask for at most {MOST_STEPS} edits at once")
        if answer is not None and many and not names:
            raise NothingFound(
                f"found no {explain(answer.call, self.answers).removeprefix('the ')}", "name something else"
            )
        before, question = self.edited, self.question
        steps = []
        try:
            for name in names or (None,):
                steps.append(self._step(call, parameters, answer, name))
        except PlanError:
            self.edited, self.question = before, question
            raise
        self.steps += steps

    def _step(self, call: Call, parameters: dict[str, str], answer: Answer | None, name: str | None) -> Step:
        """One step. answer: of its object, where it has one; name: which of several it is."""
        targets, confidence, words = [], self._sureness(call), dict(parameters)
        for slot, one in (("object", answer), ("other", self._answer(call, "other"))):
            if one is not None:
                target, chance = self._target(one, name if slot == "object" else None)
                targets.append(target)
                confidence *= chance
                words[slot] = target.name
        when = self._answer(call, "when")
        span = None
        if when is not None and when.when is not None and self.twin is not None:
            spans = seconds(self.twin, when.when.spans)
            span = (spans[0][0], spans[-1][1])
        step = Step(
            operation=call.head,
            targets=tuple(targets),
            parameters=parameters,
            span=span,
            instruction=write_instruction(call.head, words, self.vocabulary),
            reasons=self._reasons(call),
            confidence=min(1.0, confidence),
        )
        check_step(step, self.twin, self.vocabulary)
        if span is None and targets and targets[0].id is not None:
            self._change(step, targets[0].id)
        return step

    def _answer(self, call: Call, slot: str) -> Answer | None:
        place = call.reference(slot)
        return None if place is None else self.answers[place]

    def _parameters(self, call: Call) -> dict[str, str]:
        """What fills the slots of a step's form, objects left out."""
        values = {}
        for slot, word in call.values.items():
            if slot in ("all", "object", "other", "when"):
                continue
            copied = self._answer(call, slot)
            values[slot] = spoken(word) if copied is None else self._copied(copied, slot)
        if call.head == "add":
            thing = described({**values, "category": values["shape"]})
            return {"thing": with_article(thing), "place": values["place"]}
        return {slot: with_article(value) if slot == "shape" else value for slot, value in values.items()}

    def _copied(self, answer: Answer, slot: str) -> str:
        """The color, material or shape of what was found."""
        key = "category" if slot == "shape" else slot
        if self.twin is not None and answer.found.objects:
            value = self.twin.by_id[answer.ids[0]].value(key)
        else:
            value = (answer.name or {}).get(key)
        if value is None:
            raise NothingFound(f"cannot tell the {slot} of {explain(answer.call, self.answers)}", f"name the {slot}")
        return value

    def _target(self, answer: Answer, name: str | None) -> tuple[Target, float]:
        """What a step is done to, and how sure that is. Asks back where one was meant and it is not clear which."""
        if self.twin is None or not answer.found.objects:
            assert answer.name is not None, answer
            return Target(name=f"the {described(answer.name)}"), 1.0 if self.twin is None else UNSEEN
        if name is not None:
            return self._named(name), answer.found.confidences[name]
        self._ask_back(answer)
        if self._hardest is None or answer.chance < self._hardest.chance:
            self._hardest = answer
        return self._named(answer.ids[0]), answer.chance

    def _ask_back(self, answer: Answer) -> None:
        """Where several objects fit, and none of them far better than the others."""
        if self.question is None and len(answer.ids) > 1 and answer.chance < DOUBTFUL:
            self.question = self._question(answer)

    def _question(self, answer: Answer, *, everything: bool = False) -> Question:
        """Which object an answer is to be. everything: also offers what hardly fits, since nothing fits well."""
        assert self.twin is not None, "objects were found in it"
        chances = answer.found.meant
        names = [
            *answer.found.ids,
            *(entry.id for entry in self.twin.objects if everything and entry.id not in chances),
        ]
        candidates = tuple(
            Candidate(
                target=Target(id=name, name=name_object(self.twin, self.twin.by_id[name]).text),
                confidence=chances.get(name, 0.0),
            )
            for name in names[:100]
        )
        text = f"which one is meant by {explain(answer.call, self.answers)}?"
        return Question(text=text[:1000], candidates=candidates)

    def _named(self, name: str) -> Target:
        assert self.edited is not None, name
        if name not in self.edited.by_id:
            raise PlanError(f"{name} is gone by then", "edit it before it is removed")
        return Target(id=name, name=name_object(self.edited, self.edited.by_id[name]).text)

    def _sureness(self, call: Call) -> float:
        """That the objects are right by which a step's object and time were found, the object itself left out."""
        sure = 1.0
        for place in self._rests_on(call):
            one = self.answers[place]
            if one.when is not None:
                sure *= one.when.confidence
            if len(one.ids) > 1 and any(
                place in (entry.call.reference("of"), entry.call.reference("other")) for entry in self.answers
            ):
                sure *= one.chance
        return sure

    def _rests_on(self, call: Call) -> list[int]:
        """Places of the answers that a call rests on, in order."""
        seen, left = set(), [call]
        while left:
            now = left.pop()
            for slot in now.values:
                place = now.reference(slot)
                if place is not None and place not in seen:
                    seen.add(place)
                    left.append(self.answers[place].call)
        return sorted(seen)

    def _reasons(self, call: Call) -> tuple[Reason, ...]:
        reasons = (self.answers[place].reason for place in self._rests_on(call))
        return tuple(one for one in reasons if one is not None)[-32:]

    def _change(self, step: Step, name: str) -> None:
        """Changes what things are called by from now on."""
        assert self.edited is not None, step
        if step.operation == "remove" or step.operation == "reference":
            gone = step.operation == "remove"
            self.edited = _with_objects(self.edited, name, None if gone else {"category": None, "color": None})
        elif step.operation in _RESIZED:
            self.edited = _with_objects(self.edited, name, {"size": _RESIZED[step.operation]})
        elif step.operation in _NAMED_BY:
            slot = _NAMED_BY[step.operation]
            key = "category" if slot == "shape" else slot
            self.edited = _with_objects(self.edited, name, {key: without_article(step.parameters[slot])})


def _with_objects(twin: DigitalTwin, name: str, values: Mapping[str, str | None] | None) -> DigitalTwin:
    """The twin with one object of other attributes, or without it. Its relations and events, which name it, are left
    out: it is for names alone."""
    kept = []
    for entry in twin.objects:
        if entry.id != name:
            kept.append(entry)
        elif values is not None:
            kept.append(_renamed(entry, values))
    parts = {name: getattr(twin, name) for name in DigitalTwin.model_fields}
    return DigitalTwin(**parts | {"objects": tuple(kept), "relations": (), "events": ()})


def _renamed(entry: TwinObject, values: Mapping[str, str | None]) -> TwinObject:
    made = {key: Attribute(value=value, confidence=1.0) for key, value in values.items()}
    category = made.pop("category", entry.category)
    return entry.model_copy(update={"category": category, "attributes": {**entry.attributes, **made}})
