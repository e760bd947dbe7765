"""What a file says of its whole picture stays: HDR10's metadata, colour samples, how often it plays."""

import av
import numpy as np
import pytest
from moving_ramp import pattern
from odd_clips import HDR, write
from PIL import Image
from probing import probe

from vireo.video.io import Quality, VideoReader, VideoWriter, read_clip
from vireo.video.io.side_data import SideData

DISPLAY = (13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450, 10000000, 50)
MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def copied(source, output, quality=Quality()):
    """What is left out, and `VideoInfo` of the copy."""
    with VideoReader(source) as reader, VideoWriter(output, reader.info, source=source, quality=quality) as writer:
        for frame in reader:
            writer.write(frame, frame.pixels)
    return writer.left_out, probe(output)


@pytest.fixture(scope="module")
def hdr10(tmp_path_factory):
    path = tmp_path_factory.mktemp("hdr10") / "hdr.mp4"
    parameters = f"log-level=none:repeat-headers=1:master-display={MASTERING}:max-cll=1000,400"
    options = {"x265-params": parameters}
    write(path, "libx265", "yuv420p10le", count=3, size=(64, 64), options=options, prepare=HDR)
    return path


@pytest.mark.parametrize(("codec", "suffix"), [(None, ".mp4"), (None, ".mkv"), ("h264", ".mkv"), ("av1", ".mp4")])
def test_hdr10_metadata_stay(hdr10, tmp_path, codec, suffix):
    assert probe(hdr10).side_data == SideData(DISPLAY, (1000, 400))
    left, info = copied(hdr10, tmp_path / f"b{suffix}", Quality(codec))
    assert left == ()
    assert info.side_data.light == (1000, 400)
    # AV1 counts in other units: 1/65536, and 1/16384 cd/m² for the darkest.
    steps = np.array([1.0] * 8 + [50, 1]) if codec == "av1" else 1e-9
    assert (np.abs(np.subtract(info.side_data.display, DISPLAY)) <= steps).all()


def test_light_levels_alone_stay(tmp_path):
    options = {"x264-params": "cll=600,200"}
    write(tmp_path / "a.mkv", pix_fmt="yuv420p10le", count=3, options=options, prepare=HDR)
    left, info = copied(tmp_path / "a.mkv", tmp_path / "b.mp4", Quality("hevc"))
    assert (left, info.side_data) == ((), SideData(light=(600, 200)))


def test_metadata_without_a_place_are_named(hdr10, tmp_path):
    assert copied(hdr10, tmp_path / "b.mkv", Quality("ffv1"))[0] == ("HDR10 metadata",)
    assert SideData(other=("Dolby Vision",)).left_out("hevc") == ("Dolby Vision",)


def test_hevc_is_tagged_as_apple_demands(hdr10, tmp_path):
    write(tmp_path / "plain.mkv", count=3)
    copied(hdr10, tmp_path / "b.mov")
    copied(tmp_path / "plain.mkv", tmp_path / "b.mp4", Quality("hevc"))
    for output in ("b.mov", "b.mp4"):
        with av.open(str(tmp_path / output)) as container:
            assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def screen(count):
    """Coloured strokes of one pixel on white."""
    frames = np.full((count, 48, 64, 3), 250, np.uint8)
    for column in range(2, 60, 3):
        frames[:, 4:44, column] = [(200, 0, 0), (0, 0, 220), (0, 140, 0)][column % 7 % 3]
    return frames


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "output", "quality", "stored"),
    [
        ("a.avi", "zmbv", "bgr0", "b.avi", Quality(), "bgr0"),
        ("a.flv", "flashsv", "bgr24", "b.flv", Quality(), "yuv444p"),
        ("a.mov", "prores_ks", "yuv444p10le", "b.mov", Quality(), "yuv444p12le"),
        ("a.mkv", "ffv1", "yuv422p12le", "b.mkv", Quality("h264"), "yuv422p10le"),
        ("a.mkv", "libx264rgb", "rgb24", "b.mkv", Quality(), "gbrp"),
        ("a.mkv", "libx264rgb", "bgr0", "b.mp4", Quality(), "gbrp"),
        ("a.mkv", "libx264rgb", "rgb24", "b.mov", Quality("hevc"), "gbrp"),
        ("a.mkv", "ffv1", "bgr0", "b.mp4", Quality("h264"), "yuv444p"),
        ("a.webm", "libvpx-vp9", "gbrp", "b.webm", Quality(), "gbrp"),
        ("a.mov", "qtrle", "rgb24", "b.mov", Quality("prores"), "yuv444p12le"),
    ],
)
def test_colour_samples_stay(tmp_path, name, codec, pix_fmt, output, quality, stored):
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, pix_fmt
        for pixels in screen(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    left, info = copied(tmp_path / name, tmp_path / output, quality)
    assert (left, info.pix_fmt) == ((), stored)
    off = read_clip(tmp_path / output).frames.astype(int) - read_clip(tmp_path / name).frames
    assert np.abs(off).mean() < 8


def test_lost_colour_samples_are_named(tmp_path):
    write(tmp_path / "a.mkv", "libx264", "yuv444p", count=3)
    left, info = copied(tmp_path / "a.mkv", tmp_path / "b.mkv", Quality("mpeg4"))
    assert (left, info.pix_fmt) == (("colour samples (yuv444p becomes yuv420p)",), "yuv420p")


def plays(path):
    """As the file says it: 0 for ever; for GIF, None without an extension, else the repetitions."""
    with Image.open(path) as image:
        return image.info.get("loop")


@pytest.mark.parametrize(
    ("source", "loop", "output", "stored"),
    [
        ("a.gif", None, "b.gif", None),
        ("a.gif", 0, "b.gif", 0),
        ("a.gif", 3, "b.gif", 3),
        ("a.apng", 0, "b.apng", 0),
        ("a.apng", 2, "b.apng", 2),
        ("a.gif", 3, "b.apng", 4),
        ("a.gif", None, "b.webp", 1),
        ("a.apng", 1, "b.gif", None),
        ("a.apng", 0, "b.webp", 0),
    ],
)
def test_animations_play_as_often(tmp_path, source, loop, output, stored):
    frames = [Image.fromarray(pixels) for pixels in pattern(3, 30, 40)]
    more = {} if loop is None else {"loop": loop}
    kind = "PNG" if source.endswith("apng") else "GIF"
    frames[0].save(tmp_path / source, kind, save_all=True, append_images=frames[1:], duration=100, **more)
    with (
        VideoReader(tmp_path / source) as reader,
        VideoWriter(tmp_path / output, reader.info, source=tmp_path / source) as writer,
    ):
        for frame in reader:
            writer.write(frame, frame.pixels)
    assert "how often it plays" not in writer.left_out
    assert plays(tmp_path / output) == stored


def test_a_video_does_not_say_how_often_it_plays(tmp_path):
    frames = [Image.fromarray(pixels) for pixels in pattern(3, 30, 40)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100, loop=0)
    assert "how often it plays" in copied(tmp_path / "a.gif", tmp_path / "b.mp4")[0]
