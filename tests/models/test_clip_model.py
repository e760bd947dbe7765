import torch
from transformers import CLIPProcessor, CLIPVisionModel

from vireo.models.clip import build_clip_processor, text_ids
from vireo.models.editors.mini import build_mini_image_processor, mini_vision_config
from vireo.models.initialization import resize_trained_tower
from vireo.models.tokenizer import train_tokenizer


def test_a_trained_tower_is_taken_as_it_is():
    torch.manual_seed(0)
    former, tower = CLIPVisionModel(mini_vision_config()).eval(), CLIPVisionModel(mini_vision_config()).eval()
    resize_trained_tower(tower, former)
    pixels = torch.rand(2, 3, 96, 96)
    assert torch.equal(tower(pixels).last_hidden_state, former(pixels).last_hidden_state)


def test_a_taken_tower_sees_an_enlarged_picture():
    """A patch of 8 pixels is embedded as the former tower embeds it enlarged to 12; positions stay where they are."""
    torch.manual_seed(0)
    larger = mini_vision_config()
    larger.patch_size = 12
    former, tower = CLIPVisionModel(larger), CLIPVisionModel(mini_vision_config())
    torch.nn.init.constant_(former.embeddings.position_embedding.weight[:, 0], 0.7)
    resize_trained_tower(tower, former)
    patch = torch.rand(1, 3, 8, 8)
    enlarged = torch.nn.functional.interpolate(patch, (12, 12), mode="bilinear")
    embedded, wanted = (t.embeddings.patch_embedding(p) for t, p in ((tower, patch), (former, enlarged)))
    assert torch.allclose(embedded, wanted, atol=1e-5)
    before, after = (t.embeddings.position_embedding.weight for t in (former, tower))
    assert torch.equal(before[0], after[0])
    assert torch.allclose(after[1:, 0], torch.tensor(0.7))
    grids = before[1:].unflatten(0, (8, 8)), after[1:].unflatten(0, (12, 12))
    assert torch.allclose(grids[0][0, 0], grids[1][0, 0])
    assert torch.allclose(grids[0].mean((0, 1)), grids[1].mean((0, 1)), atol=0.05)


def test_the_tokenizer_that_is_saved_is_called_as_clips_is(tmp_path):
    tokenizer = train_tokenizer(["a red ball beside a large blue cube on a wooden floor"] * 3)
    build_clip_processor(tokenizer, build_mini_image_processor()).save_pretrained(tmp_path)
    texts = ["a red ball", "a large blue cube on wood, and: ünïcode", "ball " * 100]
    called = CLIPProcessor.from_pretrained(tmp_path).tokenizer(
        texts, padding=True, truncation=True, return_tensors="pt"
    )
    assert torch.equal(called.input_ids, text_ids(tokenizer, texts))
