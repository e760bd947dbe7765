"""StudioRVE: implicit queries on clips in which things happen, with exact plans, twins and results.

Shaped as RIVER describes RVEBenchmark: 100 videos, 519 queries, three levels (one, two, three or more hops) of three
categories (semantic, spatial, temporal), evenly. The paper's queries are people's on real videos; ours are drawn by
templates on the studio's, so that the right plan and the right pixels are known.

DIR/pairs.jsonl, videos/   a pair set; what a pair asks for stands in its `reasoning` (see `_reasoning`)
DIR/twins/SEED.json        the exact twin of each clip
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from vireo.errors import InputError
from vireo.reasoning.exact_twin import exact_twin, scene_objects
from vireo.reasoning.hops import Language
from vireo.reasoning.literal import name_object, without_article
from vireo.reasoning.plan import Plan, Step
from vireo.reasoning.query_language.draft import Unfit
from vireo.reasoning.query_language.drawing import Query, draw_query
from vireo.reasoning.query_language.twin_clip import TwinClip, plan_of
from vireo.reasoning.twin import DigitalTwin
from vireo.runtime import whole_file
from vireo.types import EditPair, OnCount, Split
from vireo.video.io import write_lossless
from vireo.world.appearance import material_fits, pick
from vireo.world.captions import caption
from vireo.world.families import FAMILIES, Change
from vireo.world.families.material import made_of
from vireo.world.families.recolor import recolored
from vireo.world.families.remove import removed
from vireo.world.families.replace import replaced
from vireo.world.families.resize import resized
from vireo.world.happenings import sample_happening
from vireo.world.produce import mask_between, shows
from vireo.world.render import Render, render
from vireo.world.scene import Color, Material, Scene, Shape

CATEGORIES, LEVELS = ("semantic", "spatial", "temporal"), (1, 2, 3)
CELLS = tuple((category, level) for level in LEVELS for category in CATEGORIES)

_PARTS = ".parts"
_REQUESTS = {1: ((1,),), 2: ((2,), (2,), (1,), (0,)), 3: ((3,), (3,), (2,))}
"""Levels of requests (`request_edit`) that are drawn for so many hops; a time is a hop, too."""

_TRIES = 700
_REWORDINGS = 2


@dataclass(frozen=True, kw_only=True)
class StudioRVE:
    """What decides the bytes of the set. seed: of the first scene. Never change the defaults."""

    videos: int = 100
    queries: int = 519
    seed: int = 3_000_000
    split: Split = "test"


def make_studiorve(
    folder: Path, language: Language, spec: StudioRVE | None = None, on_progress: OnCount | None = None
) -> None:
    """Makes the set; called again on an unfinished folder it goes on, on a finished one it does nothing.

    Raises InputError for a folder that holds something else, and StudioError where the studio cannot render.
    """
    spec = spec or StudioRVE()
    plan = folder / "plan.json"
    if plan.exists():
        if json.loads(plan.read_text()) != asdict(spec):
            raise InputError(f"{folder} holds another set", "choose another folder or delete it")
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} exists and is no unfinished set", "choose a new or empty folder")
    for name in ("videos", "twins", _PARTS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not plan.exists():
        with whole_file(plan) as temporary:
            temporary.write_text(json.dumps(asdict(spec)))
    if (folder / "pairs.jsonl").exists():
        return
    pairs: list[EditPair] = []
    seed = spec.seed
    for number in range(spec.videos):
        cells = [CELLS[query % len(CELLS)] for query in range(*_queries(number, spec))]
        found: list[EditPair] = []
        while len(found) < len(cells):  # a clip without one of them is passed over
            found = _scene_pairs(folder, seed, cells, language, spec)
            seed += 1
        pairs += found
        if on_progress:
            on_progress(len(pairs), spec.queries)
    with whole_file(folder / "pairs.jsonl") as temporary, temporary.open("w", encoding="utf-8") as lines:
        for pair in pairs:
            lines.write(json.dumps(pair.model_dump(mode="json"), ensure_ascii=False) + "\n")
    shutil.rmtree(folder / _PARTS)


def _queries(video: int, spec: StudioRVE) -> tuple[int, int]:
    """The first query of a video and the one behind its last: as many for each video, up to one."""
    return video * spec.queries // spec.videos, (video + 1) * spec.queries // spec.videos


def _twin_path(seed: int) -> str:
    return f"twins/{seed:07d}.json"


def _scene_pairs(
    folder: Path, seed: int, cells: Sequence[tuple[str, int]], language: Language, spec: StudioRVE
) -> list[EditPair]:
    """A pair for each of these cells of one scene, made now or read from the record of an earlier run; none where one
    of them cannot be had."""
    record = folder / _PARTS / f"{seed:07d}.json"
    if record.exists():
        return [EditPair.model_validate(entry) for entry in json.loads(record.read_text())]
    scene = sample_happening(seed)
    before = render(scene)
    twin = exact_twin(scene, before)
    assert before.instances is not None, "rendered without truth"
    bodies = scene_objects(before.instances)
    found = []
    for cell in cells:
        one = _find(scene, before, twin, bodies, language, cell)
        if one is None:
            found = []
            break
        found.append(one)
    pairs = [_write(folder, scene, before, twin, one, spec.split) for one in found]
    if pairs:
        write_lossless(folder / pairs[0].source, before.frames, scene.fps)
        write_lossless(folder / str(pairs[0].instances), before.instances, scene.fps, gray=True)
        with whole_file(folder / _twin_path(seed)) as temporary:
            temporary.write_text(twin.model_dump_json())
    with whole_file(record) as temporary:
        temporary.write_text(json.dumps([pair.model_dump(mode="json") for pair in pairs], ensure_ascii=False))
    return pairs


@dataclass(frozen=True)
class _Found:
    """A query of a cell, with its wordings, plan and exact result."""

    category: str
    level: int
    query: Query
    rewordings: list[str]
    plan: Plan
    target: Scene
    after: Render
    mask: np.ndarray
    index: int


def hops_of(query: Query) -> int:
    """Calls that ask."""
    return len(query.answers)


def _find(
    scene: Scene,
    before: Render,
    twin: DigitalTwin,
    bodies: dict[str, int],
    language: Language,
    cell: tuple[str, int],
) -> _Found | None:
    (category, level), seed = cell, (scene.seed, CELLS.index(cell))
    clip, choices = TwinClip(twin), np.random.default_rng(seed)
    for number in range(_TRIES):
        levels = pick(choices, _REQUESTS[level])

        def drawn(stream: int, held_out: bool, number: int = number, levels: tuple[int, ...] = levels) -> Query:
            rng, words = (np.random.default_rng((*seed, number, key)) for key in (0, stream))
            wordings = "held_out" if held_out else "train"
            return draw_query(rng, words, clip, language.vocabulary, levels, wordings, "any")

        try:
            query = drawn(1, False)
            if (query.category, min(hops_of(query), LEVELS[-1])) != (category, level):
                continue
            plan = plan_of(query, twin, language)
        except Unfit:
            continue
        fit = len(plan.steps) == 1 and _unique(plan.steps[0], twin) and _leads_on(query, plan.steps[0])
        change = _change(scene, plan, bodies) if fit else None
        if change is None:
            continue
        target = change.apply(scene)
        assert isinstance(target, Scene), type(target)
        after, mask = _filmed(target, before, plan.steps[0], twin)
        if shows(before, after, mask):
            texts = [drawn(2 + count, True).text for count in range(_REWORDINGS)]
            return _Found(category, level, query, texts, plan, target, after, mask, change.objects[0])
    return None


def _unique(step: Step, twin: DigitalTwin) -> bool:
    """Whether the editor can tell the object by its name."""
    ids = [target.id for target in step.targets]
    return len(ids) == 1 and ids[0] is not None and name_object(twin, twin.by_id[ids[0]]).unique


def _leads_on(query: Query, step: Step) -> bool:
    """Whether the object is found once: who has named it already has no need of asking for it."""
    return sum(answer.ids == (step.targets[0].id,) for answer in query.answers) == 1


def _filmed(target: Scene, before: Render, step: Step, twin: DigitalTwin) -> tuple[Render, np.ndarray]:
    """The render of the result and its mask; outside of the step's time it is the source."""
    after = render(target, truth=False)
    if step.span is not None:
        outside = np.array([not step.span[0] <= time < step.span[1] for time in twin.times])
        frames, clean = after.frames.copy(), after.clean.copy()
        frames[outside], clean[outside] = before.frames[outside], before.clean[outside]
        after = Render(frames, clean, None, None)
    return after, mask_between(before, after)


