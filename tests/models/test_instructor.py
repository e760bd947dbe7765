import copy
import dataclasses

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration

from vireo.models.editors.mini import MINI_TEMPLATE, TOKENS_PER_IMAGE, build_mini_instructor, build_mini_processor
from vireo.models.initialization import initialize_projector
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.prompts import folded
from vireo.models.instructor.states import encode_instruction, highlighted, pixel_values
from vireo.models.tokenizer import IMAGE, marked_ids, plain_ids, train_tokenizer

KEPT = TOKENS_PER_IMAGE // MINI_TEMPLATE.interleave
TEXTS = ["make the red ball blue", "remove the small green cube on the left", ""]


@pytest.fixture(scope="module")
def instructor():
    torch.manual_seed(0)
    return build_mini_instructor(400).eval()


@pytest.fixture(scope="module")
def processor():
    return build_mini_processor(train_tokenizer([f" {text}" for text in TEXTS] * 20, 400))


def encode(model, processor, *arguments, template=MINI_TEMPLATE):
    return encode_instruction(Instructor(model, processor, template), *arguments)


def pictures(count, size=96):
    return list(np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8))


def test_sizes_of_mini(instructor):
    assert sum(p.numel() for p in instructor.parameters()) < 3.6e6
    assert instructor.config.image_seq_length == TOKENS_PER_IMAGE == 144


def test_highlights_by_hand():
    source = torch.zeros(1, 3, 8, 8)
    source[:, 0] = 0.8
    edited = source.clone()
    edited[..., 4:, :] = -0.6
    edited[..., 0, 0] += 1.5 / 127.5  # noise
    shown = highlighted(source, edited)
    torch.testing.assert_close(shown[..., 5:, :], edited[..., 5:, :])
    torch.testing.assert_close(shown[..., 2, :], 0.25 * source[..., 2, :])
    # A corner has four pixels around it: a quarter of 1.5 of 24.
    torch.testing.assert_close(shown[..., 0, 0], edited[..., 0, 0] * (0.25 + 0.75 * 1.5 / 4 / 24))
    assert torch.equal(highlighted(source, source), 0.25 * source)


def test_image_tokens_start_even_and_small(instructor):
    pixels = torch.rand(40, 3, 96, 96, generator=torch.Generator().manual_seed(0)).cumsum(-1) / 48 - 1
    new = copy.deepcopy(instructor)
    initialize_projector(new, pixels)
    with torch.no_grad():
        tokens = new.model.multi_modal_projector(new.model.vision_tower(pixel_values=pixels).last_hidden_state[:, 1:])
    tokens = tokens.flatten(0, 1)
    torch.testing.assert_close(tokens.mean(0), torch.zeros(192), atol=1e-3, rtol=0)
    assert tokens.std(0).mean().item() == pytest.approx(0.5, rel=1e-3)


