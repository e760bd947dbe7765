"""Receipts of whole edits, and what `verify` says of honest and of tampered files."""

import json

import av
import numpy as np
import pytest
from PIL import Image
from probing import probe
from rule_editor import RuleEditor, scene

from vireo.errors import InputError
from vireo.pipeline.edit import edit_video
from vireo.receipt import read_receipt, verify
from vireo.receipt.runs import from_runs, to_runs
from vireo.receipt.verify import encoding_errors
from vireo.video.io import Quality, VideoReader, VideoWriter, read_clip, write_lossless
from vireo.video.mask import read_masks


@pytest.fixture
def edited(tmp_path):
    """edited(suffix=".mkv", **arguments): source, output and receipt of an edit of 12 frames."""

    def make(suffix=".mkv", size=(96, 96), prompt="red to blue", **arguments):
        source, output, receipt = tmp_path / "in.mkv", tmp_path / f"out{suffix}", tmp_path / "out.json"
        if not source.exists():
            write_lossless(source, scene(12, *size)[0], 25)
        arguments = {"model": RuleEditor(), "receipt": receipt, "overwrite": True} | arguments
        edit_video(source, prompt, output, **arguments)
        return source, output, receipt

    return make


@pytest.mark.parametrize(
    "rows", [["0000", "0000"], ["1111", "1111"], ["0110", "0001"], ["1000", "0011"], ["1"], ["0"]], ids=str
)
def test_runs_return_the_region(rows):
    region = np.array([[letter == "1" for letter in row] for row in rows])
    runs = to_runs(region)
    assert sum(runs) == region.size
    assert (from_runs(runs, *region.shape) == region).all()


def test_runs_by_hand():
    assert to_runs(np.array([[False, True, True], [True, False, False]])) == [1, 3, 2]
    assert to_runs(np.array([[True, False]])) == [0, 1, 1]
    for wrong in ([3], [2, -1, 5], [7], [10**20], [2**62] * 4 + [6], []):
        with pytest.raises(ValueError, match="pixels of 6"):
            from_runs(wrong, 2, 3)


def test_of_deep_video_every_bit_outside_is_checked(edited, tmp_path):
    """One step of 16 bits, which 8 bits do not show."""
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 96, "gbrp12le"
        for k, picture in enumerate(scene(12)[0]):
            shades = np.minimum(257 * picture.astype(int) + np.arange(96)[:, None, None], 65535).astype(np.uint16)
            frame = av.VideoFrame.from_ndarray(shades, format="rgb48le").reformat(format="gbrp12le")
            frame.pts = k
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    source, output, receipt = edited(quality=Quality(lossless=True))
    assert probe(output).pix_fmt == "gbrp16le"
    verdict = verify(source, output, receipt)
    assert verdict.holds, verdict.failures
    assert verdict.notes == []
    forged = tmp_path / "forged.mkv"
    with VideoReader(output) as reader, VideoWriter(forged, reader.info) as writer:
        for number, frame in enumerate(reader):
            if number == 3:
                frame.deep[0, 0, 1] ^= 1
            writer.write(frame, frame.pixels)
    verdict = verify(source, forged, receipt)
    assert verdict.failures == ["frame 3: 1 pixels outside of the region differ"]


def test_an_honest_edit_holds(edited):
    source, output, receipt = edited()
    verdict = verify(source, output, receipt)
    assert verdict.holds, verdict.failures
    assert (verdict.frames, verdict.mean, verdict.notes) == (12, 0.0, [])
    facts = read_receipt(receipt)
    assert facts.encoding.lossless
    assert facts.instruction == "red to blue"
    disc = scene(12)[1][0]
    region = from_runs(facts.frames[0].region, 96, 96)
    assert region[disc].all()
    assert 0.5 < verdict.untouched < 0.99
    before, after = read_clip(source).frames, read_clip(output).frames
    assert facts.frames[3].changed == (before[3] != after[3]).any(-1).sum()


