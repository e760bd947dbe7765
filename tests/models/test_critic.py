import dataclasses

import numpy as np
import pytest
import torch

from vireo.models.editors.mini import MINI_TEMPLATE, build_mini_instructor, build_mini_processor
from vireo.models.instructor.critic import p_yes, verdict_logits
from vireo.models.instructor.instructor import Instructor, answer_logits
from vireo.models.instructor.prompts import CRITIC_QUESTIONS, answer_ids, critic_text
from vireo.models.instructor.states import highlighted, pixel_values
from vireo.models.tokenizer import IMAGE, USER, marked_ids, plain_ids, train_tokenizer

INSTRUCTIONS = ["make the red ball blue", "remove the green cube from the scene"]


@pytest.fixture(scope="module")
def instructor():
    torch.manual_seed(0)
    model = build_mini_instructor(500).eval().requires_grad_(False)
    texts = [f" {t}" for t in (*INSTRUCTIONS, *CRITIC_QUESTIONS.values(), "Yes", "No")]
    return Instructor(model, build_mini_processor(train_tokenizer(texts * 20, 500)), MINI_TEMPLATE)


@pytest.fixture(scope="module")
def frames():
    return list(np.random.default_rng(1).integers(0, 256, (4, 96, 96, 3), dtype=np.uint8))


def test_p_yes_is_the_probability_over_two_tokens(instructor, frames):
    """Against the softmax over the two answer tokens of a sequence that is put together by hand."""
    tokenizer = instructor.processor.tokenizer
    said = plain_ids(tokenizer, f" {INSTRUCTIONS[0]}\n{CRITIC_QUESTIONS['accuracy']}")
    ids = [
        *marked_ids(tokenizer, MINI_TEMPLATE.head),
        *[IMAGE] * 288,
        USER,
        *said,
        *marked_ids(tokenizer, "<assistant>"),
    ]
    before, after = pixel_values(instructor.processor, [frames[0], frames[2]])[:, None]
    pixels = torch.cat([before, highlighted(before, after)])
    logits = instructor.model(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0, -1]
    pair = [answer_ids(tokenizer, MINI_TEMPLATE, word)[0] for word in ("Yes", "No")]
    got = p_yes(instructor, frames[:2], frames[2:], INSTRUCTIONS, "accuracy")
    assert got.shape == (2,)
    assert got[0].item() == pytest.approx(torch.softmax(logits[pair], 0)[0].item(), abs=1e-6)


def test_gradients_reach_the_edited_frames_only(instructor, frames):
    edited = torch.from_numpy(np.stack(frames[2:])).permute(0, 3, 1, 2).float().div(255).requires_grad_()
    value = verdict_logits(instructor, frames[:2], edited, INSTRUCTIONS)
    value.sum().backward()
    assert edited.grad.isfinite().all()
    assert (edited.grad.flatten(1).abs().sum(1) > 0).all()
    arrays = verdict_logits(instructor, frames[:2], frames[2:], INSTRUCTIONS)
    torch.testing.assert_close(value.detach(), arrays, atol=1e-4, rtol=1e-4)


def test_gradient_points_uphill(instructor, frames):
    edited = torch.full((1, 3, 96, 96), 0.5, requires_grad=True)
    before = verdict_logits(instructor, frames[:1], edited, INSTRUCTIONS[:1])
    (gradient,) = torch.autograd.grad(before.sum(), edited)
    moved = edited.detach() + 1e-3 * gradient / gradient.norm()
    rise = verdict_logits(instructor, frames[:1], moved, INSTRUCTIONS[:1]) - before.detach()
    assert rise.item() == pytest.approx(1e-3 * gradient.norm().item(), rel=0.1)


def test_a_template_without_highlights_shows_both_pictures_as_they_are(instructor, frames):
    template = dataclasses.replace(MINI_TEMPLATE, highlights=False)
    plain = dataclasses.replace(instructor, template=template)
    edited = frames[0].copy()
    edited[20:50, 30:60] = 255 - edited[20:50, 30:60]
    value = verdict_logits(plain, frames[:1], [edited], INSTRUCTIONS[:1])
    pixels = pixel_values(instructor.processor, [frames[0], edited])
    said = critic_text(INSTRUCTIONS[0], "overall")
    logits = answer_logits(plain, [pixels[:1], pixels[1:]], [said])
    yes, no = (answer_ids(instructor.processor.tokenizer, MINI_TEMPLATE, word)[0] for word in ("Yes", "No"))
    assert value.item() == pytest.approx((logits[0, yes] - logits[0, no]).item(), abs=1e-6)
    shown = verdict_logits(instructor, frames[:1], [edited], INSTRUCTIONS[:1])
    assert abs(value.item() - shown.item()) > 1e-4


def test_untouched_copies_share_one_baseline(instructor, frames):
    """ReViSE's baseline: the self-comparison of a source does not depend on the batch it stands in."""
    both = verdict_logits(instructor, frames[:2], frames[:2], INSTRUCTIONS)
    alone = verdict_logits(instructor, frames[1:2], frames[1:2], INSTRUCTIONS[1:])
    torch.testing.assert_close(both[1:], alone, atol=1e-4, rtol=1e-4)