def _change(scene: Scene, plan: Plan, bodies: dict[str, int]) -> Change | None:
    """The change of the scene that a plan's only step is; None where it would change nothing, or cannot be."""
    step = plan.steps[0]
    make = _CHANGES.get(step.operation)
    return None if make is None else make(scene, bodies[str(step.targets[0].id)], step.parameters)


def _recolor(scene: Scene, index: int, values: dict[str, str]) -> Change | None:
    body, color = scene.bodies[index], cast(Color, values["color"])
    return recolored(index, color) if color != body.color and material_fits(body.material, body.shape, color) else None


def _material(scene: Scene, index: int, values: dict[str, str]) -> Change | None:
    body, material = scene.bodies[index], cast(Material, values["material"])
    fits = material != body.material and material_fits(material, body.shape, body.color)
    return made_of(body, index, material) if fits else None


def _replace(scene: Scene, index: int, values: dict[str, str]) -> Change | None:
    body, shape = scene.bodies[index], cast(Shape, without_article(values["shape"]))
    return replaced(body, index, shape, shape) if shape != body.shape else None


_CHANGES: dict[str, Callable[[Scene, int, dict[str, str]], Change | None]] = {
    "recolor": _recolor,
    "material": _material,
    "replace": _replace,
    "remove": lambda scene, index, values: removed(index),
    "grow": lambda scene, index, values: resized(scene, index, grow=True),
    "shrink": lambda scene, index, values: resized(scene, index, grow=False),
}
_FAMILY = {"grow": "resize", "shrink": "resize"}


