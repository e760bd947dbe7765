"""Stage `vlm`: the instructor learns to see, to say what an instruction means, and to judge edits.

A LLaVA-class model whose vision tower starts as the CLIP-class model's. One step is one batch of packed
dialogues of one sort; the loss is on answers only. Frozen afterwards.

Or a former instructor that goes on learning, and keeps the states that its editor reads (`VlmConfig.former`).
"""

from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import CLIPModel, LlavaForConditionalGeneration, PreTrainedTokenizerFast

from vireo.instruction_tuning.batches import Batch, BatchSampler
from vireo.instruction_tuning.packing import Packed
from vireo.instruction_tuning.visual_questions import ATTRIBUTES
from vireo.models.attention import PRODUCT
from vireo.models.bundle import Bundle
from vireo.models.instructor.states import build_mini_instructor, build_processor, highlighted, start_projector
from vireo.pairs.augment import augmented
from vireo.training.precision import in_precision
from vireo.training.stage import LoopConfig, Stage

POINTER = 64
"""Width in which a turn's question and a picture's patches are compared."""


@dataclass(frozen=True)
class VlmConfig:
    """Shares of steps on each sort of dialogue (see `vireo.instruction_tuning.batches`), in proportion.

    pointing: weight of pointing at the objects that a turn is about, in each of the ways of `AnswerObjective`.
    clips: most clips of which all questions are made; see `vireo.instruction_tuning.corpus`.
    former: preset or folder of a pipeline whose instructor goes on learning; None for a new one. Its tokenizer and
        template stay, and so do the states of edit instructions (`keeping_loss`, times `keeping`), so that its editor
        needs no training. CLIP takes its tokenizer, too, and starts from its vision tower.
    """

    about: float = 0.46
    verdicts: float = 0.42
    references: float = 0.06
    texts: float = 0.06
    pointing: float = 0.5
    clips: int = 12_000
    former: str | None = None
    keeping: float = 2.0
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            steps=8000, batch_size=16, learning_rate=1e-3, optimizer="muon", average=0.998, compile_blocks=False
        )
    )


@dataclass(frozen=True)
class Scores:
    """N answer tokens, B rows, T turns, M names, P patches a picture.

    answers: (N, vocabulary).
    pointing, places: (T, P + 1), where in the first picture are the objects that a turn is about; last is nowhere.
    naming, sites: (M, P + 1), the same for single names.
    states: (B, L, D), the last hidden states.
    """

    answers: Tensor
    pointing: Tensor
    places: Tensor
    naming: Tensor
    sites: Tensor
    states: Tensor


class AnswerObjective(nn.Module):
    """Scores of the answer tokens of packed dialogues, and of helps that exist in training only.

    pointing: from the middle layer, by comparing a turn's question with each patch; to find what is named, on which
        every answer about an object stands. From answers alone such an attention arises late.
    places: the same, read off the question's last state alone; so the states tell an editor where the object is.
    naming, sites: both for each name of an object, at its own last token, the latter one layer above the middle. So
        what follows can compare the places of two objects, on which every relation stands.
    """

    def __init__(self, instructor: LlavaForConditionalGeneration) -> None:
        super().__init__()
        self.instructor = instructor
        self.middle = instructor.config.text_config.num_hidden_layers // 2
        width, patches = instructor.config.text_config.hidden_size, instructor.config.image_seq_length
        self.asked, self.shown = nn.Linear(width, POINTER), nn.Linear(width, POINTER)
        self.nowhere, self.place = nn.Linear(width, 1), nn.Linear(width, patches + 1)
        self.site = nn.Linear(width, patches + 1)

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
        answers = self.instructor.lm_head(last[packed.rows, packed.columns])
        patches = self.instructor.config.image_seq_length
        images = 0 if pixels is None else len(pixels) // len(packed.ids)
        first = middle[:, packed.opening - images * patches :][:, : min(images, 1) * patches]
        shown, (rows, columns), (own, ends) = self.shown(first), packed.asking.unbind(1), packed.naming.unbind(1)
        return (
            answers,
            self._point(middle[rows, columns], shown[rows]),
            self.place(last[rows, columns]),
            self._point(middle[own, ends], shown[own]),
            self.site(output.hidden_states[self.middle + 1][own, ends]),
            last,
        )

    def _point(self, asking: Tensor, shown: Tensor) -> Tensor:
        """Scores (N, P + 1) of patches and of nowhere, from states (N, D) and keys of patches (N, P, POINTER)."""
        found = torch.einsum("td,tpd->tp", self.asked(asking), shown) / POINTER**0.5
        return torch.cat([found, self.nowhere(asking)], 1)


