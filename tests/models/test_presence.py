import numpy as np
import pytest
import torch

from vireo.models.instructor.presence import p_absent
from vireo.models.instructor.prompts import MINI, NONE, WHERE, answer_ids
from vireo.models.instructor.states import build_mini_instructor, build_processor
from vireo.models.tokenizer import train_tokenizer

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def instructor():
    torch.manual_seed(0)
    tokenizer = train_tokenizer([f" make the red ball blue\n{WHERE}", f" {NONE}", " everywhere"] * 3, 330)
    return build_mini_instructor(len(tokenizer)).eval(), build_processor(tokenizer)


def test_it_is_the_chance_of_the_word_none(instructor):
    """Against transformers' own generation of one token."""
    model, processor = instructor
    found = p_absent(model, processor, list(FRAMES), ["make the red ball blue", "make it"])
    assert found.shape == (2,)
    assert ((found > 0) & (found < 1)).all()
    ids = processor.tokenizer(f"<s> Look at the video.{'<image>' * 144}<user> make it\n{WHERE}<assistant>").input_ids
    pixels = torch.from_numpy(FRAMES[1:]).permute(0, 3, 1, 2).float() / 127.5 - 1
    made = model.generate(
        input_ids=torch.tensor([ids]),
        pixel_values=pixels,
        max_new_tokens=1,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    none = answer_ids(processor.tokenizer, MINI, NONE)[0]
    assert found[1].item() == pytest.approx(made.logits[0].softmax(-1)[0, none].item(), rel=1e-3)
