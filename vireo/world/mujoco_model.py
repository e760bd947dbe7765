"""Builds the MuJoCo model of a scene."""

import math

import numpy as np

from vireo.world import shapes, textures
from vireo.world.gl import MjModel, MjSpec, mujoco
from vireo.world.palette import PATTERNED, REFLECTANCE
from vireo.world.scene import Body, Scene

_BACKDROP_DISTANCE = 2.1
_BACKDROP_HALF = (3.6, 0.57)
_BACKDROP_GAIN = 1.45
_FLOOR_HALF = 6.0
_FLOOR_REPEAT = 5.0
_TIMESTEP = 1 / 240

_FINISH = {
    # specular, shininess: broad soft highlights for shiny things, a strong wide one for metal
    "matte": (0.0, 0.0),
    "shiny": (1.0, 0.35),
    "metal": (1.0, 0.12),
    "glass": (1.0, 0.6),
    "striped": (0.15, 0.3),
    "checkered": (0.15, 0.3),
}
_GLASS_OPACITY = 0.42


def build(scene: Scene) -> MjModel:
    """The compiled model: its body 1 + i and geom 2 + i (floor and backdrop first) are `scene.bodies[i]`."""
    spec = mujoco.MjSpec()
    spec.option.timestep = _TIMESTEP
    spec.option.gravity = [0, 0, -scene.gravity]
    spec.stat.extent, spec.stat.center = 2.0, [0, 0, 0]
    quality = spec.visual.quality
    quality.offsamples, quality.shadowsize = 4, 768
    quality.numslices, quality.numstacks, quality.numquads = 24, 16, 1
    spec.visual.global_.fovy = scene.camera.fov
    spec.visual.global_.offwidth, spec.visual.global_.offheight = scene.width, scene.height
    spec.visual.map.znear, spec.visual.map.zfar = 0.2, 10
    spec.visual.map.shadowclip = 2.0
    _add_light(spec, scene)
    _add_floor(spec, scene)
    _add_backdrop(spec, scene)
    for index, body in enumerate(scene.bodies):
        _add_body(spec, body, index)
    return spec.compile()


def _add_light(spec: MjSpec, scene: Scene) -> None:
    gain = np.array(scene.light.gain)
    head = spec.visual.headlight
    head.ambient, head.diffuse, head.specular = np.array(scene.light.ambient) * gain, [0] * 3, [0] * 3
    for lamp in scene.light.lamps:
        color = np.array(lamp.color) * gain
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            dir=lamp.direction,
            pos=-5 * np.array(lamp.direction),
            diffuse=color,
            specular=0.8 * color,
            ambient=[0, 0, 0],
            castshadow=lamp.shadow,
        )


def _add_textured(
    spec: MjSpec, name: str, texels: np.ndarray, kind: int, specular: float = 0, shininess: float = 0, **values: object
) -> None:
    """A material with a texture uint8 (h, w, 3) of its own. kind: MuJoCo's number of flat textures or cube maps."""
    height, width, channels = texels.shape
    texture = spec.add_texture(name=name, type=kind, width=width, height=height, nchannel=channels)
    texture.data = texels.tobytes()
    material = spec.add_material(name=name, specular=specular, shininess=shininess, **values)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name


def _add_floor(spec: MjSpec, scene: Scene) -> None:
    texels = textures.surface("floor", scene.floor.kind, scene.floor.seed)
    repeat, reflectance = [_FLOOR_REPEAT, _FLOOR_REPEAT], REFLECTANCE.get(scene.floor.kind, 0.0)
    flat = mujoco.mjtTexture.mjTEXTURE_2D
    _add_textured(spec, "floor", texels, flat, texrepeat=repeat, reflectance=reflectance)
    plane, size = mujoco.mjtGeom.mjGEOM_PLANE, [_FLOOR_HALF, _FLOOR_HALF, 1]
    spec.worldbody.add_geom(type=plane, size=size, material="floor", friction=[0.7, 0.005, 0.0005])


def _add_backdrop(spec: MjSpec, scene: Scene) -> None:
    texels = textures.surface("backdrop", scene.backdrop.kind, scene.backdrop.seed)
    # Lamps hang high and graze the wall; a reflectivity above 1 makes it as bright as the floor.
    _add_textured(spec, "backdrop", texels, mujoco.mjtTexture.mjTEXTURE_2D, rgba=[*[_BACKDROP_GAIN] * 3, 1])
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[*_BACKDROP_HALF, 1],
        pos=[0, _BACKDROP_DISTANCE, _BACKDROP_HALF[1]],
        quat=[math.sqrt(0.5), math.sqrt(0.5), 0, 0],  # upright, its face to the camera
        material="backdrop",
    )


def _add_body(spec: MjSpec, body: Body, index: int) -> None:
    name = f"body{index}"
    specular, shininess = _FINISH[body.material]
    if body.material in PATTERNED:
        texels = textures.pattern(body.material, body.rgb)
        _add_textured(spec, name, texels, mujoco.mjtTexture.mjTEXTURE_CUBE, specular, shininess)
    else:
        opacity = _GLASS_OPACITY if body.material == "glass" else 1.0
        spec.add_material(name=name, rgba=[*body.rgb, opacity], specular=specular, shininess=shininess)
    part = spec.worldbody.add_body(name=name, pos=body.position, quat=body.quaternion)
    part.add_freejoint()
    part.add_geom(material=name, condim=6, friction=[0.7, 0.01, 0.002], density=400, **_geometry(spec, body, name))


def _geometry(spec: MjSpec, body: Body, name: str) -> dict:
    if body.shape in shapes.MESHES:
        vertices, faces = shapes.mesh(body.shape)
        spec.add_mesh(name=name, uservert=(vertices * body.radius).ravel(), userface=faces.ravel().astype(np.int32))
        return {"type": mujoco.mjtGeom.mjGEOM_MESH, "meshname": name}
    kind = {
        "ball": mujoco.mjtGeom.mjGEOM_SPHERE,
        "cube": mujoco.mjtGeom.mjGEOM_BOX,
        "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
        "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
        "egg": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    }[body.shape]
    size = np.zeros(3)
    extent = np.array(shapes.EXTENTS[body.shape]) * body.radius
    size[: len(extent)] = extent
    return {"type": kind, "size": size}
