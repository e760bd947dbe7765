"""Whole-picture edits that are functions of the pixels: exact, whole, and without a model."""

import colorsys
import json
import subprocess
import sys

import av
import numpy as np
import pytest
from PIL import Image
from procedural import procedural_clips
from rule_editor import RuleEditor, scene

from vireo.errors import InputError
from vireo.pipeline.edit import edit_video
from vireo.pipeline.stream import edit_frames
from vireo.receipt import read_receipt, verify
from vireo.types import EditRequest, EditSettings
from vireo.video.io import Quality, VideoReader, read_clip, write_lossless
from vireo.video.operations import OPERATIONS

LUMA = np.array([0.299, 0.587, 0.114])
NO_MODEL = "no-such-model"
"""Opening it would fail."""


@pytest.fixture
def source(tmp_path):
    write_lossless(tmp_path / "in.mkv", scene(20, 61, 83)[0], 10)
    return tmp_path / "in.mkv"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The procedural clips one after another as H.264, their frames, and how many each has."""
    path, clips = tmp_path_factory.mktemp("drawn") / "in.mp4", procedural_clips((96, 128))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for picture in np.concatenate([*clips.values()]):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(stream.encode(None))
    return path, list(clips)


def by_clip(path, names):
    frames = read_clip(path).frames.astype(float)
    return dict(zip(names, np.split(frames, len(names)), strict=True))


def color(frames):
    return np.abs(frames - (frames @ LUMA)[..., None]).mean()


@pytest.mark.parametrize("instruction", ["make it black and white", "make it sepia", "make it night"])
def test_nothing_of_twelve_clips_is_left_out(drawn, tmp_path, instruction):
    path, names = drawn
    assert len(names) == 12
    edit_video(path, instruction, tmp_path / "out.mp4", model=NO_MODEL)
    before, after = by_clip(path, names), by_clip(tmp_path / "out.mp4", names)
    for name, frames in after.items():
        if instruction.endswith("white"):
            assert color(frames) <= 0.05 * color(before[name]), name
        elif instruction.endswith("night"):
            assert 0.2 <= (frames @ LUMA).mean() / (before[name] @ LUMA).mean() <= 0.35, name
        else:
            hue = 360 * colorsys.rgb_to_hsv(*frames.mean((0, 1, 2)) / 255)[0]
            assert 20 < hue < 50, name
            error = np.abs(frames - OPERATIONS["sepia"](before[name].astype(np.uint8))).mean()
            assert error < 2, name


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_output_is_the_function_of_every_frame(source, tmp_path, name):
    instruction, out = OPERATIONS[name].title, tmp_path / "out.mkv"  # as the error names them
    result = edit_video(source, instruction, out, model=NO_MODEL, seed=4)
    frames = read_clip(source).frames
    assert np.array_equal(read_clip(out).frames, OPERATIONS[name](frames))
    assert (result.executor, result.operation, result.model) == ("exact", OPERATIONS[name].title, None)
    assert (result.frames, result.steps, result.changed_fraction, result.found) == (20, 0, 1.0, None)
    assert result.warnings == ()
    for executor, same in (("auto", True), ("model", False)):
        request = EditRequest(instruction=instruction, settings=EditSettings(executor=executor))
        made = edit_frames(RuleEditor(), frames[:3], request, raw=True)
        assert np.array_equal(made.edited, OPERATIONS[name](frames[:3])) == same
        assert made.region.all() == same


def test_all_that_goes_with_a_file_still_does(source, tmp_path):
    names = {name: tmp_path / name for name in ("strip.png", "preview.mkv", "receipt.json")}
    result = edit_video(
        source,
        "make it night",
        tmp_path / "out.mkv",
        model=NO_MODEL,
        compare=names["strip.png"],
        preview=names["preview.mkv"],
        receipt=names["receipt.json"],
        start=0.5,
        end=1.5,
        preserve="soft",
        steps=4,
    )
    frames = read_clip(source).frames
    expected = frames.copy()
    expected[5:15] = OPERATIONS["night"](frames[5:15])
    assert np.array_equal(read_clip(tmp_path / "out.mkv").frames, expected)
    assert np.array_equal(read_clip(names["preview.mkv"]).frames, expected)
    assert Image.open(names["strip.png"]).width > 5 * 83
    assert result.changed_fraction == 0.5
    assert result.warnings == ("steps had no effect: no model took part",)
    receipt = read_receipt(names["receipt.json"])
    assert receipt.model is None
    assert (receipt.settings["executor"], receipt.settings["operation"]) == ("exact", "night")
    assert [frame.region for frame in receipt.frames] == [[61 * 83]] * 5 + [[0, 61 * 83]] * 10 + [[61 * 83]] * 5
    assert verify(source, tmp_path / "out.mkv", names["receipt.json"]).holds
    with pytest.raises(InputError, match="no frame of the clip lies between"):
        edit_video(source, "make it night", tmp_path / "b.mkv", start=9.0)
    assert not (tmp_path / "b.mkv").exists()


def test_a_mask_limits_it(source, tmp_path):
    white = np.zeros((61, 83), np.uint8)
    white[10:40, 20:60] = 255
    Image.fromarray(white).save(tmp_path / "mask.png")
    names = {"mask": tmp_path / "mask.png", "receipt": tmp_path / "receipt.json"}
    result = edit_video(source, "make it sepia", tmp_path / "out.mkv", model=NO_MODEL, **names)
    frames, made = read_clip(source).frames, read_clip(tmp_path / "out.mkv").frames
    assert (made[:, white == 0] == frames[:, white == 0]).all()
    assert (made[:, 24:26, 39:41] == OPERATIONS["sepia"](frames)[:, 24:26, 39:41]).all()
    assert result.changed_fraction == pytest.approx((white > 0).mean())
    assert verify(source, tmp_path / "out.mkv", tmp_path / "receipt.json").holds


@pytest.mark.parametrize(
    ("pix_fmt", "name", "quality", "least"),
    [
        ("yuv422p10le", "out.mkv", Quality(lossless=True), 12),
        ("gbrp12le", "out.mkv", Quality(), 50),
        ("gbrp16le", "out.mkv", Quality(), 500),
        ("gbrp12le", "out.avi", Quality("utvideo", lossless=True), 4),  # 8 bits alone
    ],
)
def test_deep_video_loses_its_colour_to_the_last_bit(tmp_path, pix_fmt, name, quality, least):
    levels = np.random.default_rng(0).normal(30000, 300, (4, 48, 64, 3))
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for k, picture in enumerate(levels.astype(np.uint16)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb48le").reformat(format=pix_fmt)
            frame.pts = k
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    out, names = tmp_path / name, {"receipt": tmp_path / "receipt.json", "quality": quality}
    edit_video(tmp_path / "in.mkv", "make it black and white", out, model=NO_MODEL, **names)
    with VideoReader(out) as reader:
        for frame in reader:
            made = frame.pixels if frame.deep is None else frame.deep
            assert (made == made[..., :1]).all()
            assert len(np.unique(made)) > least
    verdict = verify(tmp_path / "in.mkv", out, tmp_path / "receipt.json")
    assert verdict.holds, verdict.failures


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"instruction": "make the ball black and white"}, "black and white, sepia, film negative.* night"),
        ({"instruction": "do not make it sepia"}, "--executor auto"),
        ({"instruction": "make it a pencil sketch"}, "'make it a pencil sketch' asks for no exact function"),
        ({"instruction": "make it sepia", "reference": "in.mkv"}, "with a reference picture asks for no exact"),
        ({"instruction": "make it sepia", "executor": "fast"}, "auto, model, exact"),
    ],
)
def test_what_cannot_be_done_exactly_is_refused(source, tmp_path, options, says):
    reference = {"reference": source} if "reference" in options else {}
    arguments = {"executor": "exact", "output": tmp_path / "out.mkv", "model": NO_MODEL} | options | reference
    with pytest.raises(InputError, match=says):
        edit_video(source, **arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_auto_leaves_all_else_to_the_model(source, tmp_path):
    for options in ({"executor": "model", "instruction": "make it sepia"}, {"instruction": "red to blue"}):
        result = edit_video(source, output=tmp_path / "out.mkv", model=RuleEditor(), overwrite=True, **options)
        assert (result.executor, result.operation, result.model) == ("model", None, "RuleEditor")


def test_no_model_and_nothing_that_one_needs_is_loaded(source, tmp_path):
    code = """import sys, vireo.cli.entry as entry
try: entry.main(sys.argv[1:])
except SystemExit as ended: assert not ended.code
print([name for name in ("torch", "diffusers", "transformers", "scipy") if name in sys.modules], file=sys.stderr)"""
    words = ["edit", source, "make it black and white", "-o", tmp_path / "out.mkv", "--json"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert json.loads(done.stdout)["operation"] == "black and white"
