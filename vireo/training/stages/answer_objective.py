"""What stage `vlm` trains: the instructor and the heads that exist in training only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from vireo.instruction_tuning.batches import Batch
from vireo.instruction_tuning.packing import Packed
from vireo.models.instructor.states import highlighted
from vireo.models.latents import to_pixels
from vireo.training.acceleration import in_precision

POINTER = 64
"""Width in which the state of a question is compared with those of a picture's patches."""


@dataclass(frozen=True)
class Scores:
    """N answer tokens, B rows, T turns, M names, P patches a picture; see `AnswerObjective`.

    answers: (N, vocabulary). turn_pointer, turn_location: (T, P + 1). name_pointer, name_location: (M, P + 1).
    states: (B, L, D), the last hidden states.
    """

    answers: Tensor
    turn_pointer: Tensor
    turn_location: Tensor
    name_pointer: Tensor
    name_location: Tensor
    states: Tensor


class AnswerObjective(nn.Module):
    """Scores of the answer tokens of packed dialogues, and of patches for grounding (last: not in the picture).

    turn_pointer: from the middle layer, by comparing the end of a question with each patch: to find the objects that a
        turn is about, on which every answer about an object depends. From answers alone such an attention arises late.
    turn_location: the same, read off the question's last state alone, so that the states tell an editor where the
        object is.
    name_pointer, name_location: both for each name of an object, at its own last token, the latter one layer above the
        middle, so that what follows can compare the locations of two objects, on which every relation depends.
    """

    def __init__(self, instructor: LlavaForConditionalGeneration) -> None:
        super().__init__()
        self.instructor = instructor
        text = instructor.config.get_text_config()
        width, patches = text.hidden_size, instructor.config.image_seq_length
        self.middle = text.num_hidden_layers // 2
        self.query, self.key = nn.Linear(width, POINTER), nn.Linear(width, POINTER)
        self.absent, self.turn_location = nn.Linear(width, 1), nn.Linear(width, patches + 1)
        self.name_location = nn.Linear(width, patches + 1)

    def forward(self, pixels: Tensor | None, mask: Tensor, packed: Packed) -> tuple[Tensor, ...]:
        """The fields of `Scores`. pixels (B n, 3, H, W) or None, mask (B, 1, L, L) as in `Packed`."""
        output = self.instructor.model(
            input_ids=packed.ids,
            pixel_values=pixels,
            attention_mask=mask,
            position_ids=packed.positions,
            use_cache=False,
            output_hidden_states=True,
        )
        last, middle = output.last_hidden_state, output.hidden_states[self.middle]
        patches = self.instructor.config.image_seq_length
        images = 0 if pixels is None else len(pixels) // len(packed.ids)
        first_image = middle[:, packed.opening - images * patches :][:, : min(images, 1) * patches]
        keys = self.key(first_image)
        turn_rows, turn_columns = packed.question_ends.unbind(1)
        name_rows, name_columns = packed.name_ends.unbind(1)
        return (
            self.instructor.lm_head(last[packed.rows, packed.columns]),
            self._point(middle[turn_rows, turn_columns], keys[turn_rows]),
            self.turn_location(last[turn_rows, turn_columns]),
            self._point(middle[name_rows, name_columns], keys[name_rows]),
            self.name_location(output.hidden_states[self.middle + 1][name_rows, name_columns]),
            last,
        )

    def _point(self, states: Tensor, keys: Tensor) -> Tensor:
        """Scores (N, P + 1) of patches and of absence, from states (N, D) and keys of patches (N, P, POINTER)."""
        found = torch.einsum("td,tpd->tp", self.query(states), keys) / POINTER**0.5
        return torch.cat([found, self.absent(states)], 1)


def score_answers(module: AnswerObjective, batch: Batch, dtype: torch.dtype = torch.bfloat16) -> Scores:
    """The objective on a batch, computed in `dtype`; the scores are float32."""
    device = module.instructor.device
    pixels = to_pixels(batch.images, device).transpose(1, 2)
    if batch.highlights:
        pixels = torch.stack([pixels[:, 0], highlighted(pixels[:, 0], pixels[:, 1])], 1)
    packed = batch.packed.to(device)
    scores = in_precision(dtype, module, pixels.flatten(0, 1) if pixels.numel() else None, packed.mask, packed)
    return Scores(*(score.float() for score in scores))
