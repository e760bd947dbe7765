"""Makes pair sets: many scenes, several edits of each, as files (contract "Pair set").

Work goes by scenes. A finished scene leaves a record in DIR/.parts, so that a killed run goes on where it
was; `pairs.jsonl` appears when all is done. What a scene gives depends on its seed and families alone, never
on which process made it.
"""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.queues import Queue
from pathlib import Path
from typing import get_args

from vireo.errors import InputError
from vireo.runtime import available_cores, end_with_parent, whole_file
from vireo.types import TEST_SEED, OnCount, Split
from vireo.world.families import FAMILIES, FAMILY_NAMES, FOOTAGE_FAMILIES, SIZED_FAMILIES
from vireo.world.scene import STANDARD_SIZE, SceneKind

EDITS_A_SCENE = 6
"""Most edits that share one source clip."""

LARGEST = 4096
"""Greatest width of a clip in pixels."""

_ROUNDS = 40
_PARTS, _PLAN = ".parts", "plan.json"


@dataclass(frozen=True, kw_only=True)
class PairSetSpec:
    """All that decides the bytes of a pair set.

    count: number of pairs, balanced over the families.
    seed: of the first scene; scenes have the seeds from there on. Train seeds are below 1 000 000, test
        seeds at or above.
    families: by default all for the test split, those `in_training` for the training split; of footage those whose
        result is a function of the frames. Sets that are to stay the same name them.
    scenes: tabletops rendered by the studio, or footage drawn from nothing (see `vireo.world.canvases`).
    size: width and height of the clips of the studio, by default STANDARD_SIZE by STANDARD_SIZE; others for
        `SIZED_FAMILIES` alone.
    """

    count: int
    seed: int
    split: Split = "train"
    families: Sequence[str] | None = None
    scenes: SceneKind = "studio"
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Job:
    """One scene to make: its seed, the families of edits wanted of it, and the set that it is for."""

    folder: str
    seed: int
    families: tuple[str, ...]
    spec: PairSetSpec


