"""Motion: recorded tracks are replayed, the rest is MuJoCo's physics."""

import numpy as np

from vireo.world.gl import MjModel, mujoco
from vireo.world.scene import Scene, to_track


def simulate(scene: Scene, model: MjModel) -> np.ndarray:
    """Poses float64 (frames, bodies, 7) at every frame of the scene.

    Bodies with a track follow it; they push the others but are not pushed. Bodies without one start from
    their position, quaternion, velocity and spin.
    """
    count = len(scene.bodies)
    recorded = np.array([body.track is not None for body in scene.bodies], dtype=bool)
    tracks = np.zeros((scene.frames, count, 7))
    for index, body in enumerate(scene.bodies):
        if body.track is not None:
            assert len(body.track) == scene.frames, (len(body.track), scene.frames)
            tracks[:, index] = body.track
    if recorded.all():
        return tracks
    data = mujoco.MjData(model)
    qpos, qvel = data.qpos.reshape(count, 7), data.qvel.reshape(count, 6)
    for index, body in enumerate(scene.bodies):
        qpos[index] = [*body.position, *body.quaternion]
        spin = np.zeros(3)
        inverse = np.array(body.quaternion) * [1, -1, -1, -1]
        mujoco.mju_rotVecQuat(spin, np.array(body.spin), inverse)
        qvel[index] = [*body.velocity, *spin]  # MuJoCo takes the spin of a free joint in the body's own axes
    substeps = round(1 / scene.fps / model.opt.timestep)
    poses = np.zeros((scene.frames, count, 7))
    for frame in range(scene.frames):
        poses[frame] = np.where(recorded[:, None], tracks[frame], qpos)
        if frame + 1 == scene.frames:
            break
        for step in range(substeps):
            weight = step / substeps
            held = tracks[frame] * (1 - weight) + tracks[frame + 1] * weight
            qpos[recorded] = held[recorded]
            qvel[recorded, :3] = ((tracks[frame + 1] - tracks[frame])[recorded, :3]) * scene.fps
            mujoco.mj_step(model, data)
    return poses


def record(scene: Scene, poses: np.ndarray) -> Scene:
    """The same scene with `poses` (frames, bodies, 7) as its recorded tracks, rounded to 0.01 mm."""
    tracks = [to_track(track) for track in np.round(poses, 5).swapaxes(0, 1)]
    moving = (body.model_copy(update={"track": track}) for body, track in zip(scene.bodies, tracks, strict=True))
    return scene.model_copy(update={"bodies": tuple(moving)})
