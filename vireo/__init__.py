"""vireo: instruction-based video editing that people can trust.

`VireoPipeline` edits one window of frames, `edit_video` a file of any length and size. Both are loaded when
first asked for, so that `import vireo` is fast.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vireo.models.editors.viva import VireoPipeline
    from vireo.pipeline.edit import edit_video

__all__ = ["VireoPipeline", "edit_video"]

try:
    __version__ = version("vireo")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "unknown"

_PLACES = {"VireoPipeline": "vireo.models.editors.viva", "edit_video": "vireo.pipeline.edit"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'vireo' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
