"""What is asked about objects and about the clip. Answers are words of the studio's language where it has them."""

from vireo.reasoning.perception.hub.parts import Question

COLORS = (
    *("black", "blue", "brown", "cyan", "gray", "green", "orange", "pink", "purple", "red", "white", "yellow"),
    "of several colors",
)
MATERIALS = (
    *("wood", "metal", "glass", "plastic", "rubber", "fabric", "leather", "paper", "stone", "ceramic", "fur", "skin"),
    *("leaves", "water", "food"),
)

LEAST_TRUST = 0.5
"""Probability of the best answer under which something is unknown: that of the reader is not calibrated."""


def object_questions(noun: str) -> dict[str, Question]:
    """By the name of the attribute, of an object that fills most of the picture."""
    return {
        "color": Question(f"What is the main color of the {noun} in the middle of this picture?", COLORS),
        "material": Question(f"What is the {noun} in the middle of this picture made of?", MATERIALS),
    }


SCENE_QUESTIONS = {
    "place": Question("Where was this picture taken?", ("indoors", "outdoors")),
    "light": Question("What light is there in this picture?", ("day", "sunset", "night", "electric light")),
    "weather": Question("What is the weather in this picture?", ("clear", "cloudy", "rain", "snow", "fog")),
}
