"""What evaluation scores is what users get.

pytest -s tests/evaluation/test_same_edit.py --same 100     on 100 pairs of all families
"""

import numpy as np
import pytest
from PIL import Image

from vireo import edit_video
from vireo.evaluation.editors import Job, ModelClips
from vireo.evaluation.pair_clips import load_pair_clips
from vireo.models.editors.opening import open_editor
from vireo.pairs.format import read_pairs
from vireo.types import EditSettings
from vireo.video.io import read_clip
from vireo.world.generate import PairSetSpec, make_pairs


@pytest.mark.parametrize("preserve", ["strict", "off"])
def test_an_edited_file_equals_the_evaluated_clip_bit_for_bit(tmp_path, request, preserve):
    count = request.config.getoption("--same")
    make_pairs(tmp_path, PairSetSpec(count=count, seed=962_000), workers=1)
    editor = open_editor("mini", device="cpu")
    source = ModelClips(editor, EditSettings(preserve=preserve, seed=3, executor="auto"))
    for pair in read_pairs(tmp_path):
        clips = load_pair_clips(tmp_path, pair)
        edited = source.edit([Job(pair, "plain", pair.instruction, "")], [clips])[0]
        reference = None if clips.reference is None else tmp_path / "reference.png"
        if clips.reference is not None:
            Image.fromarray(clips.reference).save(reference)
        out = tmp_path / "out.mkv"
        result = edit_video(
            tmp_path / pair.source,
            pair.instruction,
            out,
            model=editor,
            reference=reference,
            seed=3,
            preserve=preserve,
            overwrite=True,
        )
        assert np.array_equal(read_clip(out).frames, edited.composited), pair.id
        assert result.changed_fraction == pytest.approx(edited.region.mean())
    print(f"\n{count} pairs, preserve {preserve}: bit-equal")
