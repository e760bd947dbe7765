"""The whole edit around a stand-in for the model that recolours by rule: files, windows, regions, sizes."""

import json
import os
from dataclasses import asdict
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image
from rule_editor import FACTS, RuleEditor, edit, scene

from vireo.errors import InputError, ModelError, VideoError
from vireo.models.instructor.vocabulary import Operation, Vocabulary
from vireo.monitor import STAGES
from vireo.pipeline.edit import edit_video
from vireo.video.io import VideoReader, read_clip, write_lossless


@pytest.fixture
def movie(tmp_path):
    """An mp4 with a variable frame rate and sound, and sound."""
    path, frames = tmp_path / "in put.mp4", scene(23, 96, 128)[0]
    times = np.cumsum([0, *np.random.default_rng(1).integers(200, 2000, 22)]).tolist()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 12800)
        voice = container.add_stream("aac", rate=48000)
        voice.layout = "mono"
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = times[index], Fraction(1, 12800)
            container.mux(stream.encode(frame))
            wave = np.random.default_rng(index).standard_normal((1, 1920)).astype(np.float32) / 8
            block = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = 48000, 1920 * index, Fraction(1, 48000)
            container.mux(voice.encode(block))
        container.mux(stream.encode(None))
        container.mux(voice.encode(None))
    return path


def times(path):
    with VideoReader(path) as reader:
        return [frame.pts * frame.time_base for frame in reader]


