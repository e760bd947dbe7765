"""What makes a digital twin from pixels, as the rest of the package sees it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from vireo.reasoning.twin import DigitalTwin


class Perception(Protocol):
    """A backend. name: that of the twins which it makes."""

    name: str

    def perceive(self, frames: Iterable[np.ndarray], times: Sequence[float]) -> DigitalTwin:
        """The twin of a clip, its relations and events left out: `vireo.reasoning.events.complete` adds them.

        frames: uint8 (h, w, 3) each, as many as there are times; they are read once, in order, and not kept. times:
        seconds, rising. What the backend cannot tell is None, or left out. The same frames give the same twin.
        Raises InputError for frames and times that do not go together.
        """
        ...