def test_a_sample_does_not_depend_on_its_batch(instructor, processor):
    a, b, c = pictures(3)
    together = encode(instructor, processor, TEXTS, [a, b, c], [None, c, None])
    for k, (frame, reference) in enumerate([(a, None), (b, c), (c, None)]):
        alone = encode(instructor, processor, TEXTS[k : k + 1], [frame], [reference], template=MINI_TEMPLATE)
        length = alone.states.shape[1]
        assert together.mask[k].sum() == length
        assert alone.mask.all()
        torch.testing.assert_close(together.states[k, :length], alone.states[0], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(together.pooled[k], alone.pooled[0], atol=2e-5, rtol=1e-4)


def test_layout_of_the_states(instructor, processor):
    frame, reference = pictures(2)
    found = encode(instructor, processor, TEXTS[:1], [frame], [reference])
    tokenizer = processor.tokenizer
    head, said = marked_ids(tokenizer, MINI_TEMPLATE.head), plain_ids(tokenizer, " " + TEXTS[0])
    ids = [*head, *[IMAGE] * 288, *marked_ids(tokenizer, "<user>"), *said, *marked_ids(tokenizer, "<assistant>")]
    with torch.no_grad():
        hidden = instructor.model(
            input_ids=torch.tensor([ids]), pixel_values=pixel_values(processor, [frame, reference])
        ).last_hidden_state[0]
    start = len(head)
    wanted = torch.cat([hidden[start : start + 288 : MINI_TEMPLATE.interleave], hidden[start + 288 + 1 :]])
    torch.testing.assert_close(found.states[0], wanted, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(found.pooled[0], wanted[2 * KEPT :].mean(0), atol=2e-5, rtol=1e-4)


def test_lengths(instructor, processor):
    frame, reference = pictures(2)
    one = encode(instructor, processor, TEXTS[:1], [frame])
    both = encode(instructor, processor, TEXTS[:1], [frame], [reference])
    assert one.states.shape[1] <= 64
    assert both.states.shape[1] <= 96
    assert both.states.shape[1] - one.states.shape[1] == KEPT
    text = encode(instructor, processor, ["a red ball on grass", ""])
    assert text.mask.sum(1)[1] == 1, "the empty caption keeps the closing mark"
    assert (text.states[1, 1:] == 0).all()


def test_long_instructions_are_cut(instructor, processor):
    found = encode(instructor, processor, ["red " * 500], pictures(1))
    assert found.states.shape[1] == MINI_TEMPLATE.max_length
    short = dataclasses.replace(MINI_TEMPLATE, max_length=40)
    assert encode(instructor, processor, ["red " * 500], pictures(1), template=short).mask.sum() == 40


def test_the_picture_and_the_reference_matter(instructor, processor):
    a, b = pictures(2)
    base = encode(instructor, processor, TEXTS[:1], [a], [a]).states
    for frame, reference in ((b, a), (a, b)):
        assert not torch.allclose(
            base,
            encode(instructor, processor, TEXTS[:1], [frame], [reference]).states,
        )


def test_a_reference_needs_a_frame(instructor, processor):
    with pytest.raises(AssertionError):
        encode(instructor, processor, ["x"], None, pictures(1))


def test_user_text_is_folded_and_cannot_inject_pictures(instructor, processor):
    assert folded("  Make the\tRED ball blue. \n") == "make the red ball blue"
    assert folded("a.\nb?") == "a\nb?"
    frame = pictures(1)
    plain = encode(instructor, processor, ["make the red ball blue"], frame).states
    shouted = encode(instructor, processor, ["Make the RED ball blue!"], frame, template=MINI_TEMPLATE).states
    assert torch.equal(plain, shouted)
    encode(instructor, processor, ["<image> make 🦊 </s> كرة"], frame)


def test_layer_is_chosen_by_the_template(instructor, processor):
    frame = pictures(1)
    last = encode(instructor, processor, TEXTS[:1], frame)
    third = encode(instructor, processor, TEXTS[:1], frame, template=dataclasses.replace(MINI_TEMPLATE, layer=-3))
    assert last.states.shape == third.states.shape
    assert not torch.allclose(last.states, third.states)


def test_pixels_from_tensors_equal_those_from_arrays(processor):
    picture = pictures(1)[0]
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
    torch.testing.assert_close(pixel_values(processor, [picture]), pixel_values(processor, tensor), atol=1e-6, rtol=0)
    assert pixel_values(processor, torch.zeros(1, 3, 50, 70)).shape == (1, 3, 96, 96)
    assert pixel_values(processor, [np.zeros((50, 70, 3), np.uint8)]).shape == (1, 3, 96, 96)


def test_saved_model_gives_the_same_states(instructor, processor, tmp_path):
    instructor.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    model = LlavaForConditionalGeneration.from_pretrained(tmp_path).eval()
    loaded = AutoProcessor.from_pretrained(tmp_path)
    frames = pictures(3)
    before = encode(instructor, processor, TEXTS, frames)
    after = encode(model, loaded, TEXTS, frames)
    torch.testing.assert_close(before.states, after.states, atol=2e-5, rtol=1e-4)
