"""How a perception's twins compare with the exact ones of the studio.

    python examples/perception_scores.py --seeds 900500 50             # scenes of these seeds, 192 pixels high
    python examples/perception_scores.py --seeds 900500 50 --height 96
    python examples/perception_scores.py PAIRS                         # the source clips of a pair set

Objects are found where their masks over the whole clip overlap (intersection over union) by half or more. Attributes
are those of found objects; what is unknown counts as wrong, and is also counted apart. A relation is right for each
frame in which it holds in both twins, an event where the other twin has it at most one frame earlier or later.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from vireo.evaluation.report.tables import markdown_table
from vireo.pairs.format import one_a_source, read_pairs
from vireo.reasoning.events import complete
from vireo.reasoning.exact_twin import exact_twin
from vireo.reasoning.masks import masks_of
from vireo.reasoning.perception import open_perception
from vireo.reasoning.twin import DigitalTwin
from vireo.types import EditPair
from vireo.video.io import read_clip
from vireo.world.render import Render, render
from vireo.world.sampling import sample_scene
from vireo.world.scene import AnyScene, Scene

ATTRIBUTES = ("category", "color", "material", "size")
SETTING = ("floor", "backdrop", "light", "effects", "watermark")


def of_seeds(first: int, count: int, height: int) -> Iterator[tuple[AnyScene, Render]]:
    for seed in range(first, first + count):
        scene = sample_scene(seed)
        scale = height / scene.height
        look = scene.look.model_copy(update={"blur": scene.look.blur * scale})
        size = {"width": round(scene.width * scale), "height": height, "look": look}
        scene = scene.model_copy(update=size)
        yield scene, render(scene)


def of_pairs(folder: Path, count: int) -> Iterator[tuple[AnyScene, Render]]:
    pairs = list(read_pairs(folder, EditPair))
    for pair in [pairs[row] for row in one_a_source(pairs)][:count]:
        assert pair.instances is not None, "pairs of the studio have instances"
        frames, instances = (read_clip(folder / path).frames for path in (pair.source, pair.instances))
        yield Scene.model_validate(pair.scene), Render(frames, frames, instances[..., 0], None)


class Scores:
    """Counts over clips."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.overlaps: list[float] = []
        self.confidences: defaultdict[str, list[tuple[float, bool]]] = defaultdict(list)

    def add(self, found: DigitalTwin, true: DigitalTwin) -> None:
        names = self.match(found, true)
        for name, other in names.items():
            for key in ATTRIBUTES:
                value, right = found.by_id[name].value(key), true.by_id[other].value(key)
                self._count(f"object's {key}", value, right)
                entry = found.by_id[name]
                chance = (entry.category if key == "category" else entry.attributes[key]).confidence
                self.confidences[key].append((chance, value == right))
        for key in SETTING:
            if key in true.scene:
                self._count(f"scene's {key}", found.scene[key].value, true.scene[key].value)
        if true.camera.motion.value is not None:
            self._count("camera", found.camera.motion.value, true.camera.motion.value)
        self._relations(found, true, names)
        self._events(found, true, names)

    def _count(self, key: str, value: str | None, right: str | None) -> None:
        self.counts[key].update(n=1, right=value == right, unknown=value is None)

    def match(self, found: DigitalTwin, true: DigitalTwin) -> dict[str, str]:
        """Ids of found objects, and of the true ones that they are."""
        ours = [masks_of(entry.track, found.width, found.height) for entry in found.objects]
        theirs = [_resampled(masks_of(e.track, true.width, true.height), found) for e in true.objects]
        overlaps = np.array([[(a & b).sum() / max((a | b).sum(), 1) for b in theirs] for a in ours])
        overlaps = overlaps.reshape(len(ours), len(theirs))
        pairs = [(a, b) for a, b in zip(*linear_sum_assignment(-overlaps), strict=True) if overlaps[a, b] >= 0.5]
        self.counts["objects"].update(right=len(pairs), found=len(ours), true=len(theirs))
        self.overlaps += [float(overlaps[pair]) for pair in pairs]
        return {found.objects[a].id: true.objects[b].id for a, b in pairs}

    def _relations(self, found: DigitalTwin, true: DigitalTwin, names: dict[str, str]) -> None:
        ours, theirs = _held(found, names), _held(true, {name: name for name in true.by_id})
        for kind in {key[0] for key in ours | theirs}:
            mine, right = {key for key in ours if key[0] == kind}, {key for key in theirs if key[0] == kind}
            for name in ("relations", f"relation {kind}"):
                self.counts[name].update(right=len(mine & right), found=len(mine), true=len(right))

    def _events(self, found: DigitalTwin, true: DigitalTwin, names: dict[str, str]) -> None:
        ours = [
            (
                e.kind,
                *_pair(e.kind, names.get(e.subject, e.subject + "?"), names.get(e.object or "", e.object)),
                e.frame,
            )
            for e in found.events
        ]
        theirs = [(e.kind, *_pair(e.kind, e.subject, e.object), e.frame) for e in true.events]
        for kind in {event[0] for event in [*ours, *theirs]}:
            mine, right = [e for e in ours if e[0] == kind], [e for e in theirs if e[0] == kind]
            same = np.array([[a[:-1] == b[:-1] and abs(a[-1] - b[-1]) <= 1 for b in right] for a in mine])
            same = same.reshape(len(mine), len(right)).astype(bool)
            hits = int(same[linear_sum_assignment(~same)].sum())
            for name in ("events", f"event {kind}"):
                self.counts[name].update(right=hits, found=len(mine), true=len(right))

    def table(self) -> str:
        rows = []
        for name in sorted(self.counts):
            count = self.counts[name]
            if "found" in count and not count["found"] + count["true"]:
                continue
            if "found" in count:
                precision, recall = (count["right"] / max(count[other], 1) for other in ("found", "true"))
                total = 2 * count["right"] / max(count["found"] + count["true"], 1)
                rows.append([name, str(count["true"]), f"{total:.3f}", f"{precision:.3f}", f"{recall:.3f}"])
            else:
                share, unknown = count["right"] / max(count["n"], 1), count["unknown"] / max(count["n"], 1)
                rows.append([name, str(count["n"]), f"{share:.3f}", f"unknown {unknown:.3f}", ""])
        rows.append(["overlap of objects", str(len(self.overlaps)), f"{np.mean(self.overlaps or [0]):.3f}", "", ""])
        for key, pairs in self.confidences.items():
            chances, right = np.array(pairs).T
            rows.append(
                [f"calibration of {key} (ECE)", str(len(pairs)), f"{calibration_error(chances, right):.3f}", "", ""]
            )
        return markdown_table(["what", "n", "F1 or share", "precision", "recall"], rows)


