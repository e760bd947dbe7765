"""Edits every pair of a pair set, scores it against the truth and writes the report."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from vireo.errors import InputError
from vireo.evaluation.config import EvaluationConfig
from vireo.evaluation.editors import Job
from vireo.evaluation.pair_clips import refuse_without_masks
from vireo.evaluation.records import Condition, Record, append_records, key_of, read_records
from vireo.evaluation.report.summary import write_report
from vireo.evaluation.workers import PairEvaluator, clip_of, evaluate_batches
from vireo.pairs.format import read_pairs
from vireo.types import EditPair


def evaluate(
    pairs_dir: Path,
    out: Path,
    config: EvaluationConfig,
    *,
    command: str | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Scores a model, or finished clips, on a pair set; returns the report (contract "Scores").

    Every pair is edited once; what the pipeline makes and what is composited from it are scored together.
    Writes into `out`: records.jsonl (one line a pair; when the run breaks, the same call goes on from it),
    strips/*.png and sheet-*.jpg (pictures), players/*.mp4 (side by side), report.json, report.html, report.md and
    report.tex.

    command: what the report names as its origin. on_progress: called as on_progress(done, total, label).

    A finished clip that is missing, broken or of another size is listed (`failures` of the report), and the rest is
    scored; the next call tries it again.

    Raises InputError for wrong pair sets and models, and where there is no clip to score at all.
    """
    videos, keep = config.videos, config.keep
    if videos is not None and config.paraphrases:
        raise InputError("finished clips have no paraphrases", "leave out --paraphrases")
    pairs = list(islice(read_pairs(pairs_dir), config.limit))
    if not pairs:
        raise InputError(f"{pairs_dir} has no pairs", "make some with: vireo world make DIR --count N")
    refuse_without_masks(pairs_dir)
    evaluator = PairEvaluator(pairs_dir, out, config)
    jobs = list(_jobs(pairs, evaluator, paraphrases=config.paraphrases))
    if videos is not None and not any(evaluator.editor.digest(pair.id) for pair in pairs):
        raise InputError(f"{videos} has no clip of any pair of {pairs_dir}", f"name them e.g. {pairs[0].id}.mkv")
    for name in ("strips", "players", "clips") if keep else ("strips", "players"):
        (out / name).mkdir(parents=True, exist_ok=True)
    finished = read_records(out / "records.jsonl", Record)
    # Batches are cut from all jobs, not from the open ones, so that a resumed run edits the same ones.
    batches = [jobs[start : start + evaluator.batch] for start in range(0, len(jobs), evaluator.batch)]
    unfinished = [batch for batch in batches if not _is_done(batch, finished, out, keep)]
    done, failures = len(jobs) - sum(map(len, unfinished)), []
    for records, failed in evaluate_batches(evaluator, unfinished, config.workers):
        append_records(out / "records.jsonl", *records)
        finished |= {record.key: record for record in records}
        failures += failed
        done += len(records) + len(failed)
        if on_progress is not None:
            on_progress(done, len(jobs), "editing and scoring")
    scored = [finished[job.key] for job in jobs if job.key in finished]
    if not scored:
        raise InputError(f"no clip could be scored; {failures[0]['id']}: {failures[0]['why']}")
    return write_report(out, scored, settings=evaluator.settings, command=command, failures=failures)


def _is_done(batch: list[Job], finished: Mapping[str, Record], out: Path, keep: bool) -> bool:
    """A judge that failed is asked again."""
    kept = not keep or all(clip_of(out, job).is_file() for job in batch if job.condition == "plain")
    return kept and all(job.key in finished and not finished[job.key].unjudged for job in batch)


def _jobs(pairs: list[EditPair], evaluator: PairEvaluator, *, paraphrases: bool) -> Iterator[Job]:
    for index, pair in enumerate(pairs):
        clip = evaluator.editor.digest(pair.id)
        settings = evaluator.settings | ({} if clip is None else {"clip": clip})
        wordings: list[tuple[Condition, str]] = [("plain", pair.instruction)]
        if paraphrases and pair.paraphrases:
            wordings.append(("paraphrase", pair.paraphrases[index % len(pair.paraphrases)]))
        for condition, instruction in wordings:
            yield Job(pair, condition, instruction, key_of([pair.model_dump(mode="json"), condition, settings]))
