"""The tokenizer of mini: byte-level BPE, so that any text is accepted and comes back unchanged.

Trained on the studio's own language, in which nearly every word becomes one token.
"""

import threading
from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = ("<pad>", "<s>", "<image>", "</s>", "<user>", "<assistant>")
"""Ids 0, 1, 2, ... in this order. `</s>` is not 2: CLIP's text model takes that id as a mark of old configs."""

PAD, BOS, IMAGE, EOS, USER, ASSISTANT = range(len(SPECIAL_TOKENS))


def train_tokenizer(texts: Iterable[str], vocab_size: int = 1200) -> PreTrainedTokenizerFast:
    """A tokenizer with at most `vocab_size` tokens: the special ones, 256 bytes, and merges found in `texts`.

    The same texts give the same tokenizer.
    """
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )


_ENCODING = threading.Lock()
"""transformers sets the treatment of special tokens on the tokenizer itself, which threads share."""


def plain_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Token ids of what a person wrote: names of special tokens in it are ordinary text."""
    return plain_batch(tokenizer, [text])[0]


def plain_batch(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[list[int]]:
    """`plain_ids` of several texts."""
    if not texts:
        return []
    with _ENCODING:
        return tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True).input_ids


def marked_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Token ids of what a template wrote: names of special tokens in it are the special tokens."""
    with _ENCODING:
        return tokenizer.encode(text, add_special_tokens=False)
