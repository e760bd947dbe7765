from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame
from moving_ramp import pattern
from PIL import Image
from probing import probe

from vireo.errors import VideoError
from vireo.video.io import VideoReader, read_clip, write_lossless
from vireo.video.io.colour import SWS_FLAGS, Colour, to_rgb


@pytest.mark.parametrize("shape", [(9, 96, 96), (3, 33, 47), (1, 1, 1)])
def test_lossless_round_trip_is_bit_exact_and_deterministic(tmp_path, shape):
    frames = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    write_lossless(tmp_path / "a.mkv", frames, 8)
    write_lossless(tmp_path / "b.mkv", frames, 8)
    clip = read_clip(tmp_path / "a.mkv")
    assert (clip.frames == frames).all()
    assert clip.fps == 8
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def test_gray_round_trip_keeps_small_indices(tmp_path):
    frames = np.random.default_rng(1).integers(0, 256, (4, 20, 31), dtype=np.uint8)
    frames[0, 0, :5] = range(5)
    write_lossless(tmp_path / "g.mkv", frames, Fraction(24000, 1001), gray=True)
    clip = read_clip(tmp_path / "g.mkv")
    assert (clip.frames == frames[..., None]).all()
    assert float(clip.fps) == pytest.approx(23.976, abs=0.01)


def test_frame_times_are_exact_for_variable_rates(make_video):
    times = [0, 200, 900, 1000, 4000, 4100, 4300, 9000, 9100, 9777, 12000, 20000]
    path = make_video("vfr.mp4", times=times, options={"bf": "2"})
    with VideoReader(path) as reader:
        found = [frame.pts * frame.time_base for frame in reader]
    assert found == [Fraction(time, 12800) for time in times]


def test_size_rate_and_codec_are_known_before_the_first_frame(make_video):
    info = probe(make_video("a.mp4", sound="aac"))
    assert (info.width, info.height, info.fps, info.frames) == (64, 48, 25, 12)
    assert info.codec == "h264"


@pytest.mark.parametrize(
    ("turn", "flip", "expected"),
    [
        # A display rotation of 90 is a quarter turn counter-clockwise.
        (90, False, lambda frame: np.rot90(frame, 1)),
        (180, False, lambda frame: np.rot90(frame, 2)),
        (270, False, lambda frame: np.rot90(frame, 3)),
    ],
)
def test_frames_come_in_display_orientation(make_video, turn, flip, expected):
    lossless = {"pix_fmt": "yuv444p", "options": {"crf": "1"}}
    turned = read_clip(make_video("t.mp4", turn=turn, flip=flip, **lossless)).frames
    assert np.abs(turned[2].astype(int) - expected(pattern(3, 48, 64)[2])).mean() < 3
    info = probe(make_video("t.mp4", turn=turn, **lossless))
    assert (info.height, info.width) == turned.shape[1:3]


@pytest.mark.parametrize(("matrix", "red", "blue"), [(1, 0.2126, 0.0722), (6, 0.299, 0.114), (9, 0.2627, 0.0593)])
@pytest.mark.parametrize("full", [False, True])
def test_colour_matrix_and_range_are_respected(tmp_path, matrix, red, blue, full):
    """Against the definition: R = Y + 2 (1 - K_R) V and so on (ITU-R BT.709, 3)."""
    import av

    luma, u, v = 120, 90, 170
    planes = np.stack([np.full((32, 32), value, np.uint8) for value in (luma, u, v)])
    with av.open(str(tmp_path / "c.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv444p"
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, 2 if full else 1
        frame = av.VideoFrame.from_ndarray(planes, format="yuv444p")
        frame.pts, frame.colorspace, frame.color_range = 0, matrix, 2 if full else 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    y = luma / 255 if full else (luma - 16) / 219
    u, v = ((c - 128) / (255 if full else 224) for c in (u, v))
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    g = (y - red * r - blue * b) / (1 - red - blue)
    pixel = read_clip(tmp_path / "c.mkv").frames[0, 16, 16]
    assert np.abs(pixel - 255 * np.array([r, g, b])).max() < 1.1


def test_an_image_is_a_clip_of_one_frame(tmp_path):
    pixels = pattern(1, 31, 45)[0]
    Image.fromarray(pixels).save(tmp_path / "a.png")
    clip = read_clip(tmp_path / "a.png")
    assert (clip.frames == pixels[None]).all()


def test_max_frames_reads_the_beginning(make_video):
    path = make_video("a.mp4")
    assert (read_clip(path, max_frames=3).frames == read_clip(path).frames[:3]).all()


def test_each_unreadable_file_has_one_clear_error(tmp_path, make_video):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    (tmp_path / "noise.mkv").write_bytes(np.random.default_rng(0).bytes(5000))
    sound = make_video("sound.mp4", picture=False, sound="aac")
    for path, words in [
        (tmp_path / "none.mp4", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "empty.mp4", "is empty"),
        (tmp_path / "text.mp4", "cannot be read as a video"),
        (tmp_path / "noise.mkv", "cannot be read as a video"),
        (sound, "sound but no video"),
        (tmp_path / ("x" * 300), "cannot be read"),
    ]:
        with pytest.raises(VideoError, match=words) as caught:
            read_clip(path)
        assert caught.value.fix
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {}),
        ("b.mkv", "libx264", {}),
        ("c.webm", "libvpx-vp9", {}),
        ("d.mov", "mjpeg", {}),
    ],
)
@pytest.mark.parametrize("share", [0.05, 0.4, 0.7, 0.95])
def test_truncated_files_are_refused(make_video, name, codec, options, share):
    path = make_video(name, codec=codec, pix_fmt="yuvj420p" if codec == "mjpeg" else "yuv420p", count=40)
    assert len(read_clip(path).frames) == 40
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(VideoError):
        read_clip(path)


def test_sound_longer_than_the_picture_is_no_truncation(make_video):
    for name in ("a.mkv", "a.mp4"):
        path = make_video(name, sound="aac", times=[10 * t for t in range(12)])
        assert len(read_clip(path).frames) == 12


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv411p", "yuv420p10le"])
@pytest.mark.parametrize("matrix", [1, 5, 9])
def test_conversion_by_planes_gives_the_bytes_of_the_direct_one(pix_fmt, matrix):
    frame = VideoFrame(66, 34, pix_fmt)
    noise = np.random.default_rng(0)
    for plane in frame.planes:
        samples = noise.integers(0, 1024 if "10" in pix_fmt else 256, plane.buffer_size // 2, dtype=np.uint16)
        plane.update(samples.tobytes() if "10" in pix_fmt else noise.bytes(plane.buffer_size))
    frame.colorspace = matrix
    colour = Colour.of(frame)
    swscale = {
        "src_colorspace": colour.colorspace,
        "dst_colorspace": colour.colorspace,
        "src_color_range": colour.range,
        "dst_color_range": 2,
        "interpolation": SWS_FLAGS,
    }
    assert np.array_equal(to_rgb(frame), frame.reformat(format="rgb24", **swscale).to_ndarray())
