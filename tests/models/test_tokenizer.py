from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from vireo.models.tokenizer import (
    ASSISTANT,
    BOS,
    EOS,
    IMAGE,
    PAD,
    USER,
    marked_ids,
    plain_ids,
    train_tokenizer,
)

WORDS = [" make the red ball blue", " remove the small striped cube", " what color is the ring? Yes No"] * 20
TOKENIZER = train_tokenizer(WORDS, 400)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_back(text):
    ids = plain_ids(TOKENIZER, text)
    assert TOKENIZER.decode(ids, skip_special_tokens=False) == text
    assert all(i > ASSISTANT for i in ids)


def test_known_words_are_single_tokens():
    for word in (" red", " ball", " striped", " Yes", " No"):
        assert len(plain_ids(TOKENIZER, word)) == 1


def test_names_of_special_tokens_are_text_when_a_person_writes_them():
    assert IMAGE not in plain_ids(TOKENIZER, "<image> and </s>")
    assert marked_ids(TOKENIZER, "<s><image></s><user><assistant><pad>") == [BOS, IMAGE, EOS, USER, ASSISTANT, PAD]


def test_threads_that_share_a_tokenizer_do_not_change_each_others_reading():
    """transformers keeps on the tokenizer whether names of special tokens are text."""
    with ThreadPoolExecutor(2) as pool:
        plain = pool.submit(lambda: {tuple(plain_ids(TOKENIZER, "<image>")) for _ in range(2000)})
        marked = pool.submit(lambda: {tuple(marked_ids(TOKENIZER, "<image>")) for _ in range(2000)})
    assert marked.result() == {(IMAGE,)}
    assert len(plain.result()) == 1


def test_same_texts_same_tokenizer():
    again = train_tokenizer(WORDS, 400)
    assert again.backend_tokenizer.to_str() == TOKENIZER.backend_tokenizer.to_str()


def test_survives_saving(tmp_path):
    TOKENIZER.save_pretrained(tmp_path)
    loaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    text = " make the <image> 🦊 كرة red"
    assert plain_ids(loaded, text) == plain_ids(TOKENIZER, text)
    assert marked_ids(loaded, "<image> red") == marked_ids(TOKENIZER, "<image> red")
