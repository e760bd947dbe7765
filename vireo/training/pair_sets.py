"""The pair sets of a workdir, and their frames: made, read and decoded once, when first asked for."""

import hashlib
from collections import ChainMap
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from vireo.errors import InputError
from vireo.pairs.format import AnyPair, one_a_source, read_pairs
from vireo.pairs.frame_cache import FrameCache, cache_frames
from vireo.types import EditPair, OnCount, PairFiles
from vireo.world.families import MOVABLE_FAMILIES
from vireo.world.generate import PairSetSpec, make_pairs

# Families by name and not from the registry: what mini is trained on changes only where someone means it to.
OBJECT_FAMILIES = ("recolor", "material", "remove", "add", "replace", "resize", "watermark", "reference", "absent")
"""The families whose result depends on the objects of the scene."""

SHAPED_FAMILIES = ("material", "replace", "resize")
"""Those among them that are learned last: the result has to be drawn, not only found."""

STUDIO_FAMILIES = (
    *("recolor", "material", "remove", "add", "replace", "resize"),
    *("background", "light", "style", "watermark", "reference", "absent"),
)
FOOTAGE_FAMILIES = ("light", "style", "watermark", "absent")


ProgressFor = Callable[[str], OnCount]
"""Gives the progress callback of a named piece of work."""


@dataclass(frozen=True)
class DataConfig:
    """The training pairs come in parts, so that early stages begin before the last part is rendered.

    pairs, seeds: number of pairs of each part, and the seed of its first scene. The autoencoder learns from
    the first part, all other stages from all. families: of these parts and of the validation pairs.
    Validation scenes are of the training split, too, and of no part.
    edits, edits_seeds, edits_families: further parts, of these families, from which the editor learns: what it lacks
    most is scenes that it has not seen. So do CLIP and instructor; they get one pair of each source.
    footage, footage_seed, footage_families: the same, of footage, for the editor alone.
    imported: folders of finished pair sets (of `vireo import`, say) from which the editor learns, too; each kind of
    edit in them comes as often as a family that the mixture does not weigh.
    """

    pairs: tuple[int, ...] = (3600, 8000, 16000)
    seeds: tuple[int, ...] = (800_000, 0, 200_000)
    families: tuple[str, ...] = STUDIO_FAMILIES
    validation_pairs: int = 240
    validation_seed: int = 900_000
    edits: tuple[int, ...] = (27000, 27000)
    edits_seeds: tuple[int, ...] = (300_000, 400_000)
    edits_families: tuple[tuple[str, ...], ...] = (OBJECT_FAMILIES, SHAPED_FAMILIES)
    footage: int = 5000
    footage_seed: int = 600_000
    footage_families: tuple[str, ...] = FOOTAGE_FAMILIES
    imported: tuple[str, ...] = ()

    @property
    def trained_families(self) -> set[str]:
        """Families of the studio that the editor learns from."""
        return {*self.families, *(family for families in self.edits_families for family in families)}


@dataclass(frozen=True)
class Part:
    """One pair set: its name in workdir/data, its number of pairs, the seed of its first scene, and what else its
    `PairSetSpec` says. finished: the folder of a set that is not made there but has been made."""

    name: str
    count: int = 0
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    finished: Path | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        """All that decides what is in it."""
        if self.finished is None:
            return self.count, self.seed, self.options
        with (self.finished / "pairs.jsonl").open("rb") as lines:
            return str(self.finished), hashlib.file_digest(lines, "sha256").hexdigest()

    @property
    def movable(self) -> bool:
        """Whether it is known to have pairs whose result moves with the scene."""
        return any(family in MOVABLE_FAMILIES for family in self.options.get("families", ()))


def relocated(pair: AnyPair, folder: str) -> AnyPair:
    """The same pair with its paths below `folder`."""
    fields = ("source", "target", "mask", "instances", "reference")
    paths = {name: f"{folder}/{path}" for name in fields if (path := getattr(pair, name, None)) is not None}
    others = [
        each.model_copy(update={"target": f"{folder}/{each.target}", "mask": f"{folder}/{each.mask}"})
        for each in pair.alternatives
    ]
    return pair.model_copy(update={**paths, "alternatives": others})


