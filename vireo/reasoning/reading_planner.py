"""Plans by words alone: an instruction is cut into the requests that a model's language knows, each becomes a step.

No twin is needed and no network runs. It is the fallback and the baseline beside reasoners that were trained, and the
short way of literal instructions. Where an editor was asked for several things at once it did none well (0 of 60
hybrid edits); one after another 58 of the same 60 succeeded (`success_loose`).
"""

from vireo.models.instructor.reading import Request, read_instruction
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.plan import MOST_STEPS, Plan, Step, Target
from vireo.reasoning.twin import DigitalTwin

_OBJECTS = ("object", "other")
"""Slots of a vocabulary that objects of the clip fill."""


class ReadingPlanner:
    """Plans what is understood word by word. vocabulary: what the editor that carries the plan out knows.

    The order of the steps is that of the words, and each step is worded as the first form of its operation says it,
    which the editor knows best; a single request stands as it was typed. A name means what it means when its step's
    turn comes: "make the ball blue, then make the blue ball bigger" is carried out as it stands. Nothing is split
    unless every part is understood by itself, so "swap the ball and the cube" stays whole.
    """

    name = "reading"

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def plan(self, query: str, twin: DigitalTwin | None = None) -> Plan:
        """As a planner does it. With a twin, targets that only one of its objects can be have its id."""
        reading = read_instruction(query, self.vocabulary)
        requests = reading.requests
        if reading.text is None:
            return Plan(query=query, steps=(), fallback=f"the editor {reading.note}"[:1000], reasoner=self.name)
        if len(requests) > MOST_STEPS:
            why = f"these are {len(requests)} requests, more than {MOST_STEPS}"
            return Plan(query=query, steps=(), fallback=why, reasoner=self.name)
        if len(requests) == 1:
            return Plan(query=query, steps=(self._step(requests[0], query, twin),), reasoner=self.name)
        return Plan(
            query=query, steps=tuple(self._step(each, each.text, twin) for each in requests), reasoner=self.name
        )

    def _step(self, request: Request, instruction: str, twin: DigitalTwin | None) -> Step:
        names = [request.values[slot] for slot in _OBJECTS if slot in request.values]
        targets = tuple(Target(name=name, id=None if twin is None else self._id_of(name, twin)) for name in names)
        others = {slot: words for slot, words in request.values.items() if slot not in _OBJECTS}
        return Step(operation=request.operation, targets=targets, parameters=others, instruction=instruction)

    def _id_of(self, name: str, twin: DigitalTwin) -> str | None:
        """The one object that has all that a name says; a side says where it is, which no attribute does."""
        nouns = {noun: shape for shape, other in self.vocabulary.words.get("shape", {}).items() for noun in other}
        _, *words = name.split()
        wanted = {nouns.get(word, word) for word in words}
        kinds = ("category", "color", "material", "size")
        fitting = [entry.id for entry in twin.objects if wanted <= {entry.value(kind) for kind in kinds}]
        return fitting[0] if len(fitting) == 1 else None
