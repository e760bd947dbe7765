"""Samples that do not depend on what is learned, kept on disk: runs that share a folder make each of them once."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import nn

from vireo.code_digest import code_digest
from vireo.runtime import whole_file

_MAKERS = "vireo.pipeline.execute"
"""The module by which such samples are made, with all that it imports."""


def weights_digest(*modules: nn.Module) -> str:
    """Of the values of all parameters and buffers but those of LoRA adapters."""
    digest = hashlib.sha256()
    for module in modules:
        fixed = {name: value for name, value in module.state_dict().items() if "lora_" not in name}
        for name, value in fixed.items():
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().view(-1).float().numpy().tobytes())
    return digest.hexdigest()


class KeptSamples:
    """Clips in a folder, by what they were made from: other weights or other code make others.

    weights: of `weights_digest`, of the models that make them.
    """

    def __init__(self, folder: Path, weights: str) -> None:
        self.folder, self.weights = folder, weights
        folder.mkdir(parents=True, exist_ok=True)

    def frames(self, source: np.ndarray, instruction: str, seed: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """uint8 (T, H, W, 3): the kept edit of a clip by an instruction, or what `make` gives, which is kept then."""
        digest = hashlib.sha256(repr((self.weights, code_digest(_MAKERS), instruction, seed, source.shape)).encode())
        digest.update(np.ascontiguousarray(source).tobytes())
        path = self.folder / f"{digest.hexdigest()[:32]}.npz"
        if path.exists():
            return np.load(path)["frames"]
        made = make()
        with whole_file(path) as temporary:
            np.savez_compressed(temporary, frames=made)
        return made
