"""The variants of the ladder.

vanilla      the instructor reads the instruction alone; plain loss; videos only
+V           it sees the first frame, and the reference picture where there is one
+V+M         masked loss (Eq. 3)
+V+M+I       images among the videos (0.6 / 0.4)
+V+M+I+R     a reference latent beside the source's (the papers' figure 2; not in the table)
"""

from dataclasses import dataclass

IMAGE_ONLY = ("style", "recolor", "background")
"""Families that come in image steps alone, as VIVA's stylisation does, and are judged on video all the same."""


@dataclass(frozen=True)
class Variant:
    """sees: V. mask: M. images: I. reference: a reference latent in some steps, and where a pair has a reference."""

    sees: bool = False
    mask: bool = False
    images: bool = False
    reference: bool = False


VARIANTS: dict[str, Variant] = {
    "vanilla": Variant(),
    "+V": Variant(sees=True),
    "+V+M": Variant(sees=True, mask=True),
    "+V+M+I": Variant(sees=True, mask=True, images=True),
    "+V+M+I+R": Variant(sees=True, mask=True, images=True, reference=True),
}