def test_one_changed_pixel_outside_is_caught(edited, tmp_path):
    source, output, receipt = edited()
    frames = read_clip(output).frames
    regions = [from_runs(frame.region, 96, 96) for frame in read_receipt(receipt).frames]
    rng = np.random.default_rng(0)
    for trial in range(20):
        number = int(rng.integers(12))
        inside = trial % 4 == 0
        row, column = rng.choice(np.argwhere(regions[number] == inside))
        forged = frames.copy()
        forged[number, row, column, int(rng.integers(3))] ^= 1
        path = tmp_path / "forged.mkv"
        path.unlink(missing_ok=True)
        write_lossless(path, forged, 25)
        verdict = verify(source, path, receipt)
        if inside:
            assert verdict.holds or "pixels differ, the receipt says" in verdict.failures[0]
        else:
            assert f"frame {number}: 1 pixels outside" in verdict.failures[0]


def test_many_edits_hold_and_each_forgery_is_caught(request, tmp_path):
    """pytest tests/pipeline/test_receipt.py --receipts 100"""
    for seed in range(request.config.getoption("--receipts")):
        rng = np.random.default_rng(seed)
        height, width, count = (int(v) for v in (*rng.integers(40, 260, 2), rng.integers(1, 30)))
        suffix, codec = [(".mkv", "ffv1"), (".avi", "rawvideo"), (".mov", "png"), (".avi", "huffyuv")][seed % 4]
        source, output, receipt = tmp_path / "in.mkv", tmp_path / f"out{suffix}", tmp_path / "out.json"
        write_lossless(source, scene(count, height, width)[0], 25)
        lossless = Quality(codec=codec, lossless=True)
        edit_video(source, "red to blue", output, model=RuleEditor(), receipt=receipt, quality=lossless, overwrite=True)
        verdict = verify(source, output, receipt)
        assert verdict.holds, (seed, verdict.failures)
        frames, facts = read_clip(output).frames.copy(), read_receipt(receipt)
        number = int(rng.integers(count))
        row, column = rng.choice(np.argwhere(~from_runs(facts.frames[number].region, height, width)))
        frames[number, row, column, int(rng.integers(3))] ^= 1
        with VideoWriter(output, probe(source), overwrite=True, quality=lossless) as writer, VideoReader(source) as old:
            for timing, pixels in zip(old, frames, strict=True):
                writer.write(timing, pixels)
        assert not verify(source, output, receipt).holds, seed


def test_a_lossy_output_holds_within_the_stated_error(edited, tmp_path):
    source, output, receipt = edited(".webm", (192, 160))
    verdict, stated = verify(source, output, receipt), read_receipt(receipt).encoding
    assert verdict.holds, verdict.failures
    assert not stated.lossless
    assert (verdict.mean, verdict.worst) == (stated.mean, stated.worst)
    assert 0 < stated.mean < 3
    frames = read_clip(output).frames
    frames[4, :32, :32] = 0  # far from the disc
    with VideoReader(source) as reader, VideoWriter(tmp_path / "forged.webm", reader.info) as writer:
        for frame, pixels in zip(reader, frames, strict=True):
            writer.write(frame, pixels)
    verdict = verify(source, tmp_path / "forged.webm", receipt)
    assert "frame 4: outside of the region somewhere" in " ".join(verdict.failures)


def test_an_edit_of_everything_holds_in_a_lossy_output(edited):
    source, output, receipt = edited(".webm", prompt="darker")
    verdict = verify(source, output, receipt)
    assert verdict.holds, verdict.failures
    assert verdict.untouched == 0
    assert not read_receipt(receipt).encoding.lossless


def test_other_files_do_not_pass(edited, tmp_path):
    source, output, receipt = edited()
    other = tmp_path / "other.mkv"
    write_lossless(other, scene(12)[0] + np.uint8(1), 25)
    assert "not the file that was edited" in verify(other, output, receipt).failures[0]
    short = tmp_path / "short.mkv"
    write_lossless(short, read_clip(output).frames[:9], 25)
    assert "the output ends after 9 frames" in verify(source, short, receipt).failures[0]
    small = tmp_path / "small.mkv"
    write_lossless(small, read_clip(output).frames[:, :48], 25)
    assert "is 96x48, not 96x96" in verify(source, small, receipt).failures[0]
    slow = tmp_path / "slow.mkv"
    write_lossless(slow, read_clip(output).frames, 20)
    assert "frame 1: it is shown 0.0100 s too late" in verify(source, slow, receipt).failures[0]


