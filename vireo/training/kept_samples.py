"""Samples that do not depend on what is learned, kept on disk: runs that share a folder make each of them once."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vireo.code_digest import code_digest
from vireo.models.editors.viva import VireoPipeline
from vireo.runtime import whole_file

_MAKERS = "vireo.reasoning.reading_planner", "vireo.pipeline.planning", "vireo.pipeline.execute"
"""The modules by which such samples are made, with all that they import."""


def pipeline_digest(pipe: VireoPipeline) -> str:
    """Of all that an edit by a pipeline without its LoRA depends on but the call."""
    settings = pipe.facts.model_dump_json(), pipe.wiring, pipe.scheduler.config["shift"], pipe.products
    digest = hashlib.sha256(repr(settings).encode())
    for part in (pipe.transformer, pipe.instructor, pipe.vae):
        fixed = {name: value for name, value in part.state_dict().items() if "lora_" not in name}
        for name, value in fixed.items():
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().view(-1).float().numpy().tobytes())
    return digest.hexdigest()


class KeptSamples:
    """Clips in a folder, by what they were made from: another pipeline or other code makes others."""

    def __init__(self, folder: Path, pipe: VireoPipeline) -> None:
        self.folder, self.maker = folder, (pipeline_digest(pipe), code_digest(*_MAKERS))
        folder.mkdir(parents=True, exist_ok=True)

    def frames(self, source: np.ndarray, instruction: str, seed: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """uint8 (T, H, W, 3): the kept edit of a clip by an instruction, or what `make` gives, which is kept then."""
        digest = hashlib.sha256(repr((*self.maker, instruction, seed, source.shape)).encode())
        digest.update(np.ascontiguousarray(source).tobytes())
        path = self.folder / f"{digest.hexdigest()[:32]}.npz"
        if path.exists():
            with np.load(path) as kept:
                return kept["frames"]
        made = make()
        with whole_file(path) as temporary:
            np.savez_compressed(temporary, frames=made)
        return made
