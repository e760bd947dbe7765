"""Perception: from pixels to a digital twin, its objects, camera, surroundings and writing.

`protocol` says what a backend is. `mini`, trained on the studio, ships with vireo: `network` sees pictures one by one,
`grouping` makes objects of what it sees, `tracking` follows them, `camera_shift` follows the ground.
"""

from pathlib import Path

from vireo.reasoning.perception.protocol import Perception


def open_perception(name: str | Path = "mini") -> Perception:
    """The backend "mini", or one of mini's kind from a folder of weights (`vireo train perception`).

    Raises ModelError where there is none, or the weights are another model's.
    """
    from vireo.reasoning.perception.mini import WEIGHTS, MiniPerception

    return MiniPerception.from_pretrained(WEIGHTS if name == "mini" else name)
