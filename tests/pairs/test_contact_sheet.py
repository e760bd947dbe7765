"""The contact sheet shows what a pair set holds."""

import numpy as np
import pytest
from PIL import Image

from vireo.errors import InputError
from vireo.pairs.contact_sheet import write_contact_sheet
from vireo.pairs.format import read_pairs
from vireo.video.io import read_clip
from vireo.world.generate import PairSetSpec, make_pairs


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs") / "set"
    make_pairs(folder, PairSetSpec(count=4, seed=40, families=["recolor", "reference"]), workers=1)
    return folder


def test_a_row_a_family_with_source_target_and_mask(made, tmp_path):
    out = tmp_path / "sheet.png"
    assert write_contact_sheet(made, out, limit=1) == ["recolor", "reference"]
    sheet = np.asarray(Image.open(out).convert("RGB"))
    pair = next(pair for pair in read_pairs(made) if pair.family == "recolor")
    for column, path in enumerate((pair.source, pair.target, pair.mask)):
        frame = read_clip(made / path).frames[4]
        shown = sheet[8 : 8 + 144, 8 + 144 * column : 8 + 144 * (column + 1)]
        assert np.array_equal(shown[72, ::3], frame[48, ::2]), path
    both = Image.open(out).size
    write_contact_sheet(made, out, limit=2, families=["recolor"], overwrite=True)
    assert Image.open(out).size[0] > both[0], "two pairs stand side by side"
    assert Image.open(out).size[1] < both[1], "one row is lower than two"


def test_what_cannot_be_shown_is_refused(made, tmp_path):
    (tmp_path / "there.png").write_bytes(b"")
    with pytest.raises(InputError, match="-y"):
        write_contact_sheet(made, tmp_path / "there.png")
    with pytest.raises(InputError, match="no pairs of swap"):
        write_contact_sheet(made, tmp_path / "x.png", families=["swap"])
    with pytest.raises(InputError, match=r"no pairs\.jsonl"):
        write_contact_sheet(tmp_path, tmp_path / "x.png")
    (tmp_path / "pairs.jsonl").write_text("")
    with pytest.raises(InputError, match="no pairs"):
        write_contact_sheet(tmp_path, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