def sound(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_times_size_and_sound_stay_and_the_disc_turns_blue(movie, tmp_path):
    out = tmp_path / "out.mp4"
    result = edit_video(movie, "red to blue", out, model=RuleEditor(), steps=3, seed=7)
    assert times(out) == times(movie)
    assert sound(out) == sound(movie)
    assert len(sound(movie)) > 20
    edited, disc = read_clip(out).frames, scene(23, 96, 128)[1]
    assert edited[disc][:, 2].mean() > 190
    assert edited[disc][:, 0].mean() < 60
    assert (result.frames, result.width, result.height, result.steps, result.seed) == (23, 128, 96, 3, 7)
    assert 0.02 < result.changed_fraction < 0.15
    assert set(result.seconds) == {*STAGES, "total"}
    assert result.seconds["total"] >= result.seconds["write"] > 0
    json.dumps(asdict(result))


def test_strict_is_bit_equal_outside_in_a_lossless_output(tmp_path):
    frames, _ = scene(14, 120, 200)
    write_lossless(tmp_path / "in.mkv", frames, 8)
    result = edit_video(tmp_path / "in.mkv", "red to blue", tmp_path / "out.mkv", model=RuleEditor())
    changed = (read_clip(tmp_path / "out.mkv").frames != frames).any(-1)
    assert changed.any()
    assert changed.mean() <= result.changed_fraction < 0.15
    assert (read_clip(tmp_path / "out.mkv").frames == edit(RuleEditor(), frames, "red to blue").edited).all()


@pytest.mark.parametrize("size", [(96, 96), (131, 177)])
@pytest.mark.parametrize("count", [1, 4, 9, 10, 25])
def test_any_length_and_size(count, size):
    editor = RuleEditor()
    frames, disc = scene(count, *size)
    result = edit(editor, frames, "red to blue")
    assert result.edited.shape == result.raw.shape == frames.shape
    assert result.region.shape == frames.shape[:3]
    assert (result.edited[~result.region] == frames[~result.region]).all()
    assert result.region[disc].mean() > 0.99
    assert result.region.sum() < 2.8 * disc.sum()
    assert result.edited[disc][:, 2].mean() > 200
    assert editor.lengths == ([1] if count == 1 else [9] * len(editor.lengths))


def test_at_the_models_own_size_the_raw_result_is_the_pipes_and_off_is_raw():
    editor, frames = RuleEditor(), scene(9)[0]
    result = edit(editor, frames, "darker", preserve="off")
    expected = np.rint(255 * editor.blurred(0.4 * (frames / 255.0))).astype(np.uint8)
    assert (result.raw == expected).all()
    assert (result.edited == expected).all()


def test_a_whole_picture_edit_reaches_every_pixel_and_keeps_full_size_detail():
    frames = scene(9, 240, 320)[0]
    result = edit(RuleEditor(), frames, "darker")
    assert result.region.all()
    error = result.edited.astype(float) - 0.4 * frames
    assert np.sqrt((error**2).mean()) < 4


def test_an_edit_that_changes_nothing_returns_the_source():
    frames = scene(12)[0]
    result = edit(RuleEditor(), frames, "make the purple cone green")
    assert (result.edited == frames).all()
    assert not result.region.any()


def test_start_and_end_bound_the_edit(tmp_path):
    frames = scene(40)[0]
    write_lossless(tmp_path / "in.mkv", frames, 10)
    edit_video(tmp_path / "in.mkv", "darker", tmp_path / "out.mkv", model=RuleEditor(), start=1.0, end=2.5)
    changed = (read_clip(tmp_path / "out.mkv").frames != frames).any((1, 2, 3))
    assert changed.tolist() == [10 <= index < 25 for index in range(40)]


def test_an_image_is_edited_as_one_frame(tmp_path):
    Image.fromarray(scene(1, 100, 140)[0][0]).save(tmp_path / "in.png")
    result = edit_video(tmp_path / "in.png", "red to blue", tmp_path / "out.png", model=RuleEditor())
    assert result.frames == 1
    assert read_clip(tmp_path / "out.png").frames.shape == (1, 100, 140, 3)


def test_a_preview_of_few_steps_comes_first(movie, tmp_path):
    editor, seen = RuleEditor(), []

    def progress(done, total, label):
        seen.append((label, (tmp_path / "preview.mp4").exists(), (tmp_path / "out.mp4").exists()))

    names = {"preview": tmp_path / "preview.mp4", "on_progress": progress}
    result = edit_video(movie, "red to blue", tmp_path / "out.mp4", model=editor, steps=7, **names)
    labels = [label for label, _, _ in seen]
    assert labels == sorted(labels, key=["preview", "editing"].index)
    assert {(made, done) for label, made, done in seen if label == "editing"} == {(True, False)}
    assert sum(label == "preview" for label in labels) < sum(label == "editing" for label in labels)
    assert result.steps == 7
    assert len(read_clip(tmp_path / "preview.mp4").frames) == result.frames


def test_reference_reaches_the_model(tmp_path):
    editor, picture = RuleEditor(), scene(1, 30, 40)[0][0]
    Image.fromarray(picture).save(tmp_path / "ref.png")
    write_lossless(tmp_path / "in.mkv", scene(3)[0], 8)
    edit_video(tmp_path / "in.mkv", "red to blue", tmp_path / "o.mkv", model=editor, reference=tmp_path / "ref.png")
    assert (editor.references[0] == picture).all()


def test_compare_strip_and_progress(movie, tmp_path):
    reports = []
    edit_video(
        movie,
        "red to blue",
        tmp_path / "out.mp4",
        model=RuleEditor(),
        compare=tmp_path / "strip.png",
        on_progress=lambda *report: reports.append(report),
    )
    strip = np.asarray(Image.open(tmp_path / "strip.png"))
    height = strip.shape[0] // 2
    assert strip.shape[1] > 5 * 128
    assert (strip[16:height] != strip[height + 16 :]).any()
    done = [report[0] for report in reports]
    assert done == sorted(done)
    assert done[-1] == 23
    assert reports[0][1] == 23


@pytest.mark.parametrize(("instruction", "error"), [("stop", KeyboardInterrupt), ("break", ModelError)])
def test_whatever_breaks_leaves_nothing(movie, tmp_path, instruction, error):
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(error):
        edit_video(movie, instruction, tmp_path / "o.mp4", model=RuleEditor(), compare=tmp_path / "c.png")
    assert sorted(os.listdir(tmp_path)) == before


def test_wrong_input_is_refused_before_anything_is_written(movie, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "there.mp4").write_bytes(b"precious")
    before = sorted(os.listdir(tmp_path))
    good = {"source": movie, "instruction": "darker", "output": tmp_path / "o.mp4"}
    for wrong, error in [
        ({"instruction": " \n"}, InputError),
        ({"source": tmp_path / "none.mp4"}, VideoError),
        ({"source": tmp_path / "text.mp4"}, VideoError),
        ({"source": tmp_path}, VideoError),
        ({"output": movie, "overwrite": True}, VideoError),
        ({"output": tmp_path / "there.mp4"}, VideoError),
        ({"output": tmp_path / "no" / "o.mp4"}, VideoError),
        ({"compare": tmp_path / "no" / "c.png"}, VideoError),
        ({"compare": tmp_path / "c.txt"}, VideoError),
        ({"reference": tmp_path / "none.png"}, VideoError),
        ({"preserve": "some"}, InputError),
        ({"start": 2.0, "end": 1.0}, InputError),
        ({"start": 100.0}, InputError),
    ]:
        with pytest.raises(error):
            edit_video(**(good | wrong), model=RuleEditor())
        assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "there.mp4").read_bytes() == b"precious"