class VlmStage(Stage[VlmConfig, AnswerObjective]):
    name = "vlm"

    def __init__(
        self,
        config: VlmConfig,
        curriculum: BatchSampler,
        tokenizer: PreTrainedTokenizerFast,
        instructor: LlavaForConditionalGeneration,
        device: torch.device,
    ) -> None:
        """instructor: `new_instructor`, or the former one."""
        instructor.set_attn_implementation(PRODUCT)
        torch.manual_seed(config.loop.seed)  # of the heads
        super().__init__(config, AnswerObjective(instructor), device)
        self.curriculum, self.tokenizer = curriculum, tokenizer
        self.former = copy.deepcopy(self.module).requires_grad_(False) if config.former else None
        # The last norm of the tower stands behind the layer that is read, and never gets a gradient.
        instructor.model.vision_tower.post_layernorm.requires_grad_(False)

    def loss(self, step: int) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng((self.loop.seed, step))
        sort, batch = self._batch(rng)
        batch = replace(batch, images=augmented(batch.images, rng))
        scores = score_answers(self.module, batch, self.dtype)
        loss = cross_entropy(scores.answers, batch.packed.answers.to(self.device))
        figures = {f"loss_{sort}": loss.item()}
        for names, truth in ((("pointing", "places"), batch.pointed), (("naming", "sites"), batch.named)):
            about = truth.sum(1) > 0
            if about.any():
                pointed = torch.from_numpy(truth[about]).to(self.device)
                for name in names:
                    missed = cross_entropy(getattr(scores, name)[about], pointed)
                    figures[f"loss_{name}"] = missed.item()
                    loss = loss + self.config.pointing * missed
        if self.former is not None and sort in ("about", "references") and len(batch.packed.told):
            kept = keeping_loss(self._read(scores.states, batch), self._read(self._former_states(batch), batch))
            figures["loss_keeping"] = kept.item()
            loss = loss + self.config.keeping * kept
        return loss, figures

    @torch.no_grad()
    def _former_states(self, batch: Batch) -> Tensor:
        return score_answers(self.former, batch, self.dtype).states

    def _read(self, states: Tensor, batch: Batch) -> Tensor:
        """(K, D), those that an editor reads: of instructions, and of every `interleave`-th image token."""
        rows, columns = batch.packed.told.to(self.device).unbind(1)
        images = batch.images.shape[1] * self.curriculum.patches
        shown = states[:, batch.packed.opening - images : batch.packed.opening : self.curriculum.template.interleave]
        return torch.cat([states[rows, columns], shown.flatten(0, 1)])

    def _batch(self, rng: np.random.Generator) -> tuple[str, Batch]:
        config, lessons, count = self.config, self.curriculum.lessons, self.loop.batch_size
        pools = {
            "about": (config.about, self.curriculum.owners),
            "verdicts": (config.verdicts, self.curriculum.judged),
            "references": (config.references, np.arange(len(lessons.reference_pairs))),
            "texts": (config.texts, np.arange(len(lessons.texts))),
        }
        shares = np.array([share * (len(pool) > 0) for share, pool in pools.values()])
        sort = list(pools)[int(rng.choice(len(pools), p=shares / shares.sum()))]
        # Two pictures and longer turns: fewer rows keep steps alike in time.
        rows = count if sort in ("about", "texts") else count * 3 // 4
        return sort, getattr(self.curriculum, sort)(rng.choice(pools[sort][1], rows), rng)

    def finish(self) -> Bundle:
        """The instructor and its processor."""
        return Bundle(self.module.instructor.eval(), build_processor(self.tokenizer, self.curriculum.patch_size))


def new_instructor(clip: CLIPModel, vocabulary: int, pixels: Tensor, seed: int = 0) -> LlavaForConditionalGeneration:
    """An instructor with the tower of the CLIP-class model and random language; pixels: see `start_projector`."""
    torch.manual_seed(seed)
    instructor = build_mini_instructor(vocabulary)
    instructor.model.vision_tower.load_state_dict(clip.vision_model.state_dict())
    start_projector(instructor, pixels)
    return instructor


