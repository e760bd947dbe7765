import numpy as np
import pytest
import torch

from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.editors.mini import MINI_TEMPLATE, build_mini_instructor, build_mini_processor
from vireo.models.instructor.instructor import Instructor, answer_logits
from vireo.models.instructor.presence import PresenceGate
from vireo.models.instructor.prompts import EVERYWHERE, NONE, WHERE, ZERO, answer_ids
from vireo.models.instructor.states import pixel_values
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


def test_what_has_no_colour_is_also_counted_and_the_more_doubtful_answer_counts(instructor):
    texts, clips = ["make it", "remove the red ball", "remove the box"], [FRAMES[:1]] * 3
    plain = PresenceGate(instructor).look(texts, clips)
    found = PresenceGate(instructor, studio_vocabulary()).look(texts, clips)
    assert found.everywhere == pytest.approx(plain.everywhere)
    assert found.absent[:2] == pytest.approx(plain.absent[:2])
    with torch.no_grad():
        logits = answer_logits(
            instructor, [pixel_values(instructor.processor, FRAMES[:1])], ["how many cubes are there?"]
        )
    zero = logits.softmax(-1)[0, instructor.first_token(ZERO)].item()
    odds = 4 * zero / (1 - zero)
    assert found.absent[2] == pytest.approx(max(plain.absent[2], odds / (1 + odds)), rel=1e-3)
    assert found.absent[2] > plain.absent[2], "else nothing was tested"
