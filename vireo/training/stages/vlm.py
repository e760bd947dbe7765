"""Stage `vlm`: the instructor learns to see, to say what an instruction means, and to judge edits.

A LLaVA-class model whose vision tower starts as the CLIP-class model's. One step is one batch of packed
dialogues of one sort; the loss is on answers only. Frozen afterwards.

Or an instructor of a finished pipeline that goes on learning, and keeps the states that its editor reads
(`VlmConfig.init_from`).
"""

import copy
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import CLIPModel, LlavaForConditionalGeneration, PreTrainedTokenizerFast

from vireo.instruction_tuning.batches import Batch, BatchSampler
from vireo.instruction_tuning.packing import Packed
from vireo.models.attention import PRODUCT
from vireo.models.editors.mini import build_mini_instructor, build_mini_processor
from vireo.models.initialization import initialize_projector
from vireo.models.instructor.states import highlighted
from vireo.models.latents import to_pixels
from vireo.models.weights import Bundle
from vireo.pairs.augment import augmented
from vireo.training.acceleration import in_precision
from vireo.training.stage import LoopConfig, Stage

POINTER = 64
"""Width in which the state of a question is compared with those of a picture's patches."""


@dataclass(frozen=True)
class VlmConfig:
    """Shares of steps on each sort of dialogue (see `vireo.instruction_tuning.batches`), in proportion.

    grounding: weight of finding the objects that a turn is about, in each of the ways of `AnswerObjective`.
    clips: most clips of which all questions are made; see `vireo.instruction_tuning.corpus`.
    scenes: of the studio, to which `Familiarity` is fitted.
    init_from: preset or folder of a pipeline whose instructor goes on learning; None for a new one. Its tokenizer and
        template stay, and so do the states of edit instructions (`distillation_loss`, times `distillation`), so that
        its editor needs no training. CLIP takes its tokenizer, too, and starts from its vision tower.
    """

    about: float = 0.46
    verdicts: float = 0.42
    references: float = 0.06
    texts: float = 0.06
    grounding: float = 0.5
    clips: int = 12_000
    scenes: int = 600
    init_from: str | None = None
    distillation: float = 2.0
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=8000, batch_size=16, learning_rate=1e-3, optimizer="muon", average=0.998, compile_blocks=False
        )
    )


class Scores(NamedTuple):
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

    def forward(self, pixels: Tensor | None, mask: Tensor, packed: Packed) -> Scores:
        """pixels (B n, 3, H, W) or None, mask (B, 1, L, L) as in `Packed`."""
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
        return Scores(
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


class VlmStage(Stage[VlmConfig, AnswerObjective]):
    name = "vlm"

    def __init__(
        self,
        config: VlmConfig,
        sampler: BatchSampler,
        tokenizer: PreTrainedTokenizerFast,
        instructor: LlavaForConditionalGeneration,
        device: torch.device,
    ) -> None:
        """instructor: `new_instructor`, or that of `config.init_from`."""
        instructor.set_attn_implementation(PRODUCT)
        torch.manual_seed(config.loop.seed)  # of the heads
        super().__init__(config, AnswerObjective(instructor), device)
        self.sampler, self.tokenizer = sampler, tokenizer
        self.teacher = copy.deepcopy(self.module).requires_grad_(False) if config.init_from else None
        # The last norm of the tower stands behind the layer that is read, and never gets a gradient.
        instructor.model.vision_tower.post_layernorm.requires_grad_(False)

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng((self.loop.seed, step))
        sort, batch = self._batch(rng)
        batch = replace(batch, images=augmented(batch.images, rng))
        scores = score_answers(self.module, batch, self.dtype)
        loss = cross_entropy(scores.answers, batch.packed.answers.to(self.device))
        figures = {f"loss_{sort}": loss.item()}
        heads = (
            ("turn_pointer", scores.turn_pointer, batch.turn_patches),
            ("turn_location", scores.turn_location, batch.turn_patches),
            ("name_pointer", scores.name_pointer, batch.name_patches),
            ("name_location", scores.name_location, batch.name_patches),
        )
        for name, predicted, patches in heads:
            known = patches.sum(1) > 0
            if known.any():
                grounding = cross_entropy(predicted[known], torch.from_numpy(patches[known]).to(self.device))
                figures[f"loss_{name}"] = grounding.item()
                loss = loss + self.config.grounding * grounding
        if self.teacher is not None and sort in ("about", "references") and len(batch.packed.instructions):
            with torch.no_grad():
                wanted = self._editor_states(score_answers(self.teacher, batch, self.dtype).states, batch)
            distillation = distillation_loss(self._editor_states(scores.states, batch), wanted)
            figures["loss_distillation"] = distillation.item()
            loss = loss + self.config.distillation * distillation
        return loss, figures

    def _editor_states(self, states: Tensor, batch: Batch) -> Tensor:
        """(K, D), those that an editor reads: of instructions, and of every `interleave`-th image token."""
        rows, columns = batch.packed.instructions.to(self.device).unbind(1)
        opening = batch.packed.opening
        begin = opening - batch.images.shape[1] * self.sampler.patches
        images = states[:, begin : opening : self.sampler.template.interleave]
        return torch.cat([states[rows, columns], images.flatten(0, 1)])

    def _batch(self, rng: np.random.Generator) -> tuple[str, Batch]:
        pools, count = self.sampler.pools, self.loop.batch_size
        shares = np.array([getattr(self.config, sort) * (len(pool) > 0) for sort, pool in pools.items()])
        sort = list(pools)[int(rng.choice(len(pools), p=shares / shares.sum()))]
        # Two pictures and longer turns: fewer rows keep steps alike in time.
        rows = count if sort in ("about", "texts") else count * 3 // 4
        return sort, getattr(self.sampler, sort)(rng.choice(pools[sort], rows), rng)

    def finish(self) -> Bundle:
        """The instructor and its processor."""
        return Bundle(self.module.instructor.eval(), build_mini_processor(self.tokenizer, self.sampler.patch_size))


def new_instructor(clip: CLIPModel, vocabulary: int, pixels: Tensor, seed: int = 0) -> LlavaForConditionalGeneration:
    """An instructor with the tower of the CLIP-class model and random language; pixels: see `initialize_projector`."""
    torch.manual_seed(seed)
    instructor = build_mini_instructor(vocabulary)
    instructor.model.vision_tower.load_state_dict(clip.vision_model.state_dict())
    initialize_projector(instructor, pixels)
    return instructor


def distillation_loss(states: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared distance of states (K, D) from the teacher's, over the variance of those."""
    return (states - teacher).square().mean() / (teacher - teacher.mean(0)).square().mean()