def _write(folder: Path, scene: Scene, before: Render, twin: DigitalTwin, found: _Found, split: Split) -> EditPair:
    name = f"{scene.seed:07d}-{found.category}-{found.level}"
    target, mask = f"videos/{name}-target.mkv", f"videos/{name}-mask.mkv"
    write_lossless(folder / target, found.after.frames, scene.fps)
    write_lossless(folder / mask, found.mask, scene.fps, gray=True)
    operation = found.plan.steps[0].operation
    family = _FAMILY.get(operation, operation)
    assert family in FAMILIES, family
    return EditPair(
        id=name,
        family=family,
        seed=scene.seed,
        split=split,
        source=f"videos/{scene.seed:07d}-source.mkv",
        target=target,
        mask=mask,
        instruction=found.query.text,
        paraphrases=found.rewordings,
        source_caption=caption(scene),
        target_caption=caption(found.target),
        reasoning=_reasoning(found, scene.seed),
        scene=scene.model_dump(mode="json"),
        target_scene=found.target.model_dump(mode="json"),
        instances=f"videos/{scene.seed:07d}-instances.mkv",
        concerned=[found.index],
    )


def _reasoning(found: _Found, seed: int) -> dict[str, Any]:
    """What a pair's query comes to: its place in the benchmark, why, in literal words, as a plan, when and for what."""
    step = found.plan.steps[0]
    return {
        "source": "river",
        "kind": "implicit",
        "category": found.category,
        "level": found.level,
        "explanation": "; ".join(reason.text for reason in step.reasons),
        "literal_instruction": step.instruction,
        "plan": found.plan.model_dump(mode="json"),
        "time_span": step.span,
        "targets": [target.id for target in step.targets],
        "twin": _twin_path(seed),
    }
