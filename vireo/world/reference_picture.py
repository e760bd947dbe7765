"""Reference pictures: one object alone, on neutral gray, under standard light."""

from __future__ import annotations

import numpy as np

from vireo.world.render import render
from vireo.world.scene import STANDARD_SIZE, Backdrop, Body, Camera, Floor, Lamp, Light, Scene

_LIGHT = Light(lamps=(Lamp(direction=(0.35, 0.55, -0.76), color=(0.75, 0.75, 0.75)),), ambient=(0.36, 0.36, 0.36))
_CAMERA = Camera(elevation=20.0, distance=2.9, fov=21.0, target=(0.0, 0.0, 0.28))


def draw_reference(body: Body) -> np.ndarray:
    """uint8 (STANDARD_SIZE, STANDARD_SIZE, 3): the body as it stands, from near."""
    scene = Scene(
        seed=0,
        width=STANDARD_SIZE,
        height=STANDARD_SIZE,
        frames=1,
        bodies=(body.model_copy(update={"track": ((*body.position, *body.quaternion),)}),),
        camera=_CAMERA,
        light=_LIGHT,
        floor=Floor(kind="plain"),
        backdrop=Backdrop(kind="plain"),
    )
    return render(scene, truth=False).frames[0]
