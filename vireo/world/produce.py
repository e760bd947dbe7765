"""Makes the pairs of one scene: draws edits, renders, keeps what shows, writes the files."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from vireo.runtime import whole_file
from vireo.types import Alternative, EditPair, Split
from vireo.video.io import write_lossless
from vireo.world import language
from vireo.world.captions import caption
from vireo.world.families import FAMILIES, Change, Situation, draw_changes
from vireo.world.families.record import LEAST_CHOICE
from vireo.world.footage import sample_footage
from vireo.world.generate import Job
from vireo.world.render import Render, render
from vireo.world.sampling import sample_scene
from vireo.world.scene import STANDARD_SIZE, AnyScene, Backdrop, Body, Camera, Floor, Lamp, Light, Scene
from vireo.world.visibility import visible_objects

MASK_LEVEL = 2
"""Clean renders that differ by more than this (of 255, in any channel) differ."""

LEAST_AREA, LEAST_CHANGE = 0.008, 20.0
"""An edit must change this share of all pixels, and them by this root mean square (of 255)."""

_TRIES = 6
_EDITABLE_PIXELS, _EDITABLE_ALWAYS = 70, 30

_REFERENCE_CAMERA = Camera(elevation=20.0, distance=2.9, fov=21.0, target=(0.0, 0.0, 0.28))
_REFERENCE_LAMP = Lamp(direction=(0.35, 0.55, -0.76), color=(0.75, 0.75, 0.75))
_REFERENCE_LIGHT = Light(lamps=(_REFERENCE_LAMP,), ambient=(0.36, 0.36, 0.36))


@dataclass(frozen=True)
class _Result:
    """A scene that an edit may lead to, with its render and mask."""

    target: AnyScene
    after: Render
    mask: np.ndarray


@dataclass(frozen=True)
class _Edit:
    """An edit that shows: its changes, scenes and renders. results: one, or all that the words allow."""

    changes: tuple[Change, ...]
    source: AnyScene
    before: Render
    results: list[_Result]
    instruction: str
    paraphrases: list[str]


def mask_between(a: Render, b: Render) -> np.ndarray:
    """uint8 (T, H, W): 255 where the clean renders differ by more than MASK_LEVEL in any channel."""
    gap = np.abs(a.clean.astype(np.int16) - b.clean.astype(np.int16)).max(-1)
    return np.where(gap > MASK_LEVEL, 255, 0).astype(np.uint8)


def shows(before: Render, after: Render, mask: np.ndarray) -> bool:
    """Whether the edit is large and strong enough to be seen."""
    inside = mask > 0
    if inside.mean() < LEAST_AREA:
        return False
    gap = before.frames[inside].astype(np.float64) - after.frames[inside]
    return float(np.sqrt((gap**2).mean())) >= LEAST_CHANGE


def produce(job: Job) -> list[EditPair]:
    """Makes up to one pair of each family from one scene and writes their files.

    Edits are chosen at the standard height, whatever the size of the clips. A family of which no visible edit was
    found after a few tries gives no pair.
    """
    spec, size = job.spec, job.spec.size
    if spec.scenes == "footage":
        scene = sample_footage(job.seed)
    else:
        scene = sample_scene(job.seed, STANDARD_SIZE if size is None else round(STANDARD_SIZE * size[0] / size[1]))
    base = render(scene)
    assert base.instances is not None, "rendered without truth"
    seen = visible_objects(scene, base.instances)
    large = sorted(entry.index for entry in seen if entry.pixels >= _EDITABLE_PIXELS)
    least = {index: (base.instances == index + 1).sum((1, 2)).min() for index in large}
    now = Situation(scene, seen, tuple(index for index in large if least[index] >= _EDITABLE_ALWAYS))
    found = {}
    for family in job.families:
        edit = _find(now, base, family, spec.split)
        if edit is not None:
            found[family] = edit
    if not found:
        return []
    if size is not None:
        scene = _enlarged(scene, size)
        base = render(scene)
        found = {family: _at_size(edit, size, scene, base) for family, edit in found.items()}
    assert base.instances is not None, "rendered without truth"
    folder, shared = Path(job.folder), f"videos/{job.seed:07d}-source.mkv"
    write_lossless(folder / shared, base.frames, scene.fps)
    write_lossless(folder / f"videos/{job.seed:07d}-instances.mkv", base.instances, scene.fps, gray=True)
    return [_write(job, family, edit, base, shared) for family, edit in found.items()]


def _enlarged(scene: AnyScene, size: tuple[int, int]) -> AnyScene:
    """The same scene filmed with more pixels."""
    look = scene.look.model_copy(update={"blur": scene.look.blur * size[1] / scene.height})
    return scene.model_copy(update={"width": size[0], "height": size[1], "look": look})


def _at_size(edit: _Edit, size: tuple[int, int], scene: AnyScene, base: Render) -> _Edit:
    """The edit at another size; scene, base: what it was drawn for, and its render, at that size."""
    source = _enlarged(edit.source, size)
    before = _rendered(source, (scene, base))
    results = [_result(_enlarged(each.target, size), (source, before), (scene, base)) for each in edit.results]
    return replace(edit, source=source, before=before, results=results)


_Filmed = tuple[AnyScene, Render]


def _rendered(scene: AnyScene, *known: _Filmed) -> Render:
    """Nothing is rendered twice. known: what has been rendered."""
    for other, made in known:
        if other == scene:
            return made
    return render(scene, truth=False)


def _result(target: AnyScene, source: _Filmed, base: _Filmed) -> _Result:
    after = _rendered(target, source, base)
    return _Result(target, after, mask_between(source[1], after))


def _find(now: Situation, base: Render, family: str, split: Split) -> _Edit | None:
    rng = np.random.default_rng([now.scene.seed, zlib.crc32(family.encode())])
    for _ in range(_TRIES):
        changes = draw_changes(family, now, rng)
        if not changes:
            continue
        phrased = language.instruct(changes, now.visible, split, rng)
        if phrased is None:
            continue
        source = now.scene
        for change in changes:
            source = change.alter_source(source)
        before = _rendered(source, (now.scene, base))
        made = (_result(target, (source, before), (now.scene, base)) for target in _targets(changes, source))
        results = [each for each in made if FAMILIES[family].changes_nothing or shows(before, each.after, each.mask)]
        if len(results) >= (LEAST_CHOICE if changes[0].others else 1):
            return _Edit(changes, source, before, results, *phrased)
    return None


def _targets(changes: Sequence[Change], source: AnyScene) -> Iterator[AnyScene]:
    """What the changes make of a scene, then what else the words of a single one allow."""
    target = source
    for change in sorted(changes, key=lambda change: change.removes):  # last, so that indices keep their meaning
        target = change.apply(target)
    yield target
    if len(changes) == 1:
        yield from (apply(source) for apply in changes[0].others)


def _concerned(changes: Sequence[Change]) -> list[int]:
    """The objects of one change in the order in which it names them, those of several in their order in the scene."""
    if len(changes) == 1:
        return list(changes[0].objects)
    return sorted({index for change in changes for index in change.objects})


def draw_reference(body: Body) -> np.ndarray:
    """The reference picture uint8 (STANDARD_SIZE, STANDARD_SIZE, 3): the body as it stands, from near, alone on neutral
    gray, under standard light."""
    scene = Scene(
        seed=0,
        frames=1,
        bodies=(body.model_copy(update={"track": ((*body.position, *body.quaternion),)}),),
        camera=_REFERENCE_CAMERA,
        light=_REFERENCE_LIGHT,
        floor=Floor(kind="plain"),
        backdrop=Backdrop(kind="plain"),
    )
    return render(scene, truth=False).frames[0]


def _write(job: Job, family: str, edit: _Edit, base: Render, shared: str) -> EditPair:
    folder, name, fps = Path(job.folder), f"{job.seed:07d}-{family}", edit.source.fps

    def video(part: str, frames: np.ndarray, gray: bool = False) -> str:
        path = f"videos/{name}-{part}.mkv"
        write_lossless(folder / path, frames, fps, gray=gray)
        return path

    source = shared if edit.before is base else video("source", edit.before.frames)
    results = []
    for number, each in enumerate(edit.results):
        mark = f"-{number}" if number else ""
        if each.after is edit.before:
            path = source
        else:
            path = shared if each.after is base else video(f"target{mark}", each.after.frames)
        mask, scene = video(f"mask{mark}", each.mask, gray=True), each.target.model_dump(mode="json")
        told = caption(each.target)
        results.append(Alternative(target=path, mask=mask, target_caption=told, target_scene=scene))
    first, *others = results
    pictured = [change.reference_object for change in edit.changes if change.reference_object is not None]
    reference = None
    if pictured:
        reference = f"images/{name}.png"
        with whole_file(folder / reference) as temporary:
            Image.fromarray(draw_reference(pictured[0])).save(temporary, "PNG")
    return EditPair(
        id=name,
        family=family,
        seed=job.seed,
        split=job.spec.split,
        source=source,
        target=first.target,
        mask=first.mask,
        instruction=edit.instruction,
        paraphrases=edit.paraphrases,
        source_caption=caption(edit.source),
        target_caption=first.target_caption,
        reference=reference,
        scene=edit.source.model_dump(mode="json"),
        target_scene=first.target_scene,
        instances=f"videos/{job.seed:07d}-instances.mkv",
        concerned=_concerned(edit.changes),
        alternatives=others,
    )
