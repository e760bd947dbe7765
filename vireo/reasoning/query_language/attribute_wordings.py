"""How people tell objects by attributes that are shared, counted, or have to be inferred."""

from vireo.reasoning.query_language.wordings import Said, where

ALIKE: dict[str, Said] = {
    "color": Said(
        where("with the same color as", "that has the same color as", "colored like", "of the same color as")
        + where("that is colored like", "that shares its color with"),
        where("which has the same color as", "which is colored like", "that is of the same color as"),
    ),
    "category": Said(
        where("with the same shape as", "that has the same shape as", "shaped like", "of the same shape as")
        + where("that is shaped like", "of the same kind as"),
        where("which has the same shape as", "which is shaped like", "that is of the same kind as"),
    ),
    "material": Said(
        where("with the same material as", "that has the same material as", "made of the same material as")
        + where("of the same material as", "that is made of the same stuff as"),
        where("which has the same material as", "that is made of the same material as"),
    ),
    "size": Said(
        where("with the same size as", "that has the same size as", "as big as", "of the same size as"),
        where("which has the same size as", "that is as big as"),
    ),
}

COUNTED: dict[str, Said] = {
    "color": Said(
        (
            "the {noun} whose color occurs only once",
            "the {noun} with a color of its own",
            "the {noun} whose color nothing else has",
            "the only {noun} of its color",
            "the {noun} that shares its color with nothing",
        ),
        ("the {noun} that has a color of its own", "the {noun} with a color that occurs only once"),
    ),
    "category": Said(
        (
            "the {noun} whose shape occurs only once",
            "the {noun} with a shape of its own",
            "the {noun} whose shape nothing else has",
            "the only {noun} of its shape",
            "the only {noun} of its kind",
        ),
        ("the {noun} that has a shape of its own", "the {noun} with a shape that occurs only once"),
    ),
    "material": Said(
        (
            "the {noun} whose material occurs only once",
            "the {noun} with a material of its own",
            "the {noun} whose material nothing else has",
            "the only {noun} of its material",
        ),
        ("the {noun} that has a material of its own", "the {noun} with a material that occurs only once"),
    ),
    "size": Said(
        (
            "the {noun} whose size occurs only once",
            "the {noun} with a size of its own",
            "the {noun} whose size nothing else has",
            "the only {noun} of its size",
        ),
        ("the {noun} that has a size of its own", "the {noun} with a size that occurs only once"),
    ),
}
"""Of a number of one; of more, the objects are meant together."""

TOGETHER: dict[str, Said] = {
    "color": Said(
        ("the {number} {nouns} of the same color", "the {number} {nouns} that have the same color"),
        ("the {number} {nouns} with the same color",),
    ),
    "category": Said(
        ("the {number} {nouns} of the same shape", "the {number} {nouns} that have the same shape"),
        ("the {number} {nouns} with the same shape",),
    ),
    "material": Said(
        ("the {number} {nouns} of the same material", "the {number} {nouns} that have the same material"),
        ("the {number} {nouns} with the same material",),
    ),
    "size": Said(
        ("the {number} {nouns} of the same size", "the {number} {nouns} that have the same size"),
        ("the {number} {nouns} with the same size",),
    ),
}

CLUES: dict[str, Said] = {
    "color": Said(
        (
            "the {noun} with the color of {clue}",
            "the {noun} colored like {clue}",
            "the {noun} that is colored like {clue}",
        ),
        ("the {noun} that has the color of {clue}", "the {noun} which is colored like {clue}"),
    ),
    "category": Said(
        (
            "the {noun} shaped like {clue}",
            "the {noun} with the shape of {clue}",
            "the {noun} that is shaped like {clue}",
        ),
        ("the {noun} that has the shape of {clue}", "the {noun} which is shaped like {clue}"),
    ),
    "material": Said(
        ("the {noun} that looks like {clue}", "the {noun} with a surface like {clue}", "the {noun} made like {clue}"),
        ("the {noun} which looks like {clue}", "the {noun} that has a surface like {clue}"),
    ),
}
"""Of an attribute that has to be inferred from a clue (`vireo.world.families.record.ImplicitWordings`)."""