def test_a_receipt_cannot_excuse_everything(edited, tmp_path):
    source, output, receipt = edited()
    facts = json.loads(receipt.read_text())
    facts["encoding"] |= {"lossless": False, "mean": 255, "worst": 255}
    receipt.write_text(json.dumps(facts))
    frames = read_clip(output).frames
    frames[5, -1, -1] ^= 1
    write_lossless(tmp_path / "a.mkv", frames, 25)
    assert not verify(source, tmp_path / "a.mkv", receipt).holds  # that file loses nothing, whatever the receipt says
    with VideoReader(source) as reader, VideoWriter(tmp_path / "b.webm", reader.info) as writer:
        for frame in reader:
            writer.write(frame, np.minimum(frame.pixels, 215) + np.uint8(40))
    failures = " ".join(verify(source, tmp_path / "b.webm", receipt).failures)
    assert "more than the codec's 8.00" in failures
    for wrong in (float("nan"), -1, 256):
        facts["encoding"]["mean"] = wrong
        receipt.write_text(json.dumps(facts))
        with pytest.raises(InputError, match="is no receipt"):
            verify(source, output, receipt)


def test_the_count_of_changed_pixels_has_to_be_true(edited, tmp_path):
    source, output, receipt = edited()
    frames = read_clip(output).frames
    inside = from_runs(read_receipt(receipt).frames[2].region, 96, 96)
    frames[2][inside] = read_clip(source).frames[2][inside]
    write_lossless(tmp_path / "half.mkv", frames, 25)
    assert "frame 2: 0 pixels differ, the receipt says" in verify(source, tmp_path / "half.mkv", receipt).failures[0]


def test_a_region_that_was_changed_alone_does_not_pass(edited):
    source, output, receipt = edited()
    facts = json.loads(receipt.read_text())
    facts["frames"][2]["region"] = [0, 96 * 96]
    receipt.write_text(json.dumps(facts))
    assert (
        "frame 2: the receipt is of another source, or its region was changed"
        in verify(source, output, receipt).failures
    )
    facts["frames"][2]["region"] = [5]
    receipt.write_text(json.dumps(facts))
    assert "region is damaged" in verify(source, output, receipt).failures[0]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\xfe", b'{"format": "other"}'])
def test_what_is_no_receipt_is_refused(edited, content):
    source, output, receipt = edited()
    receipt.write_bytes(content)
    with pytest.raises(InputError, match="is no receipt"):
        verify(source, output, receipt)
    with pytest.raises(InputError, match="cannot be read"):
        verify(source, output, receipt.with_name("missing.json"))


@pytest.mark.parametrize("preserve", ["soft", "off"])
def test_receipts_promise_only_what_holds(edited, preserve):
    source, output, receipt = edited(preserve=preserve)
    verdict = verify(source, output, receipt)
    assert verdict.holds, verdict.failures
    assert (verdict.untouched == 0) == (preserve == "off")


def test_frames_outside_the_span_are_untouched(edited):
    source, output, receipt = edited(preserve="off", start=0.2, end=0.4)
    assert verify(source, output, receipt).holds
    untouched = [frame.region == [96 * 96] for frame in read_receipt(receipt).frames]
    assert untouched == [True] * 5 + [False] * 5 + [True] * 2


