"""The stage `perception`: its pictures and their labels, its losses and what it measures."""

import numpy as np
import pytest
import torch

from vireo.reasoning.perception.network import CELL, CENTER_UNIT, DEPTH_ORIGIN, DEPTH_UNIT, FINE
from vireo.training.perception_frames import (
    FRAME_SIZE,
    LabelledFrames,
    cache_labelled_frames,
    draw_scene,
    label_scenes,
)
from vireo.training.stage import LoopConfig
from vireo.training.stages.perception import (
    LABELS,
    NOTHING,
    OBJECT_LABELS,
    SCENE_LABELS,
    PerceptionConfig,
    PerceptionStage,
    cell_labels,
    measure_cells,
    picture_losses,
    varied,
)
from vireo.world.scene import Footage

CPU = torch.device("cpu")
SMALL = PerceptionConfig(
    embedding=16,
    widths=(16, 16, 16, 16),
    depths=(1, 1, 1, 1),
    hidden=16,
    loop=LoopConfig(steps=4, batch_size=4, learning_rate=3e-3, compile_blocks=False),
)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return cache_labelled_frames(0, 12, tmp_path_factory.mktemp("frames"), lambda done, total: None)


@pytest.fixture(scope="module")
def every(shards):
    return shards.take(np.arange(len(shards)))


def test_labels_say_what_the_pictures_show(every):
    assert every.frames.shape == (36, FRAME_SIZE, FRAME_SIZE, 3)
    assert every.instances.shape == (36, FRAME_SIZE, FRAME_SIZE)
    checked = 0
    for instances, objects in zip(every.instances, every.objects, strict=True):
        for index in np.unique(instances[instances > 0]) - 1:
            category, color, material, size, column, row, depth = objects[index]
            for head, number in zip(OBJECT_LABELS, (category, color, material, size), strict=True):
                assert number in range(len(LABELS[head]))
            rows, columns = np.nonzero(instances == index + 1)
            whole = columns.min() > 2 and columns.max() < FRAME_SIZE - 3 and rows.max() < FRAME_SIZE - 3
            height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
            round_ = abs(height - width) <= 2 and len(rows) > 0.76 * height * width  # nothing hides a part of it
            if whole and LABELS["category"][int(category)] == "ball" and len(rows) > 1000 and round_:
                assert (columns.mean(), rows.mean()) == pytest.approx((column, row), abs=6)
                assert 3.5 < depth < 8.5
                checked += 1
    assert checked > 3


def test_scenes_are_many_sided():
    scenes = [draw_scene(seed) for seed in range(120)]
    assert {scene.width for scene in scenes} > {96}
    assert any(isinstance(scene, Footage) for scene in scenes)
    assert max(len(scene.bodies) for scene in scenes) > 4
    assert min(len(scene.bodies) for scene in scenes if not isinstance(scene, Footage)) == 0
    assert any(scene.watermark for scene in scenes)
    assert any(scene.effects for scene in scenes)


def test_marks_lie_in_their_boxes():
    """The picture with the mark differs from the one without in the box alone."""
    seed = next(seed for seed in range(300) if draw_scene(seed).watermark and not draw_scene(seed).effects)
    marked = label_scenes([seed]).scenes
    assert set(marked[:, 4]) <= {0, 1, 2}
    left, top, right, bottom = marked[marked[:, 4] > 0][0, 5:9]
    assert 0 <= left < right <= FRAME_SIZE
    assert 0 <= top < bottom <= FRAME_SIZE


def test_a_broken_run_goes_on_with_the_same_pictures(tmp_path):
    seen = []

    def stop(done, total):
        seen.append(done)
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache_labelled_frames(40, 52, tmp_path, stop)
    (first,) = tmp_path.iterdir()
    before = (first / "frames.npy").stat().st_mtime_ns
    shards = cache_labelled_frames(40, 52, tmp_path, lambda done, total: None)
    assert (first / "frames.npy").stat().st_mtime_ns == before
    assert len(shards) == 3 * 52
    again = label_scenes([91])
    assert np.array_equal(shards.take(np.arange(153, 156)).frames, again.frames)


def test_mirrored_pictures_and_labels_agree(every):
    """A cell's object lies where its label says, in mirrored pictures, too."""
    rng = np.random.default_rng(3)
    turned = varied(every, rng)
    mirrored = (turned.instances != every.instances).any((1, 2))
    assert 8 < mirrored.sum() < 30
    for row in np.flatnonzero(mirrored):
        assert np.array_equal(turned.instances[row], every.instances[row, :, ::-1])
        assert np.array_equal(turned.objects[row, :, 4], FRAME_SIZE - every.objects[row, :, 4], equal_nan=True)
        assert np.array_equal(turned.objects[row, :, 5:], every.objects[row, :, 5:], equal_nan=True)
    assert 0 < np.abs(turned.frames.astype(int) - every.frames)[~mirrored].mean() < 25


