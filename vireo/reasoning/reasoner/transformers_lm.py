"""Any causal language model of transformers as a writer of calls: decoding is held to the language of calls.

transformers' own hook (`prefix_allowed_tokens_fn`) limits each token to those with which an allowed word can go on, so
that every line is a call; a library of grammars is not needed for a language that is a list of words at every place.
"""

import copy
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from vireo.models.weights import foreign_weights
from vireo.reasoning.hops import STOP, Kind, Language
from vireo.reasoning.reasoner.few_shot import introduction, question
from vireo.reasoning.reasoner.prompt import Turn
from vireo.reasoning.reasoner.protocol import Refused, Written

MOST_TOKENS = 120
"""Of one call."""

_LINE_END = "\n"


class TransformersWriter:
    """model, tokenizer: as loaded. name: for plans. The chance of a call is not told: that of a model which never
    learned the language says little of whether it is right."""

    def __init__(self, model: Any, tokenizer: Any, language: Language, name: str) -> None:
        self.model, self.tokenizer, self.language, self.name = model.eval(), tokenizer, language, name
        self.texts = {
            place: text
            for place in range(len(tokenizer))
            if (text := tokenizer.decode([place], clean_up_tokenization_spaces=False)) and "\ufffd" not in text
        }
        self.places: dict[str, int] = {}
        for place, text in self.texts.items():
            self.places.setdefault(text, place)

    @classmethod
    def from_pretrained(cls, address: Path, language: Language) -> Self:
        """address: a folder of save_pretrained, or a file *.gguf (which needs the package gguf). Raises ModelError
        where there is no such model."""
        folder, options = (address.parent, {"gguf_file": address.name}) if address.suffix == ".gguf" else (address, {})
        with foreign_weights(address):
            tokenizer = AutoTokenizer.from_pretrained(folder, **options)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options)
        return cls(model, tokenizer, language, address.stem if options else address.name)

    @cached_property
    @torch.inference_mode()
    def introduced(self) -> tuple[Tensor, Any]:
        """Token ids of what stands before every query, and what the model has computed of them."""
        ids = self.tokenizer(introduction(self.language, forms=False), return_tensors="pt").input_ids
        return ids, self.model(ids, use_cache=True).past_key_values

    def unknown(self, query: str) -> str:
        return ""

    @torch.inference_mode()
    def write(self, query: str, turns: Sequence[Turn], refused: Sequence[Refused]) -> Written:
        prefix, cache = self.introduced
        rest = self.tokenizer(question(query, turns, refused), add_special_tokens=False, return_tensors="pt").input_ids
        ids = torch.cat([prefix, rest], 1)
        kinds, length = self._kinds(turns), ids.shape[1]

        def allowed(_: int, tokens: Tensor) -> list[int]:
            return self._allowed("".join(self.texts[token] for token in tokens[length:].tolist()), kinds)

        made = self.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            past_key_values=copy.deepcopy(cache),
            max_new_tokens=MOST_TOKENS,
            do_sample=False,
            prefix_allowed_tokens_fn=allowed,
            stop_strings=[_LINE_END],
            tokenizer=self.tokenizer,
            pad_token_id=self.tokenizer.eos_token_id,
        )
        return Written("".join(self.texts[token] for token in made[0, length:].tolist()).strip())

    def _kinds(self, turns: Sequence[Turn]) -> list[Kind]:
        kinds: list[Kind] = []
        for turn in turns:
            kind = self.language.kind(self.language.parse(turn.call, kinds))
            if kind is not None:
                kinds.append(kind)
        return kinds

    def _allowed(self, text: str, kinds: Sequence[Kind]) -> list[int]:
        """Tokens with which an unfinished line may go on."""
        *words, started = text.split(" ")
        if text.endswith(_LINE_END):
            return [self.places[_LINE_END]]
        options = [word for word in self.language.following(words, kinds) if word != STOP and word.startswith(started)]
        rests = [word.removeprefix(started) for word in options]
        if "" in rests:  # the word may be whole
            after = self.language.following([*words, started], kinds)
            rests += [_LINE_END if word == STOP else f" {word}" for word in after]
        starts = {rest[:size] for rest in rests for size in range(1, len(rest) + 1)}
        return sorted(self.places[text] for text in starts if text in self.places)
