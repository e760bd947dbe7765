"""Video files, through PyAV: this package is the only place that imports it.

layout.py         the outermost parts of MP4 and Matroska: whether they are whole, and which comes first
container.py      opening a file for reading, with one clear error for each thing that can be wrong with it
colour.py         decoded frames to RGB in display orientation, and back
fields.py         interlaced frames: which of their fields is first
frame_times.py    when frames are shown, and which ones damage has taken
decoder.py        frames of a file as a stream, with exact times
sandbox.py        the same from a process with limits (decoder_process.py is what runs there)
reader.py         `VideoReader`, `read_clip`: what the rest of the program uses
background.py     reading ahead and writing behind in threads
encoders.py       which encoder, pixel format and quality an output gets, and which ones this build of FFmpeg has
side_data.py      what frames carry beside pixels, such as HDR10's metadata
passthrough.py    sound, subtitles, cover art, attachments, chapters and tags, copied packet by packet
smart_render.py   which packets around an edited span can be copied (avc.py: headers of H.264)
streams.py        the video stream of an output, encoded or in part copied
writer.py         `VideoWriter`: a file with the times, size and sound of its source
lossless.py       `write_lossless`: FFV1 clips whose bytes depend on the frames alone
"""

from vireo.video.io.container import count_packets, write_errors
from vireo.video.io.decoder import TimedFrame, VideoInfo
from vireo.video.io.encoders import Quality
from vireo.video.io.lossless import write_lossless
from vireo.video.io.reader import VideoReader, read_clip
from vireo.video.io.writer import VideoWriter, refuse_output

__all__ = [
    "Quality",
    "TimedFrame",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "count_packets",
    "read_clip",
    "refuse_output",
    "write_errors",
    "write_lossless",
]
