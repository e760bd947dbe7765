"""Mini's perception: with random weights for the form of what it gives, with the shipped ones for what it sees."""

import numpy as np
import pytest
import torch

from vireo.errors import InputError, ModelError
from vireo.reasoning.exact_twin import exact_twin
from vireo.reasoning.masks import masks_of
from vireo.reasoning.perception import open_perception
from vireo.reasoning.perception.mini import MiniPerception, raster_size
from vireo.reasoning.perception.network import CELL, FINE, build_network, dense_outputs, heads_of, to_input
from vireo.training.export import save_model
from vireo.training.stages.perception import LABELS
from vireo.world.render import render
from vireo.world.sampling import sample_scene

SEED = 960_020


def tiny_network(seed=0, labels=LABELS):
    torch.manual_seed(seed)
    return build_network(labels, 16, (16, 16, 16, 16), (1, 1, 1, 1), 16).eval()


@pytest.fixture(scope="module")
def perception():
    return open_perception("mini")


def test_outputs_of_the_network_and_its_heads():
    network = tiny_network()
    heads = heads_of(network)
    assert heads["color"] == LABELS["color"]
    with torch.no_grad():
        found = dense_outputs(network, to_input(torch.zeros(2, 64, 96, 3, dtype=torch.uint8)))
    assert found["foreground"].shape == (2, 1, 64 // CELL * FINE, 96 // CELL * FINE)
    assert all(
        found[head].shape == (2, len(values), 64 // CELL, 96 // CELL)
        for head, values in heads.items()
        if head != "foreground"
    )


def test_parts_of_a_cell_lie_by_rows():
    network = tiny_network()
    with torch.no_grad():
        network.decode_head.classifier.weight.zero_()
        network.decode_head.classifier.bias[: FINE**2] = torch.arange(FINE**2).float()
        found = dense_outputs(network, to_input(torch.zeros(1, 32, 32, 3, dtype=torch.uint8)))
    assert torch.equal(found["foreground"][0, 0, :FINE, :FINE], torch.arange(FINE**2).float().reshape(FINE, FINE))


def test_saved_and_opened_it_sees_the_same(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (5, 100, 150, 3), dtype=np.uint8)
    times = [0.0, 0.1, 0.2, 0.35, 0.4]
    one = MiniPerception(tiny_network())
    save_model(tmp_path / "model", one.network)
    other = open_perception(tmp_path / "model")
    twin = one.perceive(frames, times)
    assert twin == other.perceive(iter(frames), times)
    assert (twin.height, twin.width, twin.times) == (192, 288, tuple(times))
    assert twin != MiniPerception(tiny_network(1)).perceive(frames, times)


@pytest.mark.parametrize(
    ("size", "raster"),
    [((96, 96), (192, 192)), ((720, 1280), (192, 341)), ((1920, 1080), (341, 192)), ((4, 400), (192, 19200))],
)
def test_the_raster_keeps_the_aspect(size, raster):
    assert raster_size(*size) == raster


def test_what_is_no_clip_is_refused():
    blank, seer = np.zeros((3, 96, 96, 3), np.uint8), MiniPerception(tiny_network())
    with pytest.raises(InputError, match="3 frames and 2 times"):
        seer.perceive(blank, [0.0, 0.1])
    with pytest.raises(InputError, match="0 frames"):
        seer.perceive([], [])
    with pytest.raises(InputError, match="a frame is"):
        seer.perceive([blank[0], blank[0, :50]], [0.0, 0.1])
    with pytest.raises(InputError, match="a frame is float64"):
        seer.perceive(blank / 255, [0.0, 0.1, 0.2])


def test_what_is_no_perception_is_refused(tmp_path):
    with pytest.raises(ModelError, match="there is no perception"):
        open_perception("maxi")
    save_model(tmp_path / "model", tiny_network(labels={"category": ("cat", "dog")}))
    with pytest.raises(ModelError, match="do not tell color, material"):
        open_perception(tmp_path / "model")
    broken = next((tmp_path / "model").glob("*.safetensors"))
    broken.write_bytes(broken.read_bytes()[:-10])
    with pytest.raises(ModelError, match="truncated"):
        open_perception(tmp_path / "model")


def test_an_unsure_answer_is_unknown():
    seer = MiniPerception(tiny_network())
    values = LABELS["color"]
    flat = np.full(len(values), -np.log(len(values)))
    assert seer.attribute("color", flat).value is None
    flat[3] = 5
    assert seer.attribute("color", flat).value == values[3]
    assert seer.attribute("color", flat).confidence > 0.9


@pytest.mark.parametrize("height", [96, 192, 360])
def test_the_studio_is_seen_as_it_is(perception, height):
    """A guard, far from chance, of what `examples/perception_scores.py` measures."""
    right = total = 0
    for seed in range(SEED, SEED + 3):
        scene = sample_scene(seed).model_copy(update={"width": height, "height": height})
        shot = render(scene)
        true = exact_twin(scene, shot)
        found = perception.perceive(shot.frames, true.times)
        assert abs(len(found.objects) - len(true.objects)) <= 1
        for entry in true.objects:
            masks = masks_of(entry.track, true.width, true.height)
            best = max(
                found.objects,
                key=lambda other: _overlap(masks, masks_of(other.track, found.width, found.height)),
            )
            if _overlap(masks, masks_of(best.track, found.width, found.height)) > 0.5:
                right += sum(entry.value(key) == best.value(key) for key in ("category", "color", "size"))
            total += 3
    assert right / total > 0.8


def test_an_empty_room_and_a_still_camera(perception):
    scene = sample_scene(SEED).model_copy(update={"bodies": (), "width": 192, "height": 192})
    still = scene.model_copy(update={"camera": scene.camera.model_copy(update={"kind": "static"})})
    twin = perception.perceive(render(still).frames, [frame / 8 for frame in range(still.frames)])
    assert twin.objects == ()
    assert twin.camera.motion.value == "static"
    assert not np.array(twin.camera.shifts).any()


def _overlap(one, other):
    rows = (np.arange(one.shape[1]) + 0.5) * other.shape[1] / one.shape[1]
    columns = (np.arange(one.shape[2]) + 0.5) * other.shape[2] / one.shape[2]
    resampled = other[:, rows.astype(int)[:, None], columns.astype(int)]
    return (one & resampled).sum() / max((one | resampled).sum(), 1)
