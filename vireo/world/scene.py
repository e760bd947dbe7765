"""A studio clip as data: everything that `vireo.world.render.render` needs, and nothing else.

Coordinates: metres, z up, the floor is the plane z = 0, the camera looks roughly along +y from the
negative-y side, so +x is right and +y is away from the camera. Quaternions are (w, x, y, z).
Colours are linear factors 0..1 as MuJoCo takes them (displayed value / 255 for a fully lit matte body).
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

Shape = Literal["ball", "cube", "cylinder", "capsule", "egg", "cone", "ring"]
Color = Literal["red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "white", "black"]
Material = Literal["matte", "shiny", "metal", "glass", "striped", "checkered"]
Size = Literal["small", "large"]
Motion = Literal["rest", "rolling", "sliding", "falling", "thrown", "spinning"]
FloorKind = Literal["plain", "wood", "grass", "sand", "snow", "checkered", "marble", "carpet", "stone", "tiles", "ice"]
BackdropKind = Literal[
    "plain", "wall", "bricks", "sky", "mountains", "forest", "curtain", "stars", "sea", "desert", "wallpaper"
]
LightName = Literal["day", "night", "sunset", "dim", "bright", "blue", "red", "green"]
EffectName = Literal["fog", "spotlight", "gray", "sepia", "sketch", "pixel", "oil", "negative", "poster", "cartoon"]
CameraKind = Literal["static", "pan", "orbit", "shake"]
CanvasKind = Literal["leaves", "spectrum", "hills", "screen"]
SceneKind = Literal["studio", "footage"]
MarkKind = Literal["text", "logo"]
Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Pose = tuple[float, float, float, float, float, float, float]
"""Position (3) and quaternion (4)."""

STANDARD_SIZE = 96
"""Height of the studio's clips in pixels, and their width where nothing else is asked for; all thresholds of the studio
that are given in pixels are for clips of this height."""

STANDARD_FRAMES = 9
"""Frames of a clip of the studio."""


def to_vector(values: Iterable[float]) -> Vector:
    """Three numbers of any kind as the plain floats that a scene holds."""
    x, y, z = (float(value) for value in values)
    return x, y, z


def to_quaternion(values: Iterable[float]) -> Quaternion:
    w, x, y, z = (float(value) for value in values)
    return w, x, y, z


def to_track(poses: np.ndarray) -> tuple[Pose, ...]:
    """Poses (frames, 7) as `Body.track`."""
    return tuple((*to_vector(pose[:3]), *to_quaternion(pose[3:])) for pose in poses)


class Part(BaseModel):
    """Base of all parts of a scene: frozen, and unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Part):
    """One object.

    radius: half the object's reference width in metres (see `vireo.world.shapes` for each shape's extents).
    color is the name of `rgb`; sources jitter `rgb` around the canonical shade, targets use it exactly.
    position, quaternion, velocity (m/s), spin (rad/s, world axes): state at the first frame, for physics.
    track: recorded pose at every frame. Where it is given, rendering replays it and no physics runs for
        this body; where it is None, the body moves by MuJoCo's physics from its first state.
    motion: what the body was set up to do (`falling` and `thrown` may end as rolling, and so on).
    """

    shape: Shape
    color: Color
    rgb: Vector
    material: Material = "matte"
    size: Size = "large"
    radius: float = Field(gt=0)
    motion: Motion = "rest"
    position: Vector
    quaternion: Quaternion = (1.0, 0.0, 0.0, 0.0)
    velocity: Vector = (0.0, 0.0, 0.0)
    spin: Vector = (0.0, 0.0, 0.0)
    track: tuple[Pose, ...] | None = None


class Lamp(Part):
    """A directional lamp. `direction` is the way its light travels (z < 0); `color` includes strength."""

    direction: Vector
    color: Vector
    shadow: bool = False


class Light(Part):
    """All light of a scene.

    name: `day` for every sampled light; the canonical name after a light edit.
    gain: factor per channel on lamps and ambient light alike; a light edit only changes `name` and `gain`
        (see `vireo.world.palette.LIGHT_GAINS`), so that the result follows from the source.
    """

    name: LightName = "day"
    lamps: tuple[Lamp, ...]
    ambient: Vector
    gain: Vector = (1.0, 1.0, 1.0)


class Camera(Part):
    """A camera that looks at `target`.

    azimuth, elevation (degrees), distance (metres) place it; azimuth 0 looks along +y.
    fov: vertical field of view in degrees.
    amplitude: over the whole clip, degrees of azimuth for orbit and of sideways slide for pan (both signed);
        degrees of jitter for shake.
    seed: of the shake.
    """

    kind: CameraKind = "static"
    azimuth: float = 0.0
    elevation: float = 25.0
    distance: float = 6.0
    fov: float = 21.0
    target: Vector = (0.0, 0.0, 0.1)
    amplitude: float = 0.0
    seed: int = 0


class Floor(Part):
    """The floor's texture. seed None is the canonical look that edits use; other seeds are variants."""

    kind: FloorKind
    seed: int | None = None


class Backdrop(Part):
    """The wall behind the scene. seed None is the canonical look that edits use."""

    kind: BackdropKind
    seed: int | None = None


class Watermark(Part):
    """An overlay drawn into the clean frames.

    text: what a `text` mark says, or the name of a `logo`. place: centre as fractions of width and height.
    """

    kind: MarkKind
    text: str
    place: tuple[float, float]
    color: Vector
    opacity: float = Field(gt=0, le=1)


class Look(Part):
    """How the film was taken, alike for source and target.

    exposure: factor on the picture. blur: Gaussian sigma in pixels. Both come from the lens, before the
        scene's effects and watermark, so that a style follows from what one sees; they are in clean frames.
    grain: sigma in 1/255. quality: JPEG quality of each frame, None for no compression. Both come last.
    """

    exposure: float = 1.0
    blur: float = 0.0
    grain: float = 0.0
    grain_seed: int = 0
    quality: int | None = None


class AnyScene(Part):
    """What scenes of the studio and footage have in common.

    bodies: the objects of which the truth is known.
    effects: canonical picture functions, applied in order after the lens and before the watermark.
    """

    seed: int
    width: int = STANDARD_SIZE
    height: int = STANDARD_SIZE
    frames: int = STANDARD_FRAMES
    fps: int = 8
    bodies: tuple[Body, ...] = ()
    light: Light
    effects: tuple[EffectName, ...] = ()
    watermark: Watermark | None = None
    look: Look = Look()


class Scene(AnyScene):
    """All data of a clip of the studio. The same scene renders to the same bytes on the same machine and driver."""

    camera: Camera
    floor: Floor
    backdrop: Backdrop
    gravity: float = 9.81


class Layer(Part):
    """A picture, drawn from kind and seed by `vireo.world.canvases`, and the way the camera goes across it.

    Both ends of the way are (x, y, size, turn): the centre and the width of what is seen, in widths of the canvas,
    and its rotation in degrees.
    """

    canvas: CanvasKind
    seed: int
    begin: tuple[float, float, float, float]
    end: tuple[float, float, float, float]


class Footage(AnyScene):
    """All data of a clip that is not of the studio: a camera goes across a picture, before which a cut-out of another
    may pass. No object in it is known, so only edits that are functions of the frames have an exact result: its
    `light` has no lamps, and the gain multiplies the picture."""

    back: Layer
    front: Layer | None = None
    light: Light = Light(lamps=(), ambient=(1.0, 1.0, 1.0))