def make_pairs(
    folder: str | Path, spec: PairSetSpec, *, workers: int | None = None, on_progress: OnCount | None = None
) -> None:
    """Makes a pair set.

    workers: processes, by default one for each core this process may use.
    on_progress: called with (pairs made, count) after each scene.

    The same spec gives the same bytes. Called again on an unfinished folder, it goes on; on a finished
    one it does nothing. Raises InputError for a spec that makes no sense, for a folder that holds something
    else, and StudioError where the studio cannot render.
    """
    folder, spec = Path(folder), checked(spec)
    if not _open_folder(folder, spec):
        return
    chosen, count = tuple(spec.families or ()), spec.count
    need = {name: count // len(chosen) + (index < count % len(chosen)) for index, name in enumerate(chosen)}
    pairs: list[dict] = []
    following = spec.seed
    with _workers(workers or available_cores()) as run:
        for _ in range(_ROUNDS):
            jobs = plan_jobs(folder, following, need, spec)
            if not jobs:
                break
            _check_range(spec.split, jobs[-1].seed)
            following += len(jobs)
            for made in run(jobs):
                pairs += made
                for pair in made:
                    need[pair["family"]] -= 1
                if on_progress:
                    on_progress(len(pairs), count)
    missing = ", ".join(name for name, left in need.items() if left)
    if missing:
        raise InputError(f"too few scenes allow the edits {missing}", "ask for other families")
    with whole_file(folder / "pairs.jsonl") as temporary, temporary.open("w", encoding="utf-8") as lines:
        for pair in pairs:
            lines.write(json.dumps(pair, ensure_ascii=False) + "\n")
    _close_folder(folder)


def checked(spec: PairSetSpec) -> PairSetSpec:
    """The spec with its families named. Raises InputError where it makes no sense."""
    if spec.count < 1:
        raise InputError(f"cannot make {spec.count} pairs", "ask for 1 or more")
    if spec.split not in get_args(Split):
        raise InputError(f"there is no split {spec.split!r}", "use train or test")
    if spec.seed < 0:
        raise InputError(f"the seed {spec.seed} is negative", "use a seed of 0 or more")
    _check_range(spec.split, spec.seed)
    scenes, size = spec.scenes, spec.size
    if scenes not in get_args(SceneKind):
        raise InputError(f"there are no scenes {scenes!r}", f"choose one of {', '.join(get_args(SceneKind))}")
    if size is not None and scenes != "studio":
        raise InputError(f"clips of {scenes} have one size", "leave the size out; only the studio's can have another")
    if size is not None and not (STANDARD_SIZE <= size[1] <= size[0] <= min(LARGEST, 2 * size[1])):
        what = f"clips are not made at {size[0]}x{size[1]}"
        raise InputError(what, f"they are {STANDARD_SIZE} to {LARGEST} wide, and once to twice as wide as high")
    possible = FOOTAGE_FAMILIES if scenes == "footage" else FAMILY_NAMES if size is None else SIZED_FAMILIES
    if spec.families is None:
        wanted = (name for name in possible if spec.split == "test" or FAMILIES[name].in_training)
        return replace(spec, families=tuple(wanted))
    unknown = [name for name in spec.families if name not in possible]
    if unknown or not spec.families:
        kind = scenes if size is None else f"{scenes} at {size[0]}x{size[1]}"
        what = f"there is no family {', '.join(unknown)} of {kind}" if unknown else "no family is given"
        raise InputError(what, f"choose from {', '.join(possible)}")
    return replace(spec, families=tuple(dict.fromkeys(spec.families)))


def _check_range(split: Split, seed: int) -> None:
    if (split == "test") != (seed >= TEST_SEED):
        fix = f"use seeds from {TEST_SEED} on" if split == "test" else f"use seeds below {TEST_SEED}, or --split test"
        raise InputError(f"scene seed {seed} is not of the {split} split", fix)


def _open_folder(folder: Path, spec: PairSetSpec) -> bool:
    """Prepares the folder; False where the same set already lies there finished."""
    plan, parts = json.dumps(asdict(spec)), folder / _PARTS
    record = parts / _PLAN if (parts / _PLAN).exists() else folder / _PLAN
    if record.exists():
        if {"scenes": "studio", "size": None} | json.loads(record.read_text()) != json.loads(plan):
            raise InputError(f"{folder} holds another pair set", "choose another folder or delete it")
        if (folder / "pairs.jsonl").exists():
            _close_folder(folder)  # may have been killed before
            return False
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is no unfinished pair set", "choose a new or empty folder")
    for name in ("videos", "images", _PARTS):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for stray in (folder / name).glob(".*"):  # half files of a killed run
            stray.unlink()
    if not record.exists():
        with whole_file(parts / _PLAN) as temporary:
            temporary.write_text(plan)
    return True


def _close_folder(folder: Path) -> None:
    """The last steps of a finished set."""
    if (folder / _PARTS / _PLAN).exists():
        shutil.move(folder / _PARTS / _PLAN, folder / _PLAN)
    shutil.rmtree(folder / _PARTS, ignore_errors=True)


def plan_jobs(folder: Path, seed: int, need: dict[str, int], spec: PairSetSpec) -> list[Job]:
    """Scenes, from `seed` on, that would fill the need if every edit worked out, each family once a scene."""
    left, waiting, jobs = dict(need), list(need), []
    while any(left.values()):
        taken = [name for name in waiting if left[name] > 0][:EDITS_A_SCENE]
        for name in taken:
            left[name] -= 1
        next_up = waiting.index(taken[-1]) + 1
        waiting = waiting[next_up:] + waiting[:next_up]
        jobs.append(Job(str(folder), seed + len(jobs), tuple(taken), spec))
    return jobs


@contextmanager
def _workers(count: int) -> Iterator[Callable[[list[Job]], Iterable[list[dict]]]]:
    """Runs jobs in the order given, in this process or in a pool of pinned ones."""
    if count == 1:
        yield lambda jobs: map(run_job, jobs)
        return
    method = multiprocessing.get_context("spawn")
    cores = method.Queue()
    for core in sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(count):
        cores.put(core)
    pool = method.Pool(count, initializer=_pin, initargs=(cores,))
    try:
        yield lambda jobs: pool.imap(run_job, jobs)
    finally:
        pool.terminate()
        pool.join()


def _pin(cores: Queue) -> None:
    """Takes a core for this process; the queue hands each out once and then again from the front."""
    end_with_parent()
    core = cores.get()
    cores.put(core)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"


def run_job(job: Job) -> list[dict]:
    """The pairs of one scene, made now or read from the record of an earlier run."""
    path = Path(job.folder) / _PARTS / f"{job.seed:07d}.json"
    if path.exists():
        return json.loads(path.read_text())
    from vireo.world.produce import produce  # the studio is only opened where something is to be made

    pairs = [pair.model_dump(mode="json") for pair in produce(job)]
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(pairs, ensure_ascii=False))
    return pairs
