"""Option types that several commands share."""

from typing import Annotated, Literal

import typer

from vireo.errors import InputError

Steps = Annotated[int | None, typer.Option(min=1, help="Denoising steps; else the model's own.")]
Guidance = Annotated[float | None, typer.Option(min=0, help="Guidance scale; 1 is none.")]
Look = Annotated[
    bool, typer.Option("--look/--no-look", help="Leave the clip as it is where the words are not known or not seen.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Dtype = Annotated[
    str | None, typer.Option(metavar="bfloat16|float32", help="Precision of matrix products; else bfloat16.")
]
Adapter = Annotated[
    str | None, typer.Option(help="How a model is called whose folder names another class; see `vireo models`.")
]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the noise.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Preserve = Literal["strict", "soft", "off"]
Executor = Literal["auto", "model", "exact"]
Reason = Literal["auto", "always", "never"]
Reasoner = Annotated[
    str, typer.Option(help="Who reasons: mini, a folder or *.gguf of a language model, or https://HOST/v1#MODEL.")
]
Perception = Annotated[
    str,
    typer.Option(help="Who looks at the clip for that: mini, hub (see `vireo models`), hub@NOUN,NOUN, or a folder."),
]
"""As in `vireo.types`, which is not imported, so that help answers at once."""


def read_size(text: str) -> tuple[int, int]:
    """Width and height from `1280x720`; raises InputError."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise InputError(f"cannot read the size {text!r}", "write it as 1280x720")
    return int(width), int(height)


def read_names(text: str) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in text.split(",")]


def read_named(given: list[str]) -> dict[str, str]:
    """Folders or hub ids by their kind from `KIND=ID`, empty for `KIND` alone; raises InputError."""
    parts = [text.partition("=") for text in given]
    wrong = [text for text, (kind, sign, name) in zip(given, parts, strict=True) if not kind or (sign and not name)]
    if wrong:
        raise InputError(
            f"cannot read the backbone {wrong[0]!r}", "write --backbone KIND or KIND=ID, e.g. --backbone clip=DIR"
        )
    return {kind: name for kind, _, name in parts}
