"""Valid but unusual files: an edit keeps the number of frames, their times, the size and the sound of each."""

from pathlib import Path

import av
import pytest
from odd_clips import ODD, write
from rule_pipe import RulePipe

from vireo.pipeline.edit import edit_video


def picture(path):
    """(time, height, width) of every frame of the first stream that is no cover art, the display turned upright."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams.video if not s.disposition & s.disposition.attached_pic)
        found = []
        for frame in container.decode(stream):
            size = (frame.height, frame.width)
            found.append((frame.pts * frame.time_base, *(size[::-1] if frame.rotation % 180 else size)))
        return found


def sounds(path):
    """(time, bytes) of every packet of every audio stream; of PCM, which has no packets of its own, in one piece."""
    found = []
    with av.open(str(path)) as container:
        for number in range(len(container.streams.audio)):
            container.seek(0)
            stream = container.streams.audio[number]
            packets = [(p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.size]
            if stream.codec_context.name.startswith("pcm"):
                packets = [(packets[0][0], b"".join(data for _, data in packets))]
            found.append(packets)
    return found


@pytest.mark.parametrize("name", ODD)
def test_count_times_size_and_sound_are_kept(name, tmp_path):
    source, output = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    write(source, **ODD[name])
    edit_video(source, "darker", output, model=RulePipe(), look=False)
    before, after = picture(source), picture(output)
    assert after == before
    assert sounds(output) == sounds(source)
