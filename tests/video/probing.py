"""What vireo says of a file, without its frames."""

from vireo.video.io import VideoReader


def probe(path):
    """The `VideoInfo` of a file."""
    with VideoReader(path) as reader:
        return reader.info
