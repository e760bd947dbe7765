"""Video files, through PyAV: this package is the only place that imports it.

container.py  opening a file for reading, with one clear error for each thing that can be wrong with it
colour.py     decoded frames to RGB in display orientation, and back
decoder.py    frames of a file as a stream, with exact times
sandbox.py    the same from a child process with limits (child.py is what runs there)
reader.py     `VideoReader`, `probe`, `read_clip`: what the rest of the program uses
encoders.py   which encoder, pixel format and quality an output gets
carried.py    sound, subtitles, cover art, chapters and tags, copied as they are
spans.py      which packets around an edited span can be copied as they are (avc.py: of H.264)
streams.py    the picture stream of an output, encoded or in part copied
writer.py     `VideoWriter`: a file with the times, size and sound of its source
lossless.py   `write_lossless`: FFV1 clips whose bytes depend on the frames alone
"""

from vireo.video.io.background import queue_depth, read_ahead
from vireo.video.io.container import write_errors
from vireo.video.io.decoder import TimedFrame, VideoInfo
from vireo.video.io.encoders import Quality
from vireo.video.io.lossless import write_lossless
from vireo.video.io.reader import VideoReader, probe, read_clip
from vireo.video.io.writer import VideoWriter, refuse_output

__all__ = [
    "Quality",
    "TimedFrame",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "probe",
    "queue_depth",
    "read_ahead",
    "read_clip",
    "refuse_output",
    "write_errors",
    "write_lossless",
]
