"""What a model has learned to carry out and the words for it, as it declares them with its weights."""

from pydantic import BaseModel, ConfigDict


class Operation(BaseModel):
    """One kind of edit. example: an instruction. forms: sentences for it with slots, as "make {object} {color}".

    Slots are the keys of `Vocabulary.words`; besides, {object} and {other} are objects of the clip and {thing}
    one that is to come, named by a shape and what may stand before it; {shape} is a shape alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    example: str
    forms: tuple[str, ...]


class Vocabulary(BaseModel):
    """All that a model knows. Nothing that it cannot draw or find may stand in it: the words are promises.

    words: slot -> value -> other words for it. "shape" names objects; "size", "material", "color" and "side" may stand
        before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operations: tuple[Operation, ...]
    words: dict[str, dict[str, tuple[str, ...]]]

    def listed(self, slot: str) -> str:
        """The values of a slot with their other words, for people."""
        values = self.words[slot].items()
        return ", ".join(f"{value} ({', '.join(other)})" if other else value for value, other in values)

    def __hash__(self) -> int:
        return hash(self.operations)
