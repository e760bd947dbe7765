"""Perception: from pixels to a digital twin, its objects, camera, surroundings and writing.

`protocol` says what a backend is. `mini`, trained on the studio, ships with vireo: `network` sees pictures one by one,
`grouping` makes objects of what it sees, `tracking` follows them, `camera_shift` follows the ground. `hub/` sees any
footage by published models.
"""

from pathlib import Path

from vireo.errors import ModelError
from vireo.reasoning.perception.protocol import Perception


def open_perception(name: str | Path = "mini") -> Perception:
    """The backend "mini", or one of mini's kind from a folder of weights (`vireo train perception`); or one made of
    published models: a preset of `hub.presets`, or a folder that has those models in the folders detector, segmenter,
    depth and reader. Such a name may go on with what to look for: "hub@person,red ball".

    Raises ModelError where there is none, or the weights are another model's; InputError for nouns that cannot be
    looked for.
    """
    from vireo.reasoning.perception.hub.presets import HUB_PRESETS, is_hub

    place, nouns = split_nouns(name)
    if is_hub(place):
        from vireo.reasoning.perception.hub.opening import open_hub

        return open_hub(place, nouns)
    if nouns or (place != "mini" and not Path(place).is_dir()):
        what = f"mini cannot be told what to look for: {str(name)!r}" if nouns else f"there is no perception {place!r}"
        raise ModelError(what, f"use mini, {', '.join(HUB_PRESETS)}, or a folder of weights")
    from vireo.reasoning.perception.mini import WEIGHTS, MiniPerception

    return MiniPerception.from_pretrained(WEIGHTS if place == "mini" else place)


def perception_weights(name: str | Path) -> list[Path]:
    """The folders of weights behind a name that `open_perception` opens; none of one that it does not."""
    from vireo.reasoning.perception.hub.presets import is_hub, part_folders
    from vireo.reasoning.perception.mini import WEIGHTS

    place, _ = split_nouns(name)
    if is_hub(place):
        return list(part_folders(place).values())
    return [WEIGHTS] if place == "mini" else [Path(place)] if Path(place).is_dir() else []


def split_nouns(name: str | Path) -> tuple[str, str]:
    """A perception's name and the nouns behind its @; a folder may have an @ of its own."""
    if Path(name).is_dir():
        return str(name), ""
    place, _, nouns = str(name).partition("@")
    return place, nouns
