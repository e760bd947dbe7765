"""Edits every pair of a pair set, scores it against the truth and writes the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from vireo.errors import InputError
from vireo.evaluation.editors import EditOptions, Job, check_source
from vireo.evaluation.pair_clips import refuse_without_masks
from vireo.evaluation.records import Condition, Record, RecordWriter, read_records, record_key
from vireo.evaluation.report.summary import write_report
from vireo.evaluation.workers import EvaluationTask, PairEvaluator, UnscorableClip, clip_of, evaluate_batches
from vireo.judges.judge import Judge
from vireo.pairs.format import read_pairs
from vireo.types import EditPair


def evaluate(
    pairs_dir: Path,
    *,
    out: Path,
    model: str | None = None,
    videos: Path | None = None,
    limit: int | None = None,
    options: EditOptions = EditOptions(),
    paraphrases: bool = False,
    judge: Judge | None = None,
    backbones: Mapping[str, str] | None = None,
    keep: bool = False,
    workers: int = 1,
    command: str | None = None,
    on_progress: Callable[..., None] | None = None,
) -> dict[str, Any]:
    """Scores a model, or finished clips, on a pair set; returns the report (contract "Scores").

    Every pair is edited once; what the pipeline makes and what is composited from it are scored together.
    Writes into `out`: records.jsonl (one line a pair; when the run breaks, the same call goes on from it),
    strips/*.png and sheet-*.jpg (pictures), players/*.mp4 (side by side), report.json, report.html, report.md and
    report.tex.

    limit: only the first so many pairs. paraphrases: each pair once more with one of its paraphrases, chosen
    by the pair's place in the set. judge: scores every edit, too (`vireo.judges`).
    backbones: of `vireo.evaluation.measures`, beyond what needs none.
    keep: also writes the edited clips, out/clips/ID.mkv, as `videos` takes them. workers: processes that share the
    work, each with its own copy of the models and its share of the cores. command: what the report names as its
    origin. on_progress: called as on_progress(done, total, label).

    A finished clip that is missing, broken or of another size is listed (`failures` of the report), and the rest is
    scored; it is looked at again by the next call.

    Raises InputError for wrong pair sets and models, and where there is no clip to score at all.
    """
    pairs_dir, out = Path(pairs_dir), Path(out)
    check_source(model, videos)
    if videos is not None and paraphrases:
        raise InputError("finished clips have no paraphrases", "leave out --paraphrases")
    pairs = list(islice(read_pairs(pairs_dir), limit))
    if not pairs:
        raise InputError(f"{pairs_dir} has no pairs", "make some with: vireo world make DIR --count N")
    refuse_without_masks(pairs_dir)
    evaluator = PairEvaluator(
        EvaluationTask(pairs_dir, out, model, videos, options, judge, dict(backbones or {}), keep)
    )
    jobs = list(_jobs(pairs, evaluator, paraphrases=paraphrases))
    if videos is not None and not any(evaluator.editor.digest(pair.id) for pair in pairs):
        raise InputError(f"{videos} has no clip of any pair of {pairs_dir}", f"name them e.g. {pairs[0].id}.mkv")
    for name in ("strips", "players", "clips") if keep else ("strips", "players"):
        (out / name).mkdir(parents=True, exist_ok=True)
    finished = read_records(out / "records.jsonl")
    # Batches are cut from all jobs, not from the open ones, so that a resumed run edits the same ones.
    batches = [jobs[start : start + evaluator.batch] for start in range(0, len(jobs), evaluator.batch)]
    still = [batch for batch in batches if not _is_done(batch, finished, out, keep)]
    done, failures = len(jobs) - sum(map(len, still)), []
    with RecordWriter(out / "records.jsonl") as writer:
        for records in evaluate_batches(evaluator, still, workers):
            made = [record for record in records if isinstance(record, Record)]
            writer.append(*made)
            finished |= {record.key: record for record in made}
            failures += [{"id": each.id, "why": each.why} for each in records if isinstance(each, UnscorableClip)]
            done += len(records)
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
            yield Job(pair, condition, instruction, record_key(pair, condition, settings))
