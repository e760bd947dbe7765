import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaModel

from vireo.instruction_tuning.packing import ABSENT, Turn, pack
from vireo.instruction_tuning.tokenized_turns import Question, TurnBank, bits, tokenise
from vireo.models.editors.mini import MINI_TEMPLATE
from vireo.models.instructor.prompts import answer_ids, turn_ids
from vireo.models.tokenizer import EOS, train_tokenizer

OPENING = [1, 2, 2, 9]
TURNS = [
    Turn((4, 20, 21, 5, 30, 3), 4, "a", 5),
    Turn((4, 22, 5, 31, 32, 3), 3, "b", names=((1, 2),)),
    Turn((4, 23, 24, 25, 5, 33, 3), 5, "c"),
]


def test_layout():
    packed = pack(OPENING, [TURNS[:2], TURNS[2:]], 18, multiple=4)
    assert packed.ids[0].tolist() == [*OPENING, *TURNS[0].ids, *TURNS[1].ids, 0, 0]
    assert packed.positions[0, 4:16].tolist() == [4, 5, 6, 7, 8, 9] * 2
    assert packed.kinds == ["a", "b", "c"]
    used = packed.answers >= 0
    assert packed.answers[used].tolist() == [30, 3, 31, 32, 3, 33, 3]
    assert len(packed.answers) == 8
    following = packed.ids[packed.rows[used], packed.columns[used] + 1]
    assert following.tolist() == packed.answers[used].tolist()
    assert packed.turns[used].tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert packed.question_ends.tolist() == [[0, 7], [0, 12], [1, 8]]
    assert packed.objects == [5, 0, 0]
    assert packed.name_ends.tolist() == [[0, 11]]
    assert packed.name_objects == [2]


def test_sets_of_objects():
    assert bits([2, 0, 2]) == 0b101
    assert bits([]) == ABSENT
    assert bits(None) == 0


def test_turns_that_do_not_fit_are_left_out():
    packed = pack(OPENING, [TURNS], 4 + 6 + 6)
    assert packed.kinds == ["a", "b"]


def test_right_answers_need_every_token():
    packed = pack(OPENING, [TURNS], 40)
    chosen = packed.answers.clone()
    assert packed.answered_right(chosen) == [True, True, True]
    chosen[3] += 1
    assert packed.answered_right(chosen) == [True, False, True]


def test_a_packed_turn_is_computed_as_if_alone():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=40,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        attn_implementation="eager",
    )
    model = LlamaModel(config).eval()
    packed = pack(OPENING, [TURNS], 40)
    with torch.no_grad():
        hidden = model(
            input_ids=packed.ids, attention_mask=packed.mask, position_ids=packed.positions
        ).last_hidden_state[0]
        at = len(OPENING)
        for turn in TURNS:
            alone = model(input_ids=torch.tensor([[*OPENING, *turn.ids]])).last_hidden_state[0, len(OPENING) :]
            torch.testing.assert_close(hidden[at : at + len(turn.ids)], alone, atol=1e-5, rtol=1e-4)
            at += len(turn.ids)


def test_bank_holds_what_the_chat_format_gives(tmp_path):
    names = (("the ball", 0), ("the red cone", 1))
    texts = [
        [Question("color", "what color is the ball?", "red", (0, 2)), Question("plan", "Make it red.", "recolor")],
        [],
        [Question("relation", "is the ball left of the red cone?", "No", (0, 1), names)],
    ]
    tokenizer = train_tokenizer([f" {t.text} {t.answer}" for group in texts for t in group] * 5, 330)
    tokenise(tokenizer, MINI_TEMPLATE, texts).save(tmp_path / "bank.npz")
    bank = TurnBank.load(tmp_path / "bank.npz")
    assert len(bank) == 3
    assert len(bank.of(1)) == 0
    flat = [text for group in texts for text in group]
    for number, text in enumerate(flat):
        start = turn_ids(tokenizer, MINI_TEMPLATE, text.text)
        ids = (*start, *answer_ids(tokenizer, MINI_TEMPLATE, text.answer), EOS)
        turn = bank.turn(number)
        assert (turn.ids, turn.answer, turn.kind, turn.objects) == (ids, len(start), text.kind, bits(text.bodies))
        assert [own for _, own in turn.names] == [bits([index]) for _, index in text.names]
        for (last, _), (words, _) in zip(turn.names, text.names, strict=True):
            assert tokenizer.decode(ids[: last + 1]).endswith(f" {words}")
    drawn = bank.draw(0, np.random.default_rng(0))
    assert sorted(turn.kind for turn in drawn) == ["color", "plan"]
    for emphasis, share in ((None, 0.5), ({"plan": 9.0}, 0.9)):
        first = [bank.draw(0, np.random.default_rng(seed), 1, emphasis)[0].kind for seed in range(1000)]
        assert first.count("plan") / 1000 == pytest.approx(share, abs=0.04)