def _pair(kind: str, subject: str, other: str | None) -> tuple[str, str]:
    """A collision is one whichever of the two is said to have come faster."""
    first, second = sorted((subject, other or "")) if kind in ("collides", "touching") else (subject, other or "")
    return first, second


def _held(twin: DigitalTwin, names: dict[str, str]) -> set[tuple[str, str, str, int]]:
    """(kind, subject, object, frame) of all relations."""
    return {
        (
            link.kind,
            *_pair(link.kind, names.get(link.subject, link.subject + "?"), names.get(link.object, link.object + "?")),
            frame,
        )
        for link in twin.relations
        for start, end in link.spans
        for frame in range(start, end)
    }


def _resampled(masks: np.ndarray, twin: DigitalTwin) -> np.ndarray:
    rows = (np.arange(twin.height) + 0.5) * masks.shape[1] / twin.height
    columns = (np.arange(twin.width) + 0.5) * masks.shape[2] / twin.width
    return masks[:, rows.astype(int)[:, None], columns.astype(int)]


def calibration_error(chances: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error over ten bins."""
    bins = np.minimum((chances * 10).astype(int), 9)
    gaps = [abs(chances[bins == b].sum() - right[bins == b].sum()) for b in range(10)]
    return float(sum(gaps) / len(chances))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="?", help="folder of a pair set")
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FIRST", "COUNT"), help="scenes to render instead")
    parser.add_argument("--height", type=int, default=192, help="of rendered scenes, in pixels")
    parser.add_argument("--limit", type=int, default=200, help="most clips of a pair set")
    parser.add_argument("--perception", default="mini", help='"mini" or a folder of weights')
    arguments = parser.parse_args()
    if (arguments.pairs is None) == (arguments.seeds is None):
        parser.error("give a pair set or --seeds")
    perception, scores, seconds = open_perception(arguments.perception), Scores(), 0.0
    clips = (
        of_pairs(arguments.pairs, arguments.limit)
        if arguments.pairs
        else of_seeds(*arguments.seeds, height=arguments.height)
    )
    frames = 0
    for scene, shot in clips:
        times = [frame / scene.fps for frame in range(scene.frames)]
        begin = time.process_time()
        found = complete(perception.perceive(shot.frames, times))
        seconds, frames = seconds + time.process_time() - begin, frames + len(times)
        scores.add(found, exact_twin(scene, shot))
    print(scores.table())
    print(f"{1000 * seconds / frames:.1f} ms of processor time a frame")


if __name__ == "__main__":
    main()
