"""Reasoners by their names."""

import json
from pathlib import Path

from vireo.errors import ModelError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.models.presets import PRESETS
from vireo.reasoning.hops import Language
from vireo.reasoning.reasoner.protocol import Reasoner, Writer

WEIGHTS = Path(__file__).parents[2] / "weights" / "reasoner"
"""Mini's, which ships."""


def open_reasoner(name: str | Path = "mini", vocabulary: Vocabulary | None = None) -> Reasoner:
    """A reasoner: mini; the folder of one that `vireo train reasoner` made, or of any causal language model of
    transformers; a file *.gguf of one; or the address of an endpoint, https://HOST/v1#MODEL.

    vocabulary: of the editor that is to carry its plans out; by default that of the editor mini. Raises ModelError
    where there is no such reasoner.
    """
    known = vocabulary or PRESETS["mini"].vocabulary
    if known is None:
        raise ModelError("the editor mini declares no vocabulary", "get its weights again")
    return Reasoner(_writer(str(name), known), known)


def _writer(name: str, vocabulary: Vocabulary) -> Writer:
    # Imported here, so that this file loads without torch.
    place = WEIGHTS if name == "mini" else Path(name)
    if "://" in name:
        from vireo.judges.remote import RemoteChat
        from vireo.reasoning.reasoner.chat import ChatWriter

        url, _, model = name.partition("#")
        return ChatWriter(RemoteChat(url, model), Language(vocabulary))
    if not (place.is_dir() or (place.is_file() and place.suffix == ".gguf")):
        fix = "use mini, a folder of a language model, a file *.gguf, or https://HOST/v1#MODEL"
        raise ModelError(f"there is no reasoner {name!r}", fix)
    if _is_ours(place):
        from vireo.reasoning.reasoner.mini import MiniWriter

        return MiniWriter.from_pretrained(place, vocabulary)
    from vireo.reasoning.reasoner.transformers_lm import TransformersWriter

    return TransformersWriter.from_pretrained(place, Language(vocabulary))


def _is_ours(place: Path) -> bool:
    """Whether a folder holds a model that was trained on the language of calls: its tokens are words."""
    try:
        table = json.loads((place / "tokenizer.json").read_text(encoding="utf-8"))
        return table["model"]["type"] == "WordLevel" and "<calls>" in table["model"]["vocab"]
    except (OSError, ValueError, LookupError, TypeError):
        return False