@pytest.mark.parametrize("size", [(96, 96), (120, 160)])
def test_a_mask_takes_the_place_of_the_region(edited, tmp_path, size):
    white = np.zeros(size, bool)
    white[:, : size[1] // 2] = True
    Image.fromarray((white * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    source, output, receipt = edited(size=size, mask=tmp_path / "mask.png")
    before, after = read_clip(source).frames, read_clip(output).frames
    assert (before[:, ~white] == after[:, ~white]).all()
    disc = scene(12, *size)[1][0] & np.roll(white, -size[1] // 12, 1)
    blue = after[0][disc].astype(int)
    assert (blue[:, 2] > blue[:, 0] + 60).mean() > 0.8
    assert verify(source, output, receipt).holds
    assert read_receipt(receipt).mask.name == "mask.png"


def test_masks_that_do_not_fit_are_refused(edited, tmp_path):
    path = tmp_path / "mask.png"
    for picture, words in ((np.zeros((96, 96)), "black everywhere"), (np.full((96, 90), 255), "90x96, the clip 96x96")):
        Image.fromarray(picture.astype(np.uint8)).save(path)
        with pytest.raises(InputError, match=words):
            edited(mask=path)
    write_lossless(tmp_path / "few.mkv", np.full((7, 96, 96, 3), 255, np.uint8), 25)
    model = RuleEditor()
    with pytest.raises(InputError, match="has 7 frames, the clip 12"):
        edited(mask=tmp_path / "few.mkv", model=model)
    assert not model.lengths, "it is known before any work"
    assert not (tmp_path / "out.mkv").exists()
    Image.new("L", (96, 96), 255).save(path)
    with pytest.raises(InputError, match="a mask has no meaning"):
        edited(mask=path, preserve="soft")
    with pytest.raises(InputError, match="is read by the edit itself"):
        edited(mask=path, receipt=path)


def test_small_masks_let_the_edit_through(tmp_path):
    white = np.zeros((300, 960), np.uint8)
    white[10:22, 10:22] = 255
    white[100:250, 400:800] = 255
    Image.fromarray(white).save(tmp_path / "mask.png")
    with VideoReader(tmp_path / "mask.png") as reader:
        masks = read_masks(reader, reader.info)
        mask = next(masks)
        assert (next(masks) == mask).all()
    assert ((mask > 0) == (white > 0)).all()
    assert mask[16, 16] == mask[170, 600] == 1
    assert mask[100, 600] == pytest.approx(64 / (300 * 960) ** 0.5)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_a_mask_is_black_where_it_is_transparent(tmp_path, mode):
    opacity = np.zeros((60, 80), np.uint8)
    opacity[10:40, 20:50] = 255
    strokes = np.dstack([np.full((60, 80, 3), 255, np.uint8), opacity])
    strokes[10:40, 45:50, :3] = 0  # painted black
    Image.fromarray(strokes).convert(mode).save(tmp_path / "mask.png")
    write_frames = Image.fromarray(strokes)
    write_frames.save(tmp_path / "mask.apng", "PNG", save_all=True, append_images=[Image.fromarray(strokes[::-1])])
    with VideoReader(tmp_path / "mask.png") as reader:
        white = next(read_masks(reader, reader.info)) > 0
    wanted = np.zeros((60, 80), bool)
    wanted[10:40, 20:45] = True
    assert (white == wanted).all()
    with VideoReader(tmp_path / "mask.apng") as reader:
        masks = read_masks(reader, reader.info)
        assert ((next(masks) > 0) == wanted).all()
        assert ((next(masks) > 0) == wanted[::-1]).all()


def test_outputs_are_different_files(edited, tmp_path):
    with pytest.raises(InputError, match="the same file"):
        edited(receipt=tmp_path / "out.mkv")


def test_errors_by_hand():
    old = np.full((32, 40, 3), 100, np.uint8)
    new = old.copy()
    new[0:16, 16:32] = 110
    outside = np.ones((32, 40), bool)
    assert encoding_errors(old, new, outside) == (pytest.approx(10 * 256 / 1280), 10.0)
    outside[0:15, 16:31] = False  # 31 pixels of that square are left: too few
    assert encoding_errors(old, new, outside)[1] == 0.0
    outside[0, 16] = True
    assert encoding_errors(old, new, outside) == (pytest.approx(10 * 32 / (1280 - 224)), 10.0)
    assert encoding_errors(old, new, np.zeros((32, 40), bool)) == (0.0, 0.0)