def test_the_same_seed_gives_the_same_bytes(movie, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        edit_video(movie, "red to blue", tmp_path / name, model=RuleEditor(), seed=3)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_what_is_not_there_leaves_the_clip_alone(tmp_path):
    frames, _ = scene(20)
    write_lossless(tmp_path / "in.mkv", frames, 8)
    editor = RuleEditor()
    result = edit_video(tmp_path / "in.mkv", "darken the ball", tmp_path / "out.mkv", model=editor)
    assert (result.found, result.changed_fraction, editor.lengths) == (False, 0.0, [])
    assert result.notes == ("nothing in the picture fits the instruction",)
    assert (read_clip(tmp_path / "out.mkv").frames == frames).all()
    result = edit_video(tmp_path / "in.mkv", "darken the ball", tmp_path / "b.mkv", model=editor, look=False)
    assert result.found is None
    assert editor.lengths == [9, 9, 9]


def test_a_clip_unlike_all_that_the_model_has_learned_from_is_edited_with_a_note_and_shapes_are_not_believed():
    strange = np.full((3, 96, 96, 3), 254, np.uint8)  # what the rule editor takes for it
    result = edit(Speaking(), strange, "darker")
    assert (result.found, result.edited.max() < 200) == (True, True)
    assert result.notes == ("the clip looks unlike all that rule has learned from: look closely at what it made of it",)
    result = edit(Speaking(), strange, "shade the cube darker")
    assert result.found is False
    assert (result.edited == strange).all()
    assert "whether it shows this (cube) cannot be told" in result.notes[0]
    assert edit(Speaking(), scene(3)[0], "shade the cube darker").notes == ()


class Speaking(RuleEditor):
    """Declares what it knows."""

    facts = FACTS.model_copy(
        update={
            "vocabulary": Vocabulary(
                operations=(
                    Operation(name="light", example="darker", forms=("{light}",)),
                    Operation(name="object", example="shade the cube darker", forms=("shade {object} {light}",)),
                ),
                words={"light": {"darker": ()}, "shape": {"cube": ()}},
            )
        }
    )


@pytest.mark.parametrize("preserve", ["strict", "off"])
@pytest.mark.parametrize("instruction", ["make the car darker", "do not make it darker", "сделай темнее", "???"])
def test_what_the_model_does_not_know_leaves_the_clip_alone_and_is_said(tmp_path, instruction, preserve):
    frames, _ = scene(12)
    write_lossless(tmp_path / "in.mkv", frames, 8)
    editor, receipt = Speaking(), tmp_path / "r.json"
    arguments = {"model": editor, "preserve": preserve, "receipt": receipt}
    result = edit_video(tmp_path / "in.mkv", instruction, tmp_path / "out.mkv", **arguments)
    assert (result.read_as, result.found, result.changed_fraction, editor.lengths) == (None, None, 0.0, [])
    assert (read_clip(tmp_path / "out.mkv").frames == frames).all()
    assert result.notes[0].startswith("rule ")
    assert json.loads(receipt.read_text())["settings"]["read_as"] is None
    looked = edit_video(tmp_path / "in.mkv", instruction, tmp_path / "b.mkv", model=editor, look=False)
    assert (looked.read_as, looked.notes, editor.lengths) == (instruction, (), [9, 9])


def test_the_model_is_given_its_own_words(tmp_path):
    frames, _ = scene(12)
    write_lossless(tmp_path / "in.mkv", frames, 8)
    mask, receipt = tmp_path / "mask.png", tmp_path / "r.json"
    Image.fromarray(np.full((96, 96), 255, np.uint8)).save(mask)
    typed = "Could you darken this clip, please?"
    result = edit_video(
        tmp_path / "in.mkv", typed, tmp_path / "out.mkv", model=Speaking(), receipt=receipt, executor="model"
    )
    assert (result.instruction, result.read_as, result.notes) == (typed, "darker", ())
    assert result.found
    assert read_clip(tmp_path / "out.mkv").frames.mean() < 0.6 * frames.mean()
    assert json.loads(receipt.read_text())["settings"]["read_as"] == "darker"
    within = edit_video(tmp_path / "in.mkv", "darken the car", tmp_path / "b.mkv", model=Speaking(), mask=mask)
    assert (within.read_as, within.changed_fraction) == (None, 0.0)


@pytest.mark.parametrize("preserve", ["soft", "off"])
def test_a_large_clip_without_the_object_stays_bit_by_bit_however_it_is_preserved(preserve):
    frames, _ = scene(12, 120, 200)
    result = edit(RuleEditor(), frames, "darken the ball", preserve=preserve)
    assert (result.edited == frames).all()
    assert result.found is False


def test_an_object_that_comes_later_is_edited_from_then_on():
    frames, discs = scene(30)
    empty = np.repeat(frames[:1, :, -1:], 96, axis=2)
    clip = np.concatenate([np.repeat(empty, 16, axis=0), frames, np.repeat(empty, 16, axis=0)])
    editor = RuleEditor()
    result = edit(editor, clip, "red to blue", raw=False)
    assert result.found
    assert (result.edited[:7] == clip[:7]).all()
    assert result.edited[16:46][discs][:, 2].mean() > 190
    # The first window lies before the disc; those behind it are edited, as it was seen.
    assert len(editor.lengths) == len(range(0, 62, 7)) - 2
