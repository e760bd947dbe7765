"""Reasoners by their names."""

from pathlib import Path

from vireo.errors import ModelError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.models.presets import PRESETS
from vireo.reasoning.reasoner.protocol import Reasoner

WEIGHTS = Path(__file__).parents[2] / "weights" / "reasoner"
"""Mini's, which ships."""


def open_reasoner(name: str | Path = "mini", vocabulary: Vocabulary | None = None) -> Reasoner:
    """A reasoner by its name, or by the folder of one that was trained by `vireo train reasoner`.

    vocabulary: of the editor that is to carry its plans out; by default that of the editor mini. Raises ModelError
    where there is no such reasoner.
    """
    from vireo.reasoning.reasoner.mini import MiniWriter  # here, so that names can be listed without torch

    known = vocabulary or PRESETS["mini"].vocabulary
    if known is None:
        raise ModelError("the editor mini declares no vocabulary", "get its weights again")
    folder = WEIGHTS if str(name) == "mini" else Path(name)
    if not folder.is_dir():
        raise ModelError(f"there is no reasoner {str(name)!r}", "use mini, or a folder that vireo train reasoner made")
    return Reasoner(MiniWriter.from_pretrained(folder, known), known)
