"""Who turns a query into a plan."""

from typing import Protocol

from vireo.reasoning.plan import Plan
from vireo.reasoning.twin import DigitalTwin


class Planner(Protocol):
    """Makes plans by reasoning: see `vireo.reasoning.reasoner.protocol.Reasoner`."""

    def unknown(self, query: str) -> str:
        """Why it cannot understand a query, whatever the clip; empty where it may."""
        ...

    def plan(self, query: str, twin: DigitalTwin | None) -> Plan:
        """What is to be done to a clip. query: as it was typed, at most 1000 characters. twin: of the clip; None where
        nobody has looked at it.

        Where no step is found, the plan has none and its `fallback` says why.
        """
        ...
