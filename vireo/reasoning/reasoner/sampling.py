"""Calls written by chance, as reinforcement learning needs them, and their probabilities again, with gradient."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from vireo.models.instructor.vocabulary import Vocabulary
from vireo.reasoning.hops import STOP, UNCLEAR
from vireo.reasoning.reasoner.mini import MiniWriter
from vireo.reasoning.reasoner.prompt import PAD, Turn
from vireo.reasoning.reasoner.protocol import Refused, Written


@dataclass(frozen=True)
class Spoken:
    """One call that was written. context, words: token ids, before it and of it. allowed: of each word, the token ids
    that the language allowed there, its own among them."""

    context: tuple[int, ...]
    words: tuple[int, ...]
    allowed: tuple[tuple[int, ...], ...]


class SamplingWriter(MiniWriter):
    """Writes calls word by word, each drawn from what the model believes of the words that the language allows. How
    likely a call was is not told, so that none is refused for being a rare one.

    spoken: the calls since `begin`, refused ones too.
    """

    def __init__(self, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary) -> None:
        super().__init__(model, tokenizer, vocabulary)
        self.spoken: list[Spoken] = []
        self._known: dict[tuple[int, ...], Tensor] = {}
        self._generator = torch.Generator()

    def begin(self, seed: int) -> None:
        """Before each plan; what the model believes is kept from one to the next (see `forget`)."""
        self.spoken = []
        self._generator.manual_seed(seed)

    def forget(self) -> None:
        """After the model has learned."""
        self._known.clear()

    @torch.inference_mode()
    def write(self, query: str, turns: Sequence[Turn], refused: Sequence[Refused]) -> Written:
        kinds, table = self._kinds(turns), self.prompter.table
        context = self.prompter.turns(query, turns)
        words: list[str] = []
        allowed: list[tuple[int, ...]] = []
        while not words or words[-1] != STOP:
            if len(context) + len(words) == self.model.config.max_position_embeddings:
                return Written(UNCLEAR)
            options = [word for word in self.language.following(words, kinds) if word in table]
            ids = tuple(table[word] for word in options)
            known = self._scored((*context, *(table[word] for word in words)))[list(ids)].softmax(0)
            drawn = int(torch.multinomial(known, 1, generator=self._generator))
            words.append(options[drawn])
            allowed.append(ids)
        self.spoken.append(Spoken(tuple(context), tuple(table[word] for word in words), tuple(allowed)))
        return Written(" ".join(words[:-1]))

    def _scored(self, row: tuple[int, ...]) -> Tensor:
        if row not in self._known:
            self._known[row] = self._scores([list(row)])[0]
        return self._known[row]


def word_log_probs(model: LlamaForCausalLM, calls: Sequence[Spoken]) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the words of calls among those that were allowed, float32 (B, W), and which there are, bool.

    Differentiable. The same calls in the same order give the same numbers.
    """
    device, longest = model.device, max(len(call.words) for call in calls)
    rows = [torch.tensor((*call.context, *call.words)) for call in calls]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD).to(device)
    logits = model(input_ids=ids, attention_mask=(ids != PAD).long()).logits.float()
    places = torch.stack(
        [torch.arange(longest).clamp(max=len(call.words) - 1) + len(call.context) - 1 for call in calls]
    ).to(device)
    logits = logits.gather(1, places[..., None].expand(-1, -1, logits.shape[-1]))
    banned = torch.ones(logits.shape, dtype=torch.bool)
    for number, call in enumerate(calls):
        for place, ids_allowed in enumerate(call.allowed):
            banned[number, place, list(ids_allowed)] = False
        banned[number, len(call.words) :] = False
    words = torch.stack([pad(torch.tensor(call.words), (0, longest - len(call.words))) for call in calls]).to(device)
    valid = torch.arange(longest)[None] < torch.tensor([len(call.words) for call in calls])[:, None]
    known = logits.masked_fill(banned.to(device), -torch.inf).log_softmax(-1)
    return known.gather(-1, words[..., None])[..., 0].masked_fill(~valid.to(device), 0), valid.to(device)
