"""The canonical values that the words of an instruction stand for."""

from typing import get_args

from vireo.video import operations
from vireo.world.scene import BackdropKind, Color, FloorKind, LightName, Material, Size, Vector

COLORS: dict[Color, Vector] = {
    "red": (0.86, 0.08, 0.08),
    "orange": (1.0, 0.48, 0.02),
    "yellow": (0.98, 0.88, 0.08),
    "green": (0.10, 0.62, 0.14),
    "cyan": (0.10, 0.82, 0.86),
    "blue": (0.08, 0.20, 0.88),
    "purple": (0.50, 0.12, 0.72),
    "pink": (1.0, 0.50, 0.72),
    "white": (0.96, 0.96, 0.96),
    "black": (0.07, 0.07, 0.08),
}
"""The exact shade of each named colour."""

MATERIALS: tuple[Material, ...] = get_args(Material)

PATTERNED: tuple[Material, ...] = ("striped", "checkered", "metal")
"""Materials whose look turns with the object."""
FLOORS: tuple[FloorKind, ...] = get_args(FloorKind)[1:]
BACKDROPS: tuple[BackdropKind, ...] = get_args(BackdropKind)[1:]
"""What scenes and instructions choose from; `plain`, the first kind, is for reference pictures only."""

SIZES: dict[Size, float] = {"small": 0.195, "large": 0.30}
"""Standard radius in metres. An object named without a size has the large one."""

GROW, SHRINK = 1.5, 0.65
"""Factors of `bigger` and `smaller`."""

REFLECTANCE: dict[str, float] = {"marble": 0.22, "ice": 0.38}
"""Floors that mirror what stands on them, and how much."""

LIGHT_GAINS: dict[LightName, Vector] = {
    "day": (1.0, 1.0, 1.0),
    "night": operations.NIGHT,
    "sunset": operations.SUNSET,
    "dim": operations.DIM,
    "bright": operations.BRIGHT,
    "blue": operations.BLUE,
    "red": operations.RED,
    "green": operations.GREEN,
}
"""What a light edit multiplies all light with."""

PLACES: dict[str, tuple[float, float]] = {
    "on the left": (0.18, 0.60),
    "on the right": (0.82, 0.60),
    "in the middle": (0.50, 0.60),
    "at the front": (0.50, 0.84),
    "at the back": (0.50, 0.42),
    "at the front left": (0.22, 0.82),
    "at the front right": (0.78, 0.82),
    "at the back left": (0.24, 0.43),
    "at the back right": (0.76, 0.43),
}
"""Where an added object touches the floor: fractions of width and height in the first frame."""

WATERMARK_TEXTS = ("SAMPLE", "DEMO", "NEWS", "LIVE", "STUDIO", "COPY")
LOGOS = ("star", "disc", "square")
"""What watermarks show."""

SETTINGS: dict[str, tuple[FloorKind, BackdropKind]] = {
    "a beach": ("sand", "sea"),
    "a meadow": ("grass", "sky"),
    "a desert": ("sand", "desert"),
    "a snowy mountain": ("snow", "mountains"),
    "a forest": ("grass", "forest"),
    "a stage": ("wood", "curtain"),
    "a kitchen": ("tiles", "wall"),
    "a street": ("stone", "bricks"),
    "a palace": ("marble", "curtain"),
    "a frozen lake": ("ice", "mountains"),
    "a living room": ("carpet", "wallpaper"),
}
"""Floor and backdrop of each named setting, both canonical."""
