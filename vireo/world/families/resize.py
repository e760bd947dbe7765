"""The object grows or shrinks by the standard factor on the spot where it touches the floor."""

from dataclasses import replace

import numpy as np

from vireo.world import palette, shapes
from vireo.world.families.objects import about_an_object, change_body, has_room, track_of
from vireo.world.families.record import Change, EditFacts, Family, ImplicitWordings, Situation, Topic
from vireo.world.scene import Pose, Scene, to_quaternion


@about_an_object
def _propose(now: Situation, index: int, rng: np.random.Generator) -> Change | None:
    body = now.scene.bodies[index]
    return resized(now.studio, index, grow=body.size == "small" or rng.random() < 0.15)


def resized(scene: Scene, index: int, *, grow: bool) -> Change | None:
    """The body grows or shrinks; None where there is no room."""
    body = scene.bodies[index]
    factor = palette.GROW if grow else palette.SHRINK
    track: list[Pose] = []
    for x, y, z, *turn in track_of(body):
        quaternion = to_quaternion(turn)
        reach = shapes.reach_down(body.shape, body.radius, quaternion)
        track.append((x, y, round(z + (factor - 1) * reach, 5), *quaternion))
    radius = round(body.radius * factor, 5)
    if grow and not has_room(scene, np.array(track)[:, :3], radius, gap=0.95, ignore=index):
        return None
    topic, size = ("grow", "large") if grow else ("shrink", "small")
    return change_body(topic, {}, index, radius=radius, size=size, position=track[0][:3], track=tuple(track))


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    grown = target.bodies[objects[0]].radius > source.bodies[objects[0]].radius
    return EditFacts("grow" if grown else "shrink", objects)


_GROW = Topic(
    name="grow",
    plain=("make {object} bigger", "enlarge {object}"),
    train=(
        "make {object} larger",
        "let {object} grow",
        "{object} should be bigger",
        "increase the size of {object}",
        "please make {object} bigger",
        "i want {object} to be larger",
        "change {object} to a bigger size",
    ),
    test=(
        "{object} should be larger",
        "please increase the size of {object}",
        "i want {object} to become bigger",
        "please let {object} become larger",
    ),
    wrong_value=lambda facts, source, rng: replace(facts, topic="shrink"),
    implicit=ImplicitWordings(
        frames=("what if {object} were inflated", "show {object} as if it came much nearer to a giant's size")
    ),
)
_SHRINK = Topic(
    name="shrink",
    plain=("make {object} smaller", "shrink {object}"),
    train=(
        "reduce the size of {object}",
        "let {object} shrink",
        "{object} should be smaller",
        "please make {object} smaller",
        "i want {object} to be smaller",
        "change {object} to a smaller size",
    ),
    test=(
        "please shrink {object}",
        "please reduce the size of {object}",
        "i want {object} to become smaller",
        "{object} should become smaller",
    ),
    wrong_value=lambda facts, source, rng: replace(facts, topic="grow"),
    implicit=ImplicitWordings(
        frames=("what if {object} had shrunk in the wash", "show {object} as if it were a toy of itself")
    ),
)

FAMILY = Family(name="resize", propose=_propose, topics=(_GROW, _SHRINK), read_facts=_read_facts)
