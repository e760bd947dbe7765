"""Mini's perception: a small network for single pictures, and what follows from many of them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import label
from scipy.special import softmax
from transformers import UperNetForSemanticSegmentation

from vireo.errors import InputError, ModelError
from vireo.models.weights import check_weights, foreign_weights
from vireo.reasoning.masks import track_of
from vireo.reasoning.perception.camera_shift import GroundTracker, Rig, as_affine, camera_motion, lifted
from vireo.reasoning.perception.frames import checked_frames
from vireo.reasoning.perception.grouping import Detection, group_objects
from vireo.reasoning.perception.network import CELL, SHORT_SIDE, STRIDE, dense_outputs, heads_of, to_input
from vireo.reasoning.perception.pieces import joined, without_pieces
from vireo.reasoning.perception.tracking import Sighted, smooth_depths, track_objects
from vireo.reasoning.perception.visibility import seen_shares
from vireo.reasoning.twin import Attribute, Camera, DigitalTwin, SeenText, TwinObject
from vireo.runtime import autocast
from vireo.video.operations import luma
from vireo.world.scene import Camera as StudioCamera

WEIGHTS = Path(__file__).parents[2] / "weights" / "perception"

OBJECT_HEADS = ("category", "color", "material", "size")
SCENE_HEADS = ("floor", "backdrop", "light", "effects")

LEAST_TRUST = 0.3
"""Confidence under which something is unknown rather than guessed."""

COLORLESS = ("gray", "sepia", "sketch")
"""Effects under which colours are not to be seen, though brightness suggests some."""

_BATCH = 8
_MARK = 0.5
"""Mean probability from which a cell is under a watermark."""

_USUAL_ELEVATION = 21.5
"""Degrees; the studio draws 18 to 25."""

_MIDDLE = 0.2
"""Height in metres above the floor of the middles of the studio's objects."""


def _studio_rig() -> Rig:
    camera = StudioCamera()
    elevation = math.radians(_USUAL_ELEVATION)
    height = camera.target[2] + camera.distance * math.sin(elevation)
    return Rig(0.5 / math.tan(math.radians(camera.fov) / 2), elevation, _MIDDLE / height)


class _Seen(NamedTuple):
    """What the network and the ground tracker make of one frame.

    mark: probabilities (values, rows, columns). scene: log probabilities of each head of the scene.
    """

    objects: list[Detection]
    mark: np.ndarray
    scene: dict[str, np.ndarray]
    ground: np.ndarray


