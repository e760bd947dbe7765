"""Mini's reasoner: a Llama-class language model of about two million parameters that writes calls word by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from vireo.errors import ModelError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.models.weights import Bundle, check_weights, foreign_weights
from vireo.reasoning.hops import STOP, UNCLEAR, Kind, Language
from vireo.reasoning.reasoner.prompt import BOS, PAD, Prompter, Turn
from vireo.reasoning.reasoner.protocol import Refused, Written


@dataclass(frozen=True)
class ReasonerConfig:
    width: int = 160
    layers: int = 5
    heads: int = 5
    hidden: int = 448
    longest: int = 512


ReasonerBundle = Bundle[LlamaForCausalLM, PreTrainedTokenizerFast]


def build_model(words: int, config: ReasonerConfig) -> LlamaForCausalLM:
    """A new model for so many words, with random weights."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=words,
            hidden_size=config.width,
            intermediate_size=config.hidden,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.heads,
            max_position_embeddings=config.longest,
            tie_word_embeddings=True,
            pad_token_id=PAD,
            bos_token_id=BOS,
            eos_token_id=None,
            attention_dropout=0.0,
        )
    )


def load_bundle(folder: Path) -> ReasonerBundle:
    """What `Bundle.save_pretrained` wrote. Raises ModelError where the folder holds no such model."""
    check_weights(folder)
    with foreign_weights(folder):
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if model.config.vocab_size != len(tokenizer):
        raise ModelError(f"{folder} has weights for other words than its tokenizer", "get the weights again")
    return Bundle(model, tokenizer)


class MiniWriter:
    """Writes the likeliest call that the language allows, word by word; where calls were refused, the likeliest other
    one that a beam search finds."""

    name = "mini"

    def __init__(self, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary) -> None:
        self.model, self.prompter, self.language = model.eval(), Prompter(tokenizer), Language(vocabulary)

    @classmethod
    def from_pretrained(cls, folder: Path, vocabulary: Vocabulary) -> "MiniWriter":
        """vocabulary: of the editor. Raises ModelError where the folder holds no such model."""
        bundle = load_bundle(folder)
        return cls(bundle.model, bundle.processor, vocabulary)

    def unknown(self, query: str) -> str:
        if not self.prompter.table.keys() >= set(self.language.words()):
            return "was trained for the words of another editor"
        words = self.prompter.unknown(query)
        longest = self.model.config.max_position_embeddings
        if len(self.prompter.query(query)) > longest // 2:
            return "the query is too long"
        return f"does not know {', '.join(words[:8])}" if words else ""

    @torch.inference_mode()
    def write(self, query: str, turns: Sequence[Turn], refused: Sequence[Refused]) -> Written:
        kinds = self._kinds(turns)
        context = self.prompter.turns(query, turns)
        width = 1 + len(refused)
        room = self.model.config.max_position_embeddings - len(context)
        banned = {" ".join(one.text.split()) for one in refused}
        beams: list[tuple[float, list[str]]] = [(0.0, [])]
        finished: list[tuple[float, list[str]]] = []
        for _ in range(room):
            scores = self._scores([context + [self.prompter.table[word] for word in words] for _, words in beams])
            grown = []
            for (log, words), row in zip(beams, scores, strict=True):
                for word in self.language.following(words, kinds):
                    if word in self.prompter.table:
                        grown.append((log + float(row[self.prompter.table[word]]), [*words, word]))
            grown.sort(key=lambda entry: -entry[0])
            finished += [(log, words[:-1]) for log, words in grown[: 2 * width] if words[-1] == STOP]
            finished = [entry for entry in finished if " ".join(entry[1]) not in banned]
            beams = [entry for entry in grown if entry[1][-1] != STOP][:width]
            best = max((log for log, _ in finished), default=-float("inf"))
            if not beams or beams[0][0] <= best:
                break
        log, words = max(finished, key=lambda entry: entry[0], default=(0.0, [UNCLEAR]))
        return Written(" ".join(words), float(torch.tensor(log).exp()))

    def _kinds(self, turns: Sequence[Turn]) -> list[Kind]:
        """Kinds of the answers so far."""
        kinds: list[Kind] = []
        for turn in turns:
            kind = self.language.kind(self.language.parse(turn.call, kinds))
            if kind is not None:
                kinds.append(kind)
        return kinds

    def _scores(self, rows: list[list[int]]) -> Tensor:
        """Log probabilities (B, words) of the next token of rows of the same length."""
        logits = self.model(input_ids=torch.tensor(rows)).logits[:, -1]
        return logits.float().log_softmax(-1)
