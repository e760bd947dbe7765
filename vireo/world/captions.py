"""Captions: what a scene shows, in one plain sentence."""

import numpy as np

from vireo.world import naming, vocabulary
from vireo.world.camera import frame_cameras
from vireo.world.scene import AnyScene, CanvasKind, Footage, Scene

_CANVASES: dict[CanvasKind, str] = {
    "leaves": "many overlapping shapes",
    "spectrum": "clouds of color",
    "hills": "hills under a sky",
    "screen": "a screen with text",
}


def caption(scene: AnyScene) -> str:
    """What is seen, then light, style and watermark; lower case.

    Of a scene of the studio: objects from left to right in the first frame, floor and backdrop. The
    standard values are left out: large, matte, daylight, no style.
    """
    if isinstance(scene, Footage):
        words = _CANVASES[scene.back.canvas]
    else:
        assert isinstance(scene, Scene), type(scene)
        words = _things(scene)
    lights = [name for name in scene.effects if name not in vocabulary.STYLES]
    if scene.light.name != "day":
        lights.append(scene.light.name)
    for name in lights:
        words += f" {vocabulary.LIGHTS[name].caption}"
    if scene.watermark is not None:
        words += f" under a {scene.watermark.kind}"
    for name in scene.effects:
        if name in vocabulary.STYLES:
            words = f"{vocabulary.STYLES[name].noun} of {words}"
    return words


def _things(scene: Scene) -> str:
    first = frame_cameras(scene)[0]
    places = [body.position if body.track is None else body.track[0][:3] for body in scene.bodies]
    columns = [first.project(np.array(place))[0] for place in places]
    things = [naming.article(naming.describe_body(scene.bodies[index])) for index in np.argsort(columns, kind="stable")]
    listed = " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things or ["nothing"])
    floor, backdrop = vocabulary.FLOORS[scene.floor.kind].noun, vocabulary.BACKDROPS[scene.backdrop.kind].noun
    return f"{listed} on {floor} with {backdrop} behind"
