"""Turns a scene into frames, instance masks and depth."""

from dataclasses import dataclass

import numpy as np

from vireo.world import film, footage, physics, styles
from vireo.world.camera import FrameCamera, frame_cameras
from vireo.world.gl import MjvCamera, MjvScene, mujoco, open_context
from vireo.world.mujoco_model import build
from vireo.world.scene import AnyScene, Footage, Scene

_FIRST_BODY_GEOM = 2  # the floor and the backdrop come first


@dataclass(frozen=True)
class Render:
    """A rendered clip of T frames.

    frames: uint8 (T, H, W, 3), the film as a viewer gets it.
    clean: uint8 (T, H, W, 3), before grain and compression; masks compare these.
    instances: uint8 (T, H, W), 1 + index of the body seen at a pixel, 0 where none is.
    depth: float32 (T, H, W), metres along the view direction.
    instances and depth are None where `render` left them out.
    """

    frames: np.ndarray
    clean: np.ndarray
    instances: np.ndarray | None
    depth: np.ndarray | None


def render(scene: AnyScene, *, truth: bool = True) -> Render:
    """Renders a scene of the studio, or footage. Deterministic by bytes on one machine and driver.

    truth: False leaves out instances and depth, which take a second pass; footage has no depth.
    Raises StudioError where no GL context can be had.
    """
    if isinstance(scene, Footage):
        pictures, depth = footage.shoot(scene), None
        instances = np.zeros(pictures.shape[:3], np.uint8) if truth else None
    else:
        assert isinstance(scene, Scene), type(scene)
        pictures, instances, depth = _shoot(scene, truth or "fog" in scene.effects)
    exposed = film.apply_lens(pictures, scene.look)
    clean = styles.apply(scene.effects, exposed, depth)
    if scene.watermark is not None:
        clean = film.draw_watermark(clean, scene.watermark)
    return Render(film.apply_grain(clean, scene.look), clean, instances, depth)


def _shoot(scene: Scene, truth: bool) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Pictures, and instances and depth where the truth is asked for."""
    model = build(scene)
    open_context(scene.width, scene.height)
    context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    data, stage = mujoco.MjData(model), mujoco.MjvScene(model, maxgeom=len(scene.bodies) + 8)
    options, camera = mujoco.MjvOption(), mujoco.MjvCamera()
    window = mujoco.MjrRect(0, 0, scene.width, scene.height)
    shape = (scene.frames, scene.height, scene.width)
    pictures, instances = np.empty((*shape, 3), np.uint8), np.empty(shape, np.uint8)
    depth = np.empty(shape, np.float32)
    codes, buffer = np.empty((*shape[1:], 3), np.uint8), np.empty(shape[1:], np.float32)
    picture = np.empty((*shape[1:], 3), np.uint8)
    near, far = model.vis.map.znear * model.stat.extent, model.vis.map.zfar * model.stat.extent
    poses = physics.simulate(scene, model)
    for frame, view in enumerate(frame_cameras(scene)):
        data.qpos[:] = poses[frame].ravel()
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)
        _aim(camera, view)
        mujoco.mjv_updateScene(model, data, options, None, camera, mujoco.mjtCatBit.mjCAT_ALL, stage)
        _set_flags(stage, truth=False)
        mujoco.mjr_render(window, stage, context)
        mujoco.mjr_readPixels(picture, None, window, context)
        pictures[frame] = picture[::-1]
        if not truth:
            continue
        _set_flags(stage, truth=True)
        mujoco.mjr_render(window, stage, context)
        mujoco.mjr_readPixels(codes, buffer, window, context)
        instances[frame] = _decode(codes, stage)[::-1]
        depth[frame] = (near * far / (far - buffer * (far - near)))[::-1]
    context.free()
    return (pictures, instances, depth) if truth else (pictures, None, None)


def _aim(camera: MjvCamera, view: FrameCamera) -> None:
    camera.type = mujoco.mjtCamera.mjCAMERA_FREE
    camera.lookat[:] = view.target
    camera.distance, camera.azimuth, camera.elevation = view.distance, 90 + view.azimuth, -view.elevation


def _set_flags(stage: MjvScene, truth: bool) -> None:
    """Shadows and reflections for pictures; for truth, flat colours that encode the bodies instead."""
    flag, flags = mujoco.mjtRndFlag, stage.flags
    flags[flag.mjRND_SEGMENT] = flags[flag.mjRND_IDCOLOR] = truth
    flags[flag.mjRND_SHADOW] = flags[flag.mjRND_REFLECTION] = not truth
    flags[flag.mjRND_SKYBOX] = flags[flag.mjRND_HAZE] = 0


def _decode(codes: np.ndarray, stage: MjvScene) -> np.ndarray:
    """Segment colours (H, W, 3) to 1 + body index, 0 for floor, backdrop and nothing."""
    segment = codes.astype(np.int32) @ np.array([1, 256, 65536])  # 0 is nothing, else 1 + segid
    table = np.zeros(stage.ngeom + 2, np.uint8)
    for geom in stage.geoms[: stage.ngeom]:
        if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM and geom.objid >= _FIRST_BODY_GEOM:
            table[geom.segid + 1] = geom.objid - _FIRST_BODY_GEOM + 1
    return table[np.clip(segment, 0, len(table) - 1)]