def keeping_loss(states: Tensor, former: Tensor) -> Tensor:
    """Mean squared distance of states (K, D) from former ones, over the variance of those."""
    return (states - former).square().mean() / (former - former.mean(0)).square().mean()


def score_answers(module: AnswerObjective, batch: Batch, dtype: torch.dtype = torch.bfloat16) -> Scores:
    """The objective on a batch, computed in `dtype`; the scores are float32."""
    device = module.instructor.device
    pixels = torch.from_numpy(batch.images).to(device).permute(0, 1, 4, 2, 3).float().div(127.5).sub(1)
    if batch.highlights:
        pixels = torch.stack([pixels[:, 0], highlighted(pixels[:, 0], pixels[:, 1])], 1)
    pixels = pixels.flatten(0, 1) if pixels.numel() else None
    packed = batch.packed.to(device)
    return Scores(*(part.float() for part in in_precision(dtype, module, pixels, packed.mask, packed)))


@torch.no_grad()
def measure(
    instructor: LlavaForConditionalGeneration,
    curriculum: BatchSampler,
    *,
    rounds: int = 2,
    batch: int = 32,
    seed: int = 0,
) -> dict[str, float | dict]:
    """How the instructor answers on unseen scenes: a table for reports.

    An answer counts as right when greedy decoding gives exactly its tokens. `kinds`: share of right answers by
    kind of question. `attributes`, `relations`, `grounding`: means over their kinds. `critic`: balanced accuracy
    (mean of the rates on yes and on no) of each question, over `rounds` random candidates a pair; `critic_mean`
    is their mean; `critic_reasoned` the same over reasoned instructions alone.
    """
    module = AnswerObjective(instructor).to(instructor.device)
    rng = np.random.default_rng(seed)
    lessons = curriculum.lessons
    right: dict[str, list[bool]] = defaultdict(list)
    pools = {
        "about": curriculum.owners,
        "texts": np.arange(len(lessons.texts)),
        "references": np.arange(len(lessons.reference_pairs)),
        "verdicts": np.tile(curriculum.judged, rounds),
    }
    for sort, pool in pools.items():
        for start in range(0, len(pool), batch):
            made: Batch = getattr(curriculum, sort)(pool[start : start + batch], rng)
            answers = score_answers(module, made).answers
            for kind, hit in zip(made.packed.kinds, made.packed.answered_right(answers.argmax(-1).cpu()), strict=True):
                right[f"{sort}:{kind}" if sort == "references" else kind].append(hit)
    return summarise(right)


def summarise(right: dict[str, list[bool]]) -> dict[str, float | dict]:
    """The table of `measure` from the hits of each kind of turn."""
    plain = {kind: hits for kind, hits in right.items() if not kind.startswith("critic/")}
    kinds = {kind: {"accuracy": float(np.mean(hits)), "n": len(hits)} for kind, hits in sorted(plain.items())}
    verdicts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: {"yes": [], "no": []})
    causes: dict[str, list[bool]] = defaultdict(list)
    for kind, hits in right.items():
        if kind.startswith("critic/"):
            _, question, answer, candidate, fault, *reasoned = kind.split("/")
            verdicts[question][answer] += hits
            causes[f"{question} {candidate} {fault}"] += hits
            if reasoned:
                verdicts["reasoned"][answer] += hits
    balanced = {
        question: float(np.mean([np.mean(hits) for hits in sides.values() if hits]))
        for question, sides in sorted(verdicts.items())
    }
    reasoned = balanced.pop("reasoned", None)
    table: dict[str, float | dict] = {
        "attributes": _mean(kinds, ATTRIBUTES),
        "relations": _mean(kinds, ("relation",)),
        "grounding": _mean(kinds, ("place", "where")),
        "counting": _mean(kinds, ("count",)),
        "critic_mean": float(np.mean(list(balanced.values()))) if balanced else float("nan"),
        "critic": balanced,
        "kinds": kinds,
        "causes": {cause: float(np.mean(hits)) for cause, hits in sorted(causes.items())},
    }
    if reasoned is not None:
        table["critic_reasoned"] = reasoned
    return table


def _mean(kinds: dict[str, dict], names: tuple[str, ...]) -> float:
    known = [kinds[name]["accuracy"] for name in names if name in kinds]
    return float(np.mean(known)) if known else float("nan")