class MiniPerception:
    """See `vireo.reasoning.perception.protocol.Perception`. The twin's raster is the clip, `SHORT_SIDE` pixels high, or
    wide where it is higher than wide. Depths are metres of the studio."""

    name = "mini"

    def __init__(self, network: UperNetForSemanticSegmentation) -> None:
        """Raises ModelError for a network that does not tell what mini's perception needs."""
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] (transformers' is typed wrongly)
        self.network = network.eval()
        self.rig = _studio_rig()
        try:
            self.heads = heads_of(network)
        except LookupError as error:
            raise ModelError(f"these weights are not those of a perception: {error}", "give those of mini") from None
        missing = [name for name in (*OBJECT_HEADS, *SCENE_HEADS, "mark") if name not in self.heads]
        if missing:
            raise ModelError(f"the weights do not tell {', '.join(missing)}", "give those of mini")

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """Raises ModelError where there are no such weights."""
        if not Path(folder).is_dir():
            raise ModelError(f"there is no perception {str(folder)!r}", 'use "mini", or a folder of weights')
        check_weights(Path(folder))
        with foreign_weights(folder):
            network = UperNetForSemanticSegmentation.from_pretrained(folder, dtype=torch.float32)
        return cls(network)

    def perceive(self, frames: Iterable[np.ndarray], times: Sequence[float]) -> DigitalTwin:
        raster: tuple[int, int] | None = None
        seen: list[_Seen] = []
        ground = GroundTracker()
        for batch in _batches(frames):
            raster = raster or raster_size(*batch[0].shape[:2])
            seen += self._look(batch, raster, ground)
        if raster is None or len(seen) != len(times):
            raise InputError(f"the clip has {len(seen)} frames and {len(times)} times", "give a time for each frame")
        height, width = raster
        tracks = track_objects([entry.objects for entry in seen], times)
        tracks = without_pieces(tracks, raster, len(seen))
        depths = [smooth_depths(track, times) for track in tracks]
        shares = seen_shares(tracks, raster, len(times))
        scene = {head: self.attribute(head, np.mean([entry.scene[head] for entry in seen], 0)) for head in SCENE_HEADS}
        colorless = scene["effects"].value in COLORLESS
        objects = tuple(
            self._object(f"o{number}", track, depth, share, raster, colorless)
            for number, (track, depth, share) in enumerate(zip(tracks, depths, shares, strict=True), 1)
        )
        scene["watermark"], texts = self._writing(np.mean([entry.mark for entry in seen], 0), raster, len(seen))
        fits = [as_affine(lifted(entry.ground, self.rig), height, width) for entry in seen]
        return DigitalTwin(
            maker=self.name,
            width=width,
            height=height,
            times=tuple(float(time) for time in times),
            camera=Camera(
                motion=Attribute(**camera_motion(fits, height, width)._asdict()),
                shifts=tuple((float(right), float(down)) for (right, down), _ in fits),
                gradients=tuple(tuple(map(float, gradient.ravel())) for _, gradient in fits),  # pyright: ignore[reportArgumentType]
                focal=self.rig.focal,
            ),
            scene=scene,
            objects=objects,
            texts=texts,
        )

    @torch.no_grad()
    def _look(self, batch: list[np.ndarray], raster: tuple[int, int], ground: GroundTracker) -> Iterator[_Seen]:
        height, width = raster
        bilinear = Image.Resampling.BILINEAR
        images = [Image.fromarray(frame).resize((width, height), bilinear, reducing_gap=2.0) for frame in batch]
        pictures = np.stack([np.asarray(image) for image in images])
        padding = ((0, 0), (0, -height % STRIDE), (0, -width % STRIDE), (0, 0))
        with autocast(torch.device("cpu")):
            found = dense_outputs(self.network, to_input(torch.from_numpy(np.pad(pictures, padding, mode="edge"))))
        rows, columns = -(-height // CELL), -(-width // CELL)
        logs = {head: found[head].log_softmax(1).numpy() for head in (*OBJECT_HEADS, "mark")}
        foreground = found["foreground"][:, 0].sigmoid().numpy()
        centers, depths = found["center"].numpy(), found["depth"][:, 0].numpy()
        scenes = {head: found[head].mean((2, 3)).log_softmax(1).numpy() for head in SCENE_HEADS}
        for number, picture in enumerate(pictures):
            scores = {head: logs[head][number] for head in OBJECT_HEADS}
            objects = joined(group_objects(foreground[number], centers[number], depths[number], scores, raster))
            hidden = np.zeros(raster, bool)
            for entry in objects:
                hidden |= entry.painted(*raster)
            yield _Seen(
                objects,
                np.exp(logs["mark"][number][:, :rows, :columns]),
                {head: values[number] for head, values in scenes.items()},
                ground.follow(luma(picture), hidden),
            )

    def attribute(self, head: str, scores: np.ndarray) -> Attribute:
        """scores: mean log probabilities of the head's values, over cells and frames. Their softmax is right as often
        as it says (docs/decisions/0021-perception.md)."""
        chances = softmax(scores)
        best = int(chances.argmax())
        value = self.heads[head][best] if chances[best] >= LEAST_TRUST else None
        return Attribute(value=value, confidence=float(chances[best]))

    def _object(
        self,
        name: str,
        track: Sighted,
        depths: np.ndarray,
        shares: np.ndarray,
        raster: tuple[int, int],
        colorless: bool,
    ) -> TwinObject:
        masks = np.zeros((len(depths), *raster), bool)
        for frame, look in track.detections.items():
            masks[frame] = look.painted(*raster)
        found = {head: self.attribute(head, track.mean_scores(head)) for head in OBJECT_HEADS}
        if colorless:
            found["color"] = Attribute(value=None, confidence=found["color"].confidence)
        far = [None if math.isnan(depth) else float(depth) for depth in depths]
        return TwinObject(id=name, category=found.pop("category"), attributes=found, track=track_of(masks, far, shares))

    def _writing(
        self, mark: np.ndarray, raster: tuple[int, int], frames: int
    ) -> tuple[Attribute, tuple[SeenText, ...]]:
        """The watermark, and where writing is; what is written is not read. mark: mean probabilities (values, rows,
        columns): watermarks stay where they are."""
        none = self.heads["mark"].index("none")
        covered, _ = label(1 - mark[none] > _MARK)  # pyright: ignore[reportGeneralTypeIssues] (a tuple)
        if not covered.any():
            return Attribute(value="none", confidence=float(mark[none].min())), ()
        cells = covered == 1 + int(np.bincount(covered.ravel())[1:].argmax())
        shares = mark[:, cells].mean(1)
        kind = int(np.where(np.arange(len(shares)) == none, 0, shares).argmax())
        value, chance = self.heads["mark"][kind], float(shares[kind])
        rows, columns = np.flatnonzero(cells.any(1)) * CELL, np.flatnonzero(cells.any(0)) * CELL
        right, bottom = min(columns[-1] + CELL, raster[1]), min(rows[-1] + CELL, raster[0])
        box = (float(columns[0]), float(rows[0]), float(right), float(bottom))
        texts = (SeenText(text=None, box=box, span=(0, frames), confidence=chance),) if value == "text" else ()
        return Attribute(value=value, confidence=chance), texts


def raster_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the twin of a clip of this size."""
    scale = SHORT_SIDE / min(height, width)
    return max(SHORT_SIDE, round(height * scale)), max(SHORT_SIDE, round(width * scale))


def _batches(frames: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    given = checked_frames(frames)
    while batch := list(islice(given, _BATCH)):
        yield batch
