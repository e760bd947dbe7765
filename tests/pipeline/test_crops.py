"""Wide frames are looked at in parts, and edited in one of them where the whole does not show what is meant."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from rule_editor import RuleEditor, edit, scene

from vireo.models.instructor.presence import Presence
from vireo.pipeline.crops import is_seen, likeliest, neighbour_reached, parts


@pytest.mark.parametrize("frame", [(720, 1280), (1280, 720), (480, 640), (100, 400), (1080, 1920)])
@pytest.mark.parametrize("model", [(96, 96), (64, 64)])
def test_parts_have_the_models_shape_and_leave_nothing_out(frame, model):
    boxes = parts(frame, model)
    covered = np.zeros(frame, bool)
    for box in boxes:
        covered[box] = True
        rows, columns = (side.stop - side.start for side in box)
        assert rows == columns == min(frame)
    assert covered.all()
    for before, after in pairwise(boxes):
        shared = min(a.stop - b.start for a, b in zip(before, after, strict=True))
        assert shared >= min(frame) / 2 - 1


def test_parts_of_a_model_that_is_wide_itself():
    assert parts((480, 832), (240, 416)) == []
    rows, columns = parts((1920, 1080), (240, 416))[0]
    assert (rows, columns) == (slice(0, 623), slice(0, 1080))


@pytest.mark.parametrize("frame", [(96, 96), (100, 120), (120, 100), (16, 8000), (8000, 16), (1, 1)])
def test_nearly_square_frames_and_stripes_are_shown_whole(frame):
    assert parts(frame, (96, 96)) == []


def test_the_part_that_shows_it_best_is_taken_and_of_several_the_middle_one():
    assert likeliest(np.array([0.9, 0.4, 0.0])) == 2
    assert likeliest(np.array([0.00, 0.01, 0.00])) == 1
    assert likeliest(np.array([0.03, 0.01, 0.9])) == 1
    assert likeliest(np.array([0.9, 0.0, 0.01, 0.02, 0.9])) == 2


def test_the_parts_decide_but_only_a_sure_one_against_the_whole():
    assert [is_seen(np.array([chance])) for chance in (0.49, 0.5)] == [True, False]
    assert is_seen(np.array([0.3, 0.9, 0.4, 0.9]))
    assert not is_seen(np.array([0.0, 0.9, 0.6, 0.9]))
    assert not is_seen(np.array([0.8, 0.9, 0.1, 0.9]))
    assert is_seen(np.array([0.8, 0.9, 0.01, 0.9]))


def test_a_region_that_reaches_out_of_a_part_is_the_neighbours():
    wide, high = parts((96, 192), (96, 96)), parts((192, 96), (96, 96))
    region = np.zeros((2, 96, 96), np.float32)
    region[1, 40:50, :9] = 1
    assert [neighbour_reached(region, part, wide) for part in wide] == [None, *wide[:-1]]
    assert [neighbour_reached(region.transpose(0, 2, 1), part, high) for part in high] == [None, *high[:-1]]
    assert [neighbour_reached(region[..., ::-1], part, wide) for part in wide] == [*wide[1:], None]
    assert neighbour_reached(np.ones_like(region), wide[1], wide) is None
    region[..., 0] = 0
    assert neighbour_reached(region, wide[1], wide) is None


class Squeezing(RuleEditor):
    """Takes squeezed discs for eggs: sees a disc only where it is round, and edits only what it sees."""

    def round(self, picture):
        red = (picture[..., 0] > 180) & (picture[..., 1] < 90)
        rows, columns = red.any(1).sum(), red.any(0).sum()
        return rows > 0 and 0.8 < columns / rows < 1.25

    def look(self, instructions, clips):
        absent = [np.mean([not self.round(clip[k]) for k in (0, len(clip) // 2, -1)]) for clip in clips]
        return Presence(np.array(absent), np.zeros(len(clips)), np.zeros(len(clips), bool))

    def edit_one(self, window, sampling, monitor):
        seen = self.round(window.frames[0])
        self.shown = [*getattr(self, "shown", []), seen]
        return super().edit_one(window if seen else replace(window, text="nothing"), sampling, monitor)


def wide(count=9, begin=0.75, speed=0.0):
    """A red disc in a frame of 192 x 384 pixels, and where it is."""
    frames, _ = scene(count, 192, 384)
    y, x = np.mgrid[:192, :384]
    grey = frames[..., 0] - frames[..., 2] < 100
    frames = np.where(grey[..., None], frames, np.uint8([110, 130, 120]))
    discs = np.stack([np.hypot(y - 96, x - 384 * (begin + speed * t)) < 20 for t in range(count)])
    frames[discs] = (230, 20, 25)
    return frames, discs


def test_what_the_whole_frame_does_not_show_is_edited_in_a_part():
    frames, disc = wide()
    editor = Squeezing()
    result = edit(editor, frames, "red to blue")
    assert result.found
    assert editor.shown == [True]
    assert (result.edited[disc][:, 2] > 180).mean() > 0.95
    assert (result.edited[..., :192, :] == frames[..., :192, :]).all()
    assert not result.region[..., :192].any()
    assert not edit(Squeezing(), frames, "red to blue", gate=False).edited[disc][:, 2].max() > 100


def test_what_is_cut_at_the_border_of_a_part_is_edited_in_the_next():
    """The instructor is surest of the last part, which begins inside the disc."""

    class Hasty(Squeezing):
        def look(self, instructions, clips):
            return Presence(np.array([0.9, 0.4, 0.3, 0.0]), np.zeros(4), np.zeros(4, bool))

        def round(self, picture):
            return True

    frames, disc = wide(begin=0.5)
    editor = Hasty()
    result = edit(editor, frames, "red to blue")
    assert len(editor.shown) == 2
    assert (result.edited[disc][:, 2] > 180).mean() > 0.95
    assert not result.region[..., :, :96].any()


def test_what_no_part_shows_is_absent():
    frames = wide()[0][:, :, ::-1].copy()
    frames[..., 0] = frames[..., 1]
    result = edit(Squeezing(), frames, "red to blue")
    assert result.found is False
    assert (result.edited == frames).all()


def test_an_object_that_crosses_the_frame_is_edited_in_one_part_after_the_other():
    frames, discs = wide(40, begin=0.12, speed=0.019)
    editor = Squeezing()
    result = edit(editor, frames, "red to blue", raw=False)
    assert len(range(0, 38, 7)) <= len(editor.shown) <= 12, "at most twice a window"
    for edited, disc in zip(result.edited, discs, strict=True):
        assert (edited[disc][:, 2] > 150).mean() > 0.9


def test_what_the_whole_frame_shows_is_edited_there():
    frames, discs = wide()
    editor = RuleEditor()
    result = edit(editor, frames, "darker")
    assert (result.edited[..., 0, 0, 0] < 0.6 * frames[..., 0, 0, 0]).all()
    assert (result.edited[discs][:, 0] < 120).all()
