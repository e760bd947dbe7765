"""How well an instructor answers on held-out scenes: a table for reports."""

from collections import defaultdict

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration

from vireo.instruction_tuning.batches import Batch, BatchSampler
from vireo.instruction_tuning.visual_questions import ATTRIBUTES
from vireo.training.stages.vlm import AnswerObjective, score_answers


@torch.no_grad()
def measure_answers(
    instructor: LlavaForConditionalGeneration, sampler: BatchSampler, rounds: int = 2
) -> dict[str, float | dict]:
    """Accuracy of the answers about a pair set.

    An answer counts as right when greedy decoding gives exactly its tokens. `kinds`: share of right answers by
    kind of question. `attributes`, `relations`, `grounding`: means over their kinds. `critic`: balanced accuracy
    (mean of the rates on yes and on no) of each question, over `rounds` random candidates a pair; `critic_mean`
    is their mean; `critic_reasoned` the same over implicit instructions alone.
    """
    module = AnswerObjective(instructor).to(instructor.device)
    rng = np.random.default_rng(0)
    hits: dict[str, list[bool]] = defaultdict(list)
    for sort in ("about", "texts", "references", "verdicts"):
        pool = np.tile(sampler.pools[sort], rounds if sort == "verdicts" else 1)
        for start in range(0, len(pool), 32):
            drawn: Batch = getattr(sampler, sort)(pool[start : start + 32], rng)
            answers = score_answers(module, drawn).answers.argmax(-1).cpu()
            for kind, hit in zip(drawn.packed.kinds, drawn.packed.answered_right(answers), strict=True):
                hits[f"{sort}:{kind}" if sort == "references" else kind].append(hit)
    return summarise(hits)


def summarise(hits: dict[str, list[bool]]) -> dict[str, float | dict]:
    """The table of `measure_answers` from the hits of each kind of turn."""
    plain = {kind: values for kind, values in hits.items() if not kind.startswith("critic/")}
    kinds = {kind: {"accuracy": float(np.mean(values)), "n": len(values)} for kind, values in sorted(plain.items())}
    critic: dict[str, dict[str, list[bool]]] = defaultdict(lambda: {"yes": [], "no": []})
    causes: dict[str, list[bool]] = defaultdict(list)
    for kind, values in hits.items():
        if kind.startswith("critic/"):
            _, question, answer, candidate, fault, *reasoned = kind.split("/")
            critic[question][answer] += values
            causes[f"{question} {candidate} {fault}"] += values
            if reasoned:
                critic["reasoned"][answer] += values
    balanced = {
        question: float(np.mean([np.mean(values) for values in answers.values() if values]))
        for question, answers in sorted(critic.items())
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
        "causes": {cause: float(np.mean(values)) for cause, values in sorted(causes.items())},
    }
    return table if reasoned is None else {**table, "critic_reasoned": reasoned}


def _mean(kinds: dict[str, dict], names: tuple[str, ...]) -> float:
    known = [kinds[name]["accuracy"] for name in names if name in kinds]
    return float(np.mean(known)) if known else float("nan")