class PairSets:
    """The pair sets of one workdir. progress_for: its callbacks may end the work by raising."""

    def __init__(self, workdir: Path, data: DataConfig, progress_for: ProgressFor) -> None:
        self.workdir, self.data, self.progress_for = workdir, data, progress_for
        self.folder = workdir / "data"
        for together in (("pairs", "seeds"), ("edits", "edits_seeds", "edits_families")):
            if len({len(getattr(data, name)) for name in together}) > 1:
                names = ", ".join(f"data.{name}" for name in together)
                raise InputError(f"{names} are of different lengths", "give one entry of each for every part")

    def cache(self, name: str, model: Path | None = None, settings: object = None) -> Path:
        """Folder of what is made from the pairs by a model; its name tells from what, so nothing stale is read."""
        digest = hashlib.sha256(repr((self.data.pairs, self.data.seeds, self.data.families, settings)).encode())
        for weights in sorted(model.glob("*.safetensors")) if model else ():
            digest.update(weights.read_bytes())
        return self.workdir / "cache" / f"{name}-{digest.hexdigest()[:12]}"

    # Pairs, with paths relative to `folder`.

    def read(self, part: Part, kind: type[AnyPair] = PairFiles, rows: Container[int] | None = None) -> list[AnyPair]:
        """The pairs of a part, which is made if need be, or those of these rows.

        Raises InputError where a finished one holds pairs of the test split.
        """
        if part.finished is not None:
            found = list(read_pairs(part.finished, EditPair, rows))
            if any(pair.split != "train" for pair in found):
                raise InputError(f"{part.finished} holds pairs of the test split", "train on others")
            # An EditPair is one of either kind.
            return cast(list[AnyPair], [relocated(pair, str(part.finished)) for pair in found])
        folder, on_progress = self.folder / part.name, self.progress_for(f"{part.name} data")
        make_pairs(folder, PairSetSpec(count=part.count, seed=part.seed, **part.options), on_progress=on_progress)
        return [relocated(pair, part.name) for pair in read_pairs(folder, kind, rows)]

    def numbered_parts(self) -> list[Part]:
        counts = enumerate(zip(self.data.pairs, self.data.seeds, strict=True))
        return [Part(f"part-{k}", count, seed, {"families": self.data.families}) for k, (count, seed) in counts]

    def read_first(self, count: int, kind: type[AnyPair] = PairFiles) -> list[AnyPair]:
        """The pairs of the first `count` numbered parts."""
        return [pair for part in self.numbered_parts()[:count] for pair in self.read(part, kind)]

    @cached_property
    def pairs(self) -> list[PairFiles]:
        """Of all numbered parts."""
        return self.read_first(len(self.data.pairs))

    @cached_property
    def validation(self) -> list[EditPair]:
        data = self.data
        part = Part("validation", data.validation_pairs, data.validation_seed, {"families": data.families})
        return self.read(part, EditPair)

    def edit_parts(self) -> Iterator[Part]:
        parts = zip(self.data.edits, self.data.edits_seeds, self.data.edits_families, strict=True)
        for k, (count, seed, families) in enumerate(parts):
            yield Part(f"edits-{k}", count, seed, {"families": families})

    def imported_parts(self) -> Iterator[Part]:
        for k, folder in enumerate(self.data.imported):
            yield Part(f"imported-{k}", finished=Path(folder).absolute())

    @property
    def footage(self) -> Part:
        options = {"scenes": "footage", "families": self.data.footage_families}
        return Part("footage", self.data.footage, self.data.footage_seed, options)

    # Frames.

    def frames_of(self, name: str, pairs: Sequence[PairFiles]) -> FrameCache:
        """Of every distinct source and target."""
        paths = list(dict.fromkeys(path for pair in pairs for path in (pair.source, *(t for t, _ in pair.results))))
        folder = self.workdir / "cache" / f"{name}-frames"
        return cache_frames(self.folder, paths, folder, self.progress_for("decoding"))

    @cached_property
    def frames(self) -> FrameCache:
        """Of `pairs`."""
        return self.frames_of(f"parts-{len(self.data.pairs)}", self.pairs)

    def part_frames(self, part: Part, pairs: Sequence[PairFiles]) -> FrameCache:
        """Of any other part; pairs: all of it."""
        return self.frames_of(self.cache(part.name, settings=part.identity).name, pairs)

    @cached_property
    def picture_pairs(self) -> tuple[list[EditPair], Mapping[str, np.ndarray]]:
        """The pairs from which CLIP and instructor learn, and the frames of all clips."""
        pairs: list[EditPair] = self.read_first(len(self.data.pairs), EditPair)
        frames: list[Any] = [self.frames]  # typed as ChainMap wants them, which writes into none here
        for part in self.edit_parts():
            files = self.read(part)
            frames.append(self.part_frames(part, files))
            pairs += self.read(part, EditPair, set(one_a_source(files)))
        return pairs, ChainMap(*frames)
