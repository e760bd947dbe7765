"""Reasoners and perceptions by their names, opened when they are first needed: most edits need neither."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.plan import Plan
from vireo.reasoning.planner import Planner
from vireo.reasoning.twin import DigitalTwin


class NamedPlanner:
    """Implements `Planner`: the reasoner `open_reasoner` opens by a name, for the editor of a vocabulary."""

    def __init__(self, name: str, vocabulary: Vocabulary) -> None:
        self.name, self.vocabulary = name, vocabulary

    @cached_property
    def _opened(self) -> Planner:
        from vireo.reasoning.reasoner.opening import open_reasoner

        return open_reasoner(self.name, self.vocabulary)

    def unknown(self, query: str) -> str:
        return self._opened.unknown(query)

    def plan(self, query: str, twin: DigitalTwin | None) -> Plan:
        return self._opened.plan(query, twin)


class NamedPerception:
    """Makes whole twins, relations and events included, by the perception that `open_perception` opens by a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, frames: Iterable[np.ndarray], times: Sequence[float]) -> DigitalTwin:
        from vireo.reasoning.events import complete

        return complete(self._opened.perceive(frames, times))

    @cached_property
    def _opened(self):
        from vireo.reasoning.perception import open_perception

        return open_perception(self.name)


def named_planner(planner: Planner | str | None, vocabulary: Vocabulary | None) -> Planner | None:
    """A planner as it is, or by its name for the editor of a vocabulary; None for an editor that takes any words."""
    if not isinstance(planner, str):
        return planner
    return None if vocabulary is None else NamedPlanner(planner, vocabulary)


def thinking_weights(reasoner: str, perception: str) -> list[Path]:
    """The folders of weights that lie behind these names; none of an endpoint or a file."""
    from vireo.reasoning.perception import perception_weights
    from vireo.reasoning.reasoner.opening import WEIGHTS

    place = WEIGHTS if reasoner == "mini" else Path(reasoner)
    return [*([place] if place.is_dir() else []), *perception_weights(perception)]
