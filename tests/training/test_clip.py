import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_set import make_small_set

import vireo.training.stages.clip as clip_stage
from vireo.instruction_tuning.patch_labels import LABELS, NOTHING, patch_labels
from vireo.models.editors.mini import PATCH_SIZE, build_mini_clip
from vireo.models.initialization import initialize_tower
from vireo.pairs.augment import translated_patches
from vireo.training.stage import LoopConfig
from vireo.training.stages.clip import (
    CANDIDATES,
    ClipConfig,
    ClipStage,
    contrastive_loss,
    measure_patches,
    measure_retrieval,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return make_small_set(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def stage(small):
    config = ClipConfig(without_contrast=0.2, negatives=2, loop=LoopConfig(steps=10, batch_size=6, learning_rate=1e-3))
    return ClipStage(config, small.pictures, small.tokenizer, torch.device("cpu"))


def test_loss_in_closed_form():
    """Orthogonal pictures, their own texts, and wrong texts at right angles to everything."""
    images = torch.eye(3, 8)
    texts = torch.cat([torch.eye(3, 8), torch.eye(8)[3:6].repeat_interleave(2, 0)])
    loss, accuracy = contrastive_loss(images, texts, torch.tensor(2.0))
    to_text = -math.log(math.exp(2) / (math.exp(2) + 4))
    to_image = -math.log(math.exp(2) / (math.exp(2) + 2))
    assert loss.item() == pytest.approx((to_text + to_image) / 2, abs=1e-6)
    assert accuracy == 1.0


def test_wrong_texts_join_their_own_picture_only():
    images = torch.eye(2, 4)
    right, wrong = torch.eye(2, 4), torch.stack([torch.eye(4)[1], torch.eye(4)[3]])
    mild, _ = contrastive_loss(images, torch.cat([right, wrong]), torch.tensor(5.0))
    confusing = torch.stack([torch.eye(4)[0], torch.eye(4)[3]])
    hard, _accuracy = contrastive_loss(images, torch.cat([right, confusing]), torch.tensor(5.0))
    assert hard > mild + 0.1


def test_steps_repeat_exactly(stage):
    first, figures = stage.loss(3)
    again, _ = stage.loss(3)
    assert first.item() == again.item() != stage.loss(4)[0].item()
    assert "contrastive" not in stage.loss(1)[1], "the first steps are without contrast"
    assert set(figures) == {"contrastive", "patches", "facts", "batch_accuracy"}


def test_full_precision_is_another_loss_but_a_near_one(stage, monkeypatch):
    half = stage.loss(3)[0].item()
    monkeypatch.setattr(stage, "config", replace(stage.config, loop=replace(stage.config.loop, dtype="float32")))
    assert half != stage.loss(3)[0].item() == pytest.approx(half, rel=0.02)


def test_every_parameter_that_trains_gets_a_gradient(stage):
    stage.module.zero_grad()
    stage.loss(2)[0].backward()
    missing = [n for n, p in stage.module.named_parameters() if p.requires_grad and p.grad is None]
    assert not missing
    assert all(p.grad.isfinite().all() for p in stage.module.parameters())


def test_patch_labels_against_a_drawn_mask():
    body = {"color": "blue", "shape": "cone", "material": "glass", "size": "small"}
    masks = np.zeros((96, 96), np.uint8)
    masks[12:24, 24:36] = 1  # exactly the patch of row 1, column 2
    masks[40:43, 60:66] = 1  # 18 of 144 pixels of the patch of row 3, column 5
    labels = patch_labels({"bodies": [body]}, masks, 12)
    assert np.flatnonzero(labels["object"] == 1).tolist() == [10]
    assert labels["object"][29] == NOTHING
    for name, values in LABELS.items():
        assert values[labels[name][10]] == body[name]
        assert (np.delete(labels[name], 10) == NOTHING).all()


def test_labels_move_with_the_picture():
    """Patches painted with the number of their class: after any move, picture and label still agree."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 200, (16, 1, 64))
    images = classes.reshape(16, 8, 8).repeat(12, 1).repeat(12, 2)[..., None].repeat(3, -1).astype(np.uint8)
    moved, labels = translated_patches(images, classes, 12, NOTHING, rng)
    shown = moved[:, 6::12, 6::12, 0].reshape(16, 64)
    known = labels[:, 0] != NOTHING
    assert (shown[known] == labels[:, 0][known]).all()
    assert 0.75 < known.mean() < 1
    assert (moved != images).any((1, 2, 3)).sum() > 10


def test_start_of_the_tower_whitens_patches(small):
    clip = build_mini_clip(300)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randn(64, 3, 96, 96, generator=generator).cumsum(-1) / 10
    initialize_tower(clip.vision_model, pixels, 0)
    with torch.no_grad():
        values = clip.vision_model.embeddings.patch_embedding(pixels).flatten(2).transpose(1, 2).flatten(0, 1)
    spread = torch.cov(values.T)
    strongest = spread.diagonal()[:20]
    assert (strongest - 1).abs().max() < 0.1
    assert (spread - spread.diagonal().diag()).abs().max() < 0.02


def test_removed_objects_leave_the_masks(small):
    pair = next(p for p in small.pairs if p.family == "remove")
    before = small.pictures.instances(small.pictures.number[pair.source])
    after = small.pictures.instances(small.pictures.number[pair.target])
    gone = pair.concerned[0]
    assert not (after[before == gone + 1]).any()
    for index in range(len(pair.scene["bodies"])):
        if index != gone:
            assert (after[before == index + 1] == index + (index < gone)).all()


def test_score_is_deterministic_and_chance_before_training(stage, small):
    numbers = [n for n, p in enumerate(small.pictures.pictures) if not p.scene["effects"]][:12]
    first = measure_retrieval(stage.module.clip, stage.processor, small.pictures, numbers)
    assert first == measure_retrieval(stage.module.clip, stage.processor, small.pictures, numbers)
    assert first["n"] == len(numbers)
    assert first["candidates"] == CANDIDATES
    assert first["retrieval"] <= 0.5


def test_a_clip_is_the_mean_of_its_stills(small, stage, monkeypatch):
    """The first still says caption 1, the other two caption 0, which is the right one."""
    said = torch.eye(CANDIDATES)[[1, 0, 0]]
    monkeypatch.setattr(clip_stage, "embed_images", lambda model, processor, images: said)
    monkeypatch.setattr(clip_stage, "embed_texts", lambda model, processor, texts: torch.eye(len(texts)))
    numbers = [next(n for n, p in enumerate(small.pictures.pictures) if not p.scene["effects"])]
    figures = measure_retrieval(stage.module.clip, stage.processor, small.pictures, numbers)
    assert (figures["retrieval"], figures["retrieval_clip"]) == (0, 1)


def test_a_tower_that_names_one_class_everywhere_is_right_as_often_as_the_class_occurs(small):
    loop = LoopConfig(steps=1, batch_size=2, learning_rate=1e-3, compile_blocks=False)
    module = ClipStage(ClipConfig(loop=loop), small.pictures, small.tokenizer, torch.device("cpu")).module
    with torch.no_grad():
        for head in module.heads.values():
            head.weight.zero_()
            head.bias.zero_()
            head.bias[1] = 1
    found, labels = measure_patches(module, small.pictures), small.pictures.dense_labels(PATCH_SIZE)
    for row, (name, share) in enumerate(found.items()):
        known = labels[:, :, row][labels[:, :, row] != NOTHING]
        assert share == pytest.approx((known == 1).mean()), name
    assert 0 < found["object"] < 1
