import numpy as np
import pytest
import torch

from vireo.models.editors.mini import MINI_TEMPLATE, build_mini_instructor, build_mini_processor
from vireo.models.instructor.instructor import Instructor
from vireo.models.instructor.presence import PresenceGate
from vireo.models.instructor.prompts import EVERYWHERE, NONE, WHERE, answer_ids
from vireo.models.tokenizer import train_tokenizer

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def instructor():
    torch.manual_seed(0)
    tokenizer = train_tokenizer([f" make the red ball blue\n{WHERE}", f" {NONE}", f" {EVERYWHERE}"] * 3, 330)
    model = build_mini_instructor(len(tokenizer)).eval()
    return Instructor(model, build_mini_processor(tokenizer), MINI_TEMPLATE)


def test_they_are_the_chances_of_the_words_none_and_everywhere(instructor):
    """Against transformers' own generation of one token."""
    processor = instructor.processor
    found = PresenceGate(instructor).look(["make the red ball blue", "make it"], list(FRAMES[:, None]))
    assert found.absent.shape == found.everywhere.shape == (2,)
    assert ((found.absent > 0) & (found.absent < 1)).all()
    ids = processor.tokenizer(f"<s> Look at the video.{'<image>' * 144}<user> make it\n{WHERE}<assistant>").input_ids
    pixels = torch.from_numpy(FRAMES[1:]).permute(0, 3, 1, 2).float() / 127.5 - 1
    made = instructor.model.generate(
        input_ids=torch.tensor([ids]),
        pixel_values=pixels,
        max_new_tokens=1,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    chances = made.logits[0].softmax(-1)[0]
    for answer, value in ((NONE, found.absent[1]), (EVERYWHERE, found.everywhere[1])):
        token = answer_ids(processor.tokenizer, MINI_TEMPLATE, answer)[0]
        assert value == pytest.approx(chances[token].item(), rel=1e-3)


def test_a_clip_is_looked_at_three_times(instructor):
    clip = np.random.default_rng(1).integers(0, 256, (5, 96, 96, 3), dtype=np.uint8)
    found = PresenceGate(instructor).look(["make it"], [clip])
    each = PresenceGate(instructor).look(["make it"] * 3, [clip[[0]], clip[[2]], clip[[4]]])
    assert found.absent == pytest.approx([each.absent.mean()], rel=1e-4)