def perfect(labels, shape):
    """Outputs that say just what the labels say."""
    pictures, rows, columns = shape
    found = {name: torch.zeros(pictures, len(values), rows, columns) for name, values in LABELS.items()}
    at = (labels.picture, labels.row, labels.column)
    for number, head in enumerate(OBJECT_LABELS):
        found[head][at[0], labels.attributes[:, number], at[1], at[2]] = 20
    found["mark"].scatter_(1, labels.mark[:, None], 20)
    for number, head in enumerate(SCENE_LABELS):
        for picture, value in enumerate(labels.scene[:, number].tolist()):
            if value != NOTHING:
                found[head][picture, value] = 20
    found["center"] = torch.zeros(pictures, 2, rows, columns)
    found["center"][at[0], :, at[1], at[2]] = labels.center / CENTER_UNIT
    found["depth"] = torch.zeros(pictures, 1, rows, columns)
    found["depth"][at[0], 0, at[1], at[2]] = torch.log(labels.depth / DEPTH_ORIGIN) / DEPTH_UNIT
    found["foreground"] = (labels.covered[:, None] - 0.5) * 40
    return found


def test_right_outputs_lose_nothing_and_measure_as_right(every, shards, monkeypatch):
    labels = cell_labels(every, CPU)
    found = perfect(labels, (36, FRAME_SIZE // CELL, FRAME_SIZE // CELL))
    losses = picture_losses(found, labels)
    assert losses["foreground"] < 0.05  # parts of cells that are covered by half
    assert all(value < 1e-4 for name, value in losses.items() if name != "foreground")
    wrong = {name: -values for name, values in found.items()}
    assert all(value > 1e-2 for value in picture_losses(wrong, labels).values())
    outputs = iter(
        [{name: values[:32] for name, values in found.items()}, {name: values[32:] for name, values in found.items()}]
    )
    monkeypatch.setattr("vireo.training.stages.perception.dense_outputs", lambda network, pixels: next(outputs))
    figures = measure_cells(torch.nn.Identity(), shards, CPU)
    assert figures["center"] == pytest.approx(0, abs=1e-3)
    assert figures["depth"] == pytest.approx(0, abs=1e-4)
    assert all(figures[head] == 1 for head in (*OBJECT_LABELS, *SCENE_LABELS, "foreground"))


def test_cells_belong_to_what_covers_most_of_them():
    instances = np.zeros((1, FRAME_SIZE, FRAME_SIZE), np.uint8)
    instances[0, :CELL, :CELL] = 1
    instances[0, :CELL, CELL - 2 : CELL] = 2  # a quarter
    instances[0, :CELL, CELL : CELL + 2] = 2
    instances[0, CELL : CELL + 2, :2] = 3  # next to nothing
    objects = np.full((1, 8, 7), np.nan, np.float32)
    objects[0, :3] = [[0, 1, 0, 0, 40, 44, 5], [1, 2, 0, 1, 10, 20, 6], [2, 3, 0, 1, 0, 0, 6]]
    frames = np.zeros((1, FRAME_SIZE, FRAME_SIZE, 3), np.uint8)
    labels = cell_labels(LabelledFrames(frames, instances, objects, np.zeros((1, 9), np.float32)), CPU)
    assert list(zip(labels.row.tolist(), labels.column.tolist(), strict=True)) == [(0, 0), (0, 1)]
    assert labels.attributes[:, 0].tolist() == [0, 1]
    assert labels.center.tolist() == [[40 - CELL / 2, 44 - CELL / 2], [10 - 1.5 * CELL, 20 - CELL / 2]]
    fine = CELL // FINE
    assert labels.covered.sum() * fine**2 == (instances > 0).sum()


def test_the_loss_falls_on_what_it_has_seen(shards):
    stage = PerceptionStage(SMALL, shards, CPU)
    optimizer = torch.optim.AdamW(stage.module.parameters(), lr=3e-3)
    values = []
    for _ in range(25):
        loss, figures = stage.loss(0)
        assert set(figures) == {f"loss_{head}" for head in (*LABELS, "foreground", "center", "depth")}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.75 * values[0]
    assert stage.loss(1)[0].item() == stage.loss(1)[0].item()


def test_every_picture_comes_once_in_a_pass(shards):
    stage = PerceptionStage(SMALL, shards, CPU)
    taken = []
    stage.frames = Recorder(shards, taken)
    for step in range(9):
        stage.loss(step)
    assert sorted(np.concatenate(taken).tolist()) == list(range(36))


class Recorder:
    def __init__(self, shards, taken):
        self.shards, self.taken = shards, taken

    def __len__(self):
        return len(self.shards)

    def take(self, rows):
        self.taken.append(rows)
        return self.shards.take(rows)
