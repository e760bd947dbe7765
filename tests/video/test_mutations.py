"""Damaged files end in one clear error or in a result, never in a crash or a hang.

pytest tests/video/test_mutations.py --mutations 2000
"""

import time

import numpy as np
import pytest
from mutations import CLIPS, make_all, mutated

from vireo.errors import VideoError
from vireo.video.io import VideoReader, VideoWriter

SECONDS = 30


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make_all(tmp_path_factory.mktemp("whole"))


def copy(source, target):
    """Reads all frames and sound of a file and writes them anew; returns whether damage was noticed."""
    with (
        VideoReader(source) as reader,
        VideoWriter(target, reader.info, source=source, overwrite=True) as writer,
    ):
        for frame in reader:
            writer.write(frame, frame.pixels)
    return bool(reader.damaged or reader.ends_early)


@pytest.mark.parametrize("name", CLIPS)
def test_damage_is_survived(whole, name, tmp_path, request):
    """Names carry the seed of the damage, so that each case can be made again."""
    count = max(1, request.config.getoption("--mutations") // len(CLIPS))
    good = bad = 0
    for seed in range(count):
        path, output = tmp_path / f"{seed}-{name}", tmp_path / "out.mkv"
        path.write_bytes(mutated(whole[name], np.random.default_rng([seed, len(name)])))
        began = time.monotonic()
        said = noticed = None
        try:
            noticed = copy(path, output)
        except VideoError as error:
            said = str(error)
        good, bad = good + (not noticed and said is None), bad + bool(noticed or said)
        assert said is None or (said and "\n" not in said), path.name
        assert said is None or not output.exists(), path.name
        output.unlink(missing_ok=True)
        assert time.monotonic() - began < SECONDS, path.name
        path.unlink()
    print(f"{name}: {good} read, {bad} refused")
    assert bad or count < 10, "no damage was noticed"


def test_the_undamaged_files_are_fine(whole, tmp_path):
    for name, data in whole.items():
        (tmp_path / name).write_bytes(data)
        assert not copy(tmp_path / name, tmp_path / f"{name}.mkv")
