"""Slow motion is used where it helps, loses nothing, and keeps ghosts away."""

import numpy as np
import pytest
from rule_editor import RuleEditor, edit
from scipy.ndimage import gaussian_filter

from vireo.models.editors.protocol import Reconstruction
from vireo.pipeline.slow_motion import in_slow_motion, real_time

TEXTURE = np.random.default_rng(1).normal(size=(96, 96, 3))
Y, X = np.mgrid[:96, :96]


class SmearingEditor(RuleEditor):
    """Its VAE averages the frames that share a latent frame."""

    def blurred(self, frames):
        values = frames / 255.0 if frames.dtype == np.uint8 else frames
        groups = [values[:1], *(values[i : i + 4] for i in range(1, len(values), 4))]
        return np.concatenate([np.repeat(g.mean(0, keepdims=True), len(g), 0) for g in groups]).astype(np.float32)


def ball(speed, count=9, wall=0.0):
    """A red disc that moves `speed` pixels a frame over a grey wall."""
    frames = np.full((count, 96, 96, 3), 120) + wall * TEXTURE
    for t, frame in enumerate(frames):
        frame[np.hypot(Y - 48, X - 16 - speed * t) < 9] = (230, 20, 25)
    return np.clip(frames, 0, 255).astype(np.uint8)


EVERYWHERE = np.ones((9, 96, 96), np.float32)


def slowly(frames, editor, alpha=EVERYWHERE):
    return in_slow_motion(frames, editor.reconstruct(frames).frames, alpha[: len(frames)], editor)


def test_what_stands_still_is_not_edited_again():
    assert slowly(ball(0, wall=30.0), SmearingEditor()) is None


def test_texture_that_is_lost_at_any_pace_is_no_reason():
    class Blurring(RuleEditor):
        def reconstruct(self, frames):
            self.lengths.append(len(frames))
            return Reconstruction(gaussian_filter(frames / 255.0, (0, 3, 3, 0)).astype(np.float32), None)

    frames, editor = ball(0, wall=60.0), Blurring()
    assert np.abs(frames / 255.0 - editor.reconstruct(frames).frames).max() > 0.2
    assert slowly(frames, editor) is None
    assert editor.lengths == [9, 9, 1], "one picture is enough to see that"


def test_fast_motion_is_shown_slowly_and_comes_back_in_real_time():
    frames = ball(7)
    shown = slowly(frames, SmearingEditor())
    assert [clip.shape for clip in shown.clips] == [frames.shape] * 4
    for clip in shown.clips:
        assert len(np.unique(clip.reshape(9, -1), axis=0)) == 3  # the frame before, and two frames of its own
    assert np.allclose(real_time([clip / 255 for clip in shown.clips]), frames / 255)
    assert np.allclose(shown.rebuilt, frames / 255)


def test_fast_motion_beside_the_edit_is_no_reason():
    corner = np.zeros_like(EVERYWHERE)
    corner[:, :20, :20] = 1
    assert slowly(ball(7), SmearingEditor(), corner) is None
    assert slowly(ball(7), SmearingEditor(), 0 * corner) is not None, "where nothing was edited, all of it counts"


@pytest.mark.parametrize("count", [9, 14, 25])
def test_a_fast_object_leaves_no_ghost(count):
    frames = ball(2.5 if count == 25 else 5.0, count)
    result = edit(SmearingEditor(), frames, "red to blue", preserve="off")
    red = frames[..., 0] > 200
    assert (result.edited[red] == (25, 20, 230)).all()
    assert (result.edited[~red] == frames[~red]).all()


def test_a_picture_has_no_pace():
    assert slowly(ball(0, 1), SmearingEditor()) is None
