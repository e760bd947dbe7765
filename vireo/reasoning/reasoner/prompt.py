"""What mini's language model reads: a query, then each call with its answer, as token ids.

    <s> remove what the red ball is about to hit <calls> find color=red category=ball ; #1 o2 related ...

A token is a whole word. The words are those of training queries and of the language of calls, no others, so a query
with another word cannot be mistaken for one that is understood. Nothing else of a clip gets in: no text that is seen in
it, no file name, no metadata.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from vireo.models.instructor.lexicon import SYNONYMS
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.hops import STOP, Language
from vireo.reasoning.query_language.lexicon import known_words, split_words

SPECIAL_TOKENS = ("<pad>", "<s>", "<calls>", "<unknown>")
PAD, BOS, CALLS, UNKNOWN = range(len(SPECIAL_TOKENS))
MORE = "more"

MOST_IDS = 3
"""Ids of an answer that are shown; of more, the first ones."""

HIGHEST_ID = 32
"""Numbers of objects for which there are tokens."""


def build_tokenizer(vocabulary: Vocabulary) -> PreTrainedTokenizerFast:
    """A tokenizer of the words of training queries and of the language of a vocabulary."""
    ids = [f"o{number}" for number in range(1, HIGHEST_ID + 1)]
    words = [*SPECIAL_TOKENS, *known_words(vocabulary), *Language(vocabulary).words(), MORE, *ids]
    table = {word: place for place, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(models.WordLevel(table, unk_token=SPECIAL_TOKENS[UNKNOWN]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # type: ignore[assignment]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL_TOKENS[PAD],
        bos_token=SPECIAL_TOKENS[BOS],
        unk_token=SPECIAL_TOKENS[UNKNOWN],
        clean_up_tokenization_spaces=False,
    )


@dataclass(frozen=True)
class Turn:
    """A call as it was written, and what was answered. number: by which later calls refer to the answer; None of a
    step, which has none. ids: of the objects found."""

    call: str
    number: int | None = None
    ids: tuple[str, ...] = ()


class Prompter:
    """Token ids of queries and turns for one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.table: dict[str, int] = tokenizer.get_vocab()

    def words(self, query: str) -> list[str]:
        """The words of a query; one that is not known as an everyday synonym, where there is a known one."""
        words = split_words(query)
        return [word if word in self.table else SYNONYMS.get(word, word) for word in words]

    def unknown(self, query: str) -> list[str]:
        """The words of a query that were never learned."""
        return [word for word in dict.fromkeys(self.words(query)) if word not in self.table]

    def query(self, query: str) -> list[int]:
        return [BOS, *(self.table.get(word, UNKNOWN) for word in self.words(query)), CALLS]

    def call(self, call: str) -> list[int]:
        """Of a whole call, with the word that ends it."""
        return [self.table[word] for word in (*call.split(), STOP)]

    def answer(self, turn: Turn) -> list[int]:
        """What comes after a call; nothing after a step."""
        if turn.number is None:
            return []
        shown = [name for name in turn.ids if name in self.table][:MOST_IDS]
        more = [MORE] if len(turn.ids) > len(shown) else []
        return [self.table[word] for word in (f"#{turn.number}", *shown, *more)]

    def turns(self, query: str, turns: Sequence[Turn]) -> list[int]:
        ids = self.query(query)
        for turn in turns:
            ids += [*self.call(turn.call), *self.answer(turn)]
        return ids
