import hashlib
import re
from pathlib import Path

import pytest

from vireo.types import TEST_SEED, EditPair
from vireo.world import studiobench
from vireo.world.camera import frame_cameras
from vireo.world.families import hybrid
from vireo.world.generate import checked, plan_jobs
from vireo.world.sampling import sample_scene
from vireo.world.studiobench import FAST, subsets


def pair(family, scene=None, concerned=()):
    files = dict.fromkeys(("source", "target", "mask", "instruction", "source_caption", "target_caption"), "")
    facts = {"id": "a", "family": family, "seed": TEST_SEED, "split": "test", "paraphrases": [], "target_scene": {}}
    return EditPair(**files, **facts, scene=scene.model_dump(mode="json") if scene else {}, concerned=list(concerned))


def moving(step):
    """A scene whose first object crosses `step` of the width in each frame."""
    scene = sample_scene(3)
    scene = scene.model_copy(update={"camera": scene.camera.model_copy(update={"kind": "static"})})
    camera, body = frame_cameras(scene)[0], scene.bodies[0]
    right, _, forward = camera.axes
    start = camera.eye + 3.0 * forward
    metre = camera.project(start + right)[0] - camera.project(start)[0]
    places = [start + right * (k * step * scene.width / metre) for k in range(scene.frames)]
    track = tuple((*map(float, place), 1.0, 0.0, 0.0, 0.0) for place in places)
    return scene.model_copy(update={"bodies": (body.model_copy(update={"track": track}), *scene.bodies[1:])})


@pytest.mark.parametrize(("step", "fast"), [(0.0, False), (FAST * 0.9, False), (FAST * 1.1, True)])
def test_fast_is_what_crosses_the_picture(step, fast):
    assert subsets(pair("recolor", moving(step), [0])) == ["fast motion"] * fast
    assert subsets(pair("recolor", moving(step))) == [], "what is not edited may fly"


def test_other_subsets():
    assert subsets(pair("style")) == subsets(pair("background")) == ["global edit"]
    assert subsets(pair("remove")) == ["shadow after removal"]
    assert subsets(pair("add")) == []


def test_its_jobs_never_change():
    """Which families are wanted of which scenes, and which families its hybrids are made of."""
    spec = checked(studiobench.SPEC)
    need = {name: spec.count // 13 + (index < spec.count % 13) for index, name in enumerate(spec.families)}
    jobs = [(job.seed, job.families) for job in plan_jobs(Path("x"), spec.seed, need, spec)]
    planned = repr((spec.count, spec.seed, spec.split, spec.families, spec.scenes, spec.size, jobs))
    assert hashlib.sha256(planned.encode()).hexdigest()[:16] == "9901f24da1b207b7"
    assert hybrid.LOCAL == ["recolor", "material", "replace", "resize", "add", "remove"]
    assert hybrid.GLOBAL == ["background", "light", "style"]


def test_the_pairs_of_readme_name_their_families():
    """So that its figures stay those of the same pairs, whatever families are added."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"--count 780 --seed 1000000 --split test --families\s+([\w,]+)`", readme)
    assert tuple(named.split(",")) == studiobench.SPEC.families
