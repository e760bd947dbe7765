"""What an edit family is: one record that says how it changes scenes, how that is worded, and what follows from it.

Loads nothing heavier than numpy and pydantic: training, evaluation and the command line read the records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vireo.world.appearance import pick
from vireo.world.scene import AnyScene, Body, Scene
from vireo.world.visibility import VisibleObject

OBJECT_SLOTS = ("object", "other")
"""Slots of templates that name the objects of a change, in their order."""


LEAST_CHOICE = 2
"""Results of a change whose words leave a choice; with fewer they leave none."""


@dataclass(frozen=True)
class Situation:
    """What a proposal may look at: the scene with tracks, its visible objects, indices of those that may be edited."""

    scene: AnyScene
    visible: list[VisibleObject]
    editable: tuple[int, ...]

    @property
    def studio(self) -> Scene:
        """The scene, for families that are not `on_footage`: only scenes of the studio come to them."""
        assert isinstance(self.scene, Scene), type(self.scene)
        return self.scene


@dataclass(frozen=True)
class Change:
    """One edit of a scene.

    topic: name of the topic whose templates phrase it. slots: words for their slots, names of objects left out.
    apply: source scene -> target scene. It changes only what it means to; all else keeps its recorded motion.
    objects: indices of the objects that it concerns; the slots OBJECT_SLOTS name them in this order, with names drawn
        anew for each phrasing.
    removes: whether objects go, so that indices shift; such a change is applied last.
    alter_source: given scene -> source scene, where the source has to be prepared first.
    reference_object: the object that the reference picture shows.
    others: further results that the same words allow, each as `apply`; for edits whose words leave a choice.
    """

    topic: str
    slots: Mapping[str, str]
    apply: Callable[[AnyScene], AnyScene]
    objects: tuple[int, ...] = ()
    removes: bool = field(default=False, kw_only=True)
    alter_source: Callable[[AnyScene], AnyScene] = field(default=lambda scene: scene, kw_only=True)
    reference_object: Body | None = field(default=None, kw_only=True)
    others: tuple[Callable[[AnyScene], AnyScene], ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class EditFacts:
    """What one literal edit does, read off its two scenes: the answer that the instructor learns to give.

    topic: name of a topic; that of NOTHING has none.
    objects: indices in the source scene of the objects that it concerns, in the order of OBJECT_SLOTS; none for global
        edits, additions and absent objects.
    value: the new colour, material, shape ... in the words of its slot; empty where there is none.
    place: of an added object.
    """

    topic: str
    objects: tuple[int, ...] = ()
    value: str = ""
    place: str = ""


NOTHING = EditFacts("nothing")
"""Of an instruction that names what is absent."""


@dataclass(frozen=True)
class ImplicitWordings:
    """Instructions from which the edit has to be inferred (ReViSE's reason-informed editing, in the studio).

    "make the ball the color of a ripe lemon" is "make the ball yellow". The editor never sees these; the instructor
    learns to judge edits by them and to say which object they concern.

    clues: descriptions of each value of the topic. frames: sentences with slots for the objects and `{clue}`.
    """

    clues: Mapping[str, Sequence[str]] = field(default_factory=dict)
    frames: Sequence[str] = ("{clue}",)

    def draw(self, value: str, names: Mapping[str, str], rng: np.random.Generator) -> str:
        clue = pick(rng, self.clues[value]) if self.clues else ""
        return pick(rng, self.frames).format(clue=clue, **names)

    def texts(self) -> list[str]:
        """The words of all of them."""
        if self.clues:
            return [clue for clues in self.clues.values() for clue in clues]
        return [frame.format(**dict.fromkeys(OBJECT_SLOTS, "the object")) for frame in self.frames]


Propose = Callable[[Situation, np.random.Generator], Change | tuple[Change, ...] | None]
WrongValue = Callable[[EditFacts, Scene, np.random.Generator], EditFacts]


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What edits can be about, and its wordings: lower case, no full stop.

    name: the word with which the instructor's answer begins.
    plain: templates of the instructions of both splits. train: of paraphrases of the training split. test: of
        paraphrases that only the test split has; all their words occur in templates of training. Slots: those of
        `Change.slots` and OBJECT_SLOTS; all templates of a topic have the same.
    value_slot: the slot that `EditFacts.value` fills; by default the topic's name.
    derived_slots: further slots whose words follow from the value: slot -> value -> words.
    current: the value that an object has already, so that an instruction about it would change nothing.
    wrong_value: facts like the given ones of a pair's source, but with another value or place; None where there is no
        other.
    implicit: wordings that do not name the value; None where there are none.
    """

    name: str
    plain: tuple[str, ...]
    train: tuple[str, ...]
    test: tuple[str, ...]
    value_slot: str = ""
    derived_slots: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    current: Callable[[Body], str] | None = None
    wrong_value: WrongValue | None = None
    implicit: ImplicitWordings | None = None

    def slots(self, facts: EditFacts) -> dict[str, str]:
        """Words for the slots of the templates, names of objects left out."""
        derived = {slot: words[facts.value] for slot, words in self.derived_slots.items()}
        return {self.value_slot or self.name: facts.value, "place": facts.place, **derived}


def other_value(options: Sequence[str], never: Sequence[str] = ()) -> WrongValue:
    """A `Topic.wrong_value` that draws another of the options. never: values that are hard to tell apart."""

    def draw(facts: EditFacts, source: Scene, rng: np.random.Generator) -> EditFacts:
        return replace(facts, value=pick(rng, options, without=(facts.value, *never)))

    return draw


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of edit.

    propose: draws a change that the words of an instruction pin down exactly (or all that they allow, see
        `Change.others`), or None where the scene offers no such
        edit; several changes only where they are made by one instruction (see `hybrid`).
    topics: those that this family adds; a proposal may use those of other families, too.
    read_facts: (source, target, indices of the objects concerned) -> facts; None where the instructor learns nothing
        from the family.
    is_global: changes more or less the whole picture. on_footage: the exact result is a function of the frames, so
        that footage has one, too. any_size: means the same at every size of the picture; what is defined in pixels
        does not. moves_with_scene: source and result may be shifted together. keeps_geometry: the result shows all
        remaining objects where the source does. removes_objects: their shadows and reflections have to go, too.
        changes_nothing: the right result is the source. in_training: whether training sets have it by default.
    """

    name: str
    propose: Propose
    topics: tuple[Topic, ...] = ()
    read_facts: Callable[[Scene, Scene, tuple[int, ...]], EditFacts] | None = None
    is_global: bool = False
    on_footage: bool = False
    any_size: bool = True
    moves_with_scene: bool = True
    keeps_geometry: bool = False
    removes_objects: bool = False
    changes_nothing: bool = False
    in_training: bool = True
