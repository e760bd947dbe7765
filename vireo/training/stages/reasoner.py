"""Stage `reasoner`: a small language model learns to write the calls that a query comes to.

Queries are drawn anew for each step (`vireo.reasoning.query_language`), about clips that exist in imagination: what is
learned is language. The loss is on calls only, not on queries and answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

from vireo.errors import InputError
from vireo.instruction_tuning.studio_vocabulary import studio_vocabulary
from vireo.models.attention import PRODUCT
from vireo.reasoning.hops import Language
from vireo.reasoning.query_language.draft import imagined_answer
from vireo.reasoning.query_language.drawing import Query, imagine_query
from vireo.reasoning.reasoner.mini import ReasonerBundle, ReasonerConfig, build_model
from vireo.reasoning.reasoner.prompt import PAD, Prompter, Turn, build_tokenizer
from vireo.training.stage import LoopConfig, Stage

_SORTED = 8
"""Batches that are drawn together and sorted by length, so that little is padded."""

_OTHER_ANSWER = 0.1
"""Share of answers that are not what was meant: none, or several objects. Calls do not depend on them."""

IGNORED = -100


@dataclass(frozen=True)
class ReasonerStageConfig:
    model: ReasonerConfig = field(default_factory=ReasonerConfig)
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=4_000,
            batch_size=32,
            learning_rate=1e-3,
            optimizer="muon",
            average=0.998,
            cooldown=0.3,
            weight_decay=0.02,
            compile_blocks=False,
        )
    )


class ReasonerStage(Stage[ReasonerStageConfig, LlamaForCausalLM]):
    name = "reasoner"

    def __init__(self, config: ReasonerStageConfig, device: torch.device) -> None:
        torch.manual_seed(config.loop.seed)
        self.vocabulary = studio_vocabulary()
        self.language, self.tokenizer = Language(self.vocabulary), build_tokenizer(self.vocabulary)
        self.prompter = Prompter(self.tokenizer)
        super().__init__(config, build_model(len(self.tokenizer), config.model), device)
        self.module.set_attn_implementation(PRODUCT)
        self._drawn = lru_cache(maxsize=1)(self._draw)

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        rows = self._drawn(step // _SORTED)
        order = np.random.default_rng((self.loop.seed, step // _SORTED, 1)).permutation(_SORTED)
        begin = int(order[step % _SORTED]) * self.loop.batch_size
        ids, labels = padded(rows[begin : begin + self.loop.batch_size])
        logits = self.module(input_ids=ids.to(self.device), attention_mask=(ids != PAD).to(self.device)).logits
        loss = cross_entropy(
            logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten().to(self.device), ignore_index=IGNORED
        )
        return loss, {}

    def _draw(self, group: int) -> list[tuple[list[int], list[int]]]:
        """Token ids and labels of the queries of a group of batches, by their lengths."""
        count = _SORTED * self.loop.batch_size
        rng = np.random.default_rng((self.loop.seed, group, 2))
        queries = [imagine_query(self.loop.seed, group * count + number, self.vocabulary) for number in range(count)]
        return sorted((self.example(query, rng) for query in queries), key=lambda row: len(row[0]))

    def example(self, query: Query, rng: np.random.Generator) -> tuple[list[int], list[int]]:
        """Token ids of a query with its calls and answers, and the same with what is not to be learned ignored."""
        ids = self.prompter.query(query.text)
        labels, number = [IGNORED] * len(ids), 0
        for call in query.calls:
            written = self.prompter.call(self.language.print(call))
            answered: list[int] = []
            if self.language.kind(call) is not None:
                found = query.answers[number].ids if self.language.kind(call) == "objects" else ()
                if found and rng.random() < _OTHER_ANSWER:
                    found = imagined_answer(rng, int(rng.integers(5))).ids
                number += 1
                answered = self.prompter.answer(Turn("", number, found))
            ids += [*written, *answered]
            labels += [*written, *[IGNORED] * len(answered)]
        return ids, labels

    def state_dict(self) -> dict[str, Any]:
        return {"words": sorted(self.prompter.table)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if state["words"] != sorted(self.prompter.table):
            raise InputError("this reasoner was begun with other words", "use a new --workdir")

    def finish(self) -> ReasonerBundle:
        return ReasonerBundle(self.module.eval(), self.tokenizer)


def padded(rows: list[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor]:
    """Two (B, L) tensors of rows that differ in length."""
    length = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [PAD] * (length - len(ids)) for ids, _ in rows])
    labels = torch.tensor([labels + [IGNORED] * (length - len(labels)) for _, labels in rows])
    return ids, labels
