"""Options that several commands share."""

from enum import StrEnum


class Preserve(StrEnum):
    """How the rest of the picture is kept: see vireo.video.region."""

    strict = "strict"
    soft = "soft"
    off = "off"


class Split(StrEnum):
    """Scenes with seeds below (train), at or above (test) 1 000 000."""

    train = "train"
    test = "test"
