"""Captions: what a scene shows, in one plain sentence."""

from __future__ import annotations

import numpy as np

from vireo.world import naming
from vireo.world.camera import frame_cameras
from vireo.world.scene import AnyScene, Body, CanvasKind, Footage, Scene
from vireo.world.styles import STYLES


def _thing(body: Body) -> str:
    return naming.article(
        naming.describe(
            color=body.color,
            shape=body.shape,
            size="small" if body.size == "small" else "",
            material="" if body.material == "matte" else body.material,
        )
    )


_CANVASES: dict[CanvasKind, str] = {
    "leaves": "many overlapping shapes",
    "spectrum": "clouds of color",
    "hills": "hills under a sky",
    "screen": "a screen with text",
}


def caption(scene: AnyScene) -> str:
    """What is seen, then light, style and watermark; lower case.

    Of a scene of the studio: objects from left to right in the first frame, floor and backdrop. Unsaid are the
    standard values: large, matte, daylight, no style.
    """
    if isinstance(scene, Footage):
        words = _CANVASES[scene.back.canvas]
    else:
        assert isinstance(scene, Scene), type(scene)
        words = _things(scene)
    lights = [name for name in scene.effects if name not in STYLES]
    if scene.light.name != "day":
        lights.append(scene.light.name)
    for name in lights:
        words += f" {naming.LIGHT_CAPTIONS[name]}"
    if scene.watermark is not None:
        words += f" under a {scene.watermark.kind}"
    for name in scene.effects:
        if name in STYLES:
            words = f"{naming.STYLE_WORDS[name]} of {words}"
    return words


def _things(scene: Scene) -> str:
    first = frame_cameras(scene)[0]
    places = [body.position if body.track is None else body.track[0][:3] for body in scene.bodies]
    columns = [first.project(np.array(place))[0] for place in places]
    things = [_thing(scene.bodies[index]) for index in np.argsort(columns, kind="stable")]
    listed = " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things or ["nothing"])
    floor, backdrop = naming.FLOOR_WORDS[scene.floor.kind], naming.BACKDROP_WORDS[scene.backdrop.kind]
    return f"{listed} on {floor} with {backdrop} behind"
