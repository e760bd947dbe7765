"""Judges by their name, and what one said of an evaluation's edits: scores by family, failures, what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vireo.evaluation.records import JudgementRecord, Record
from vireo.judges.chat_model import ChatJudge
from vireo.judges.instructor_judge import InstructorJudge
from vireo.judges.judge import Judge
from vireo.judges.local import LocalChat
from vireo.judges.remote import Endpoint, RemoteChat
from vireo.judges.rubric import RUBRICS, RubricName, overall
from vireo.metrics.bootstrap import balanced_interval, mean_interval
from vireo.models.editors.viva import VireoPipeline


def open_judge(name: str, rubric: RubricName, *, cache: Path, prices: tuple[float, float] | None = None) -> Judge:
    """name: https://HOST/v1#MODEL (any OpenAI-compatible endpoint; the key comes from OPENAI_API_KEY), the folder of a
    vision-language model of transformers, or a preset or folder of a pipeline, whose own instructor judges then.

    cache: folder of an endpoint's replies. prices: see `Endpoint`. Raises InputError and ModelError.
    """
    if "://" in name:
        url, _, model = name.partition("#")
        return ChatJudge(RemoteChat(Endpoint(url, model, prices=prices), cache=cache), rubric)
    folder = Path(name)
    if (folder / "config.json").is_file():
        return ChatJudge(LocalChat.from_pretrained(folder), rubric)
    pipe = VireoPipeline.from_pretrained(name)
    return InstructorJudge(pipe.instructor, pipe.processor, pipe.template, rubric, name=name)


def summarise_judgements(
    records: Sequence[Record], families: Sequence[str], settings: Mapping[str, Any]
) -> dict[str, Any] | None:
    """None where no judge was asked.

    families: of the headline; `all` is balanced over them. `criteria` and `overall` (every reading of it, the default
    first) hold means with 95 % intervals. A failed judgement counts nowhere but in `failures`.
    """
    asked = [(record, record.judged) for record in records if record.judged is not None]
    if not asked:
        return None
    rubric = settings["rubric"]
    scored = [(record.family, judged.scores) for record, judged in asked if judged.scores]
    return {
        "judge": settings["judge"],
        "rubric": rubric,
        "best": RUBRICS[rubric][0].best,
        "n": len(scored),
        "criteria": score_tables(scored, families),
        "overall": score_tables([(family, overall(rubric, scores)) for family, scores in scored], families),
        "failures": [
            {"id": record.id, "condition": record.condition, "why": judged.failure}
            for record, judged in asked
            if judged.failure is not None
        ],
        "usage": usage([judged for _, judged in asked]),
    }


def usage(asked: Sequence[JudgementRecord]) -> dict[str, float | None]:
    """What they cost together; None where that is not known of one of them."""
    return {
        name: None if None in (spent := [getattr(each, name) for each in asked]) else sum(spent)
        for name in ("calls", "cached", "prompt_tokens", "completion_tokens", "cost")
    }


def score_tables(scored: Sequence[tuple[str, Mapping[str, float]]], families: Sequence[str]) -> dict[str, Any]:
    """For each score of (family, scores): its mean over all, balanced over `families`, and by family."""
    groups: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for family, scores in scored:
        for name, value in scores.items():
            groups[name][family].append(value)
    return {
        name: {
            "all": asdict(balanced_interval({f: v for f, v in own.items() if f in families} or own)),
            "families": {family: asdict(mean_interval(values)) for family, values in own.items()},
        }
        for name, own in groups.items()
    }
