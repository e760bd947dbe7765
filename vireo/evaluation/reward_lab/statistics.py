"""How good scorers are, from what they say of candidates whose truth is known: the statistics of the reward lab."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from scipy.stats import rankdata, spearmanr
from torchmetrics.functional.classification import binary_auroc

from vireo.evaluation.report.tables import markdown_table
from vireo.metrics.significance import as_dict, mean_interval

TARGET, OUTPUT, EXCHANGED = "target", "output", "exchanged"
TERMS, MIX = ("R_IF", "R_SP", "R_PS"), "R (VIVA, Eq. 7)"
RESAMPLES = 500
"""Of pairs, for the interval of a rank correlation."""


class Candidate(BaseModel, frozen=True):
    """One candidate clip. scores: every scorer's value, higher is better. undefined: why there is none, by scorer.

    corruption: TARGET (strength 0), one of CORRUPTIONS, EXCHANGED (the target shown as the source and the source as its
        edit: who looks at the difference alone does not notice) or OUTPUT (of `editor`).
    accuracy: 1 - edit_error, not below 0. success, success_loose: the contract's.
    """

    id: str
    family: str
    corruption: str
    strength: float
    accuracy: float
    success: bool
    success_loose: bool
    scores: dict[str, float]
    undefined: dict[str, str] = {}
    editor: str | None = None


def summarise(rows: Sequence[Candidate]) -> dict[str, Any]:
    """Of the editors, how good they are (`outputs`), and for each scorer, from the candidates on which it is defined:

    auroc: by corruption and strength, the probability that a target scores higher than a corrupted clip of any pair,
        ties count half. preferred: the same within a pair.
    spearman: rank correlation with exact edit accuracy over targets and corruptions of them; spearman_outputs: over the
        editors' outputs, with 95 % interval (pairs are resampled).
    ties: share of (target, corrupted) of a pair with equal scores. nothing_preferred: share of pairs, with 95 %
        interval, in which the untouched source scores at least as high as the target.
    exploit: mean over pairs of the highest score among candidates that fail, by the rank that it has among all
        targets (0.5: as good as a median target).
    undefined: of how many candidates it has no value, by reason. A figure of which nothing is left is None.
    """
    rows = _with_mix(rows)
    names = dict.fromkeys(name for row in rows for name in (*row.scores, *row.undefined))
    editors: dict[str, list[Candidate]] = defaultdict(list)
    for row in rows:
        if row.corruption == OUTPUT:
            editors[row.editor or ""].append(row)
    outputs = {
        editor: {
            "n": len(made),
            "accuracy": float(np.mean([row.accuracy for row in made])),
            "success": as_dict(mean_interval([row.success for row in made])),
            "success_loose": as_dict(mean_interval([row.success_loose for row in made])),
        }
        for editor, made in editors.items()
    }
    return {"candidates": len(rows), "outputs": outputs, "scorers": {name: _statistics(name, rows) for name in names}}


def _by_pair(rows: Sequence[Candidate]) -> dict[str, list[Candidate]]:
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for row in rows:
        groups[row.id].append(row)
    return groups


def _with_mix(rows: Sequence[Candidate]) -> Sequence[Candidate]:
    """With the scorer MIX where all of its terms are there: each standardised among the candidates of a pair, as within
    a group of Edit-GRPO, then added up. VIVA does not publish the weights of Eq. 7."""
    if not all(set(TERMS) <= set(row.scores) for row in rows):
        return rows
    found = []
    for group in _by_pair(rows).values():
        values = np.array([[row.scores[name] for name in TERMS] for row in group])
        spread = values.std(0)
        mixed = ((values - values.mean(0)) / np.where(spread > 0, spread, 1)).sum(1)
        found += [
            row.model_copy(update={"scores": row.scores | {MIX: float(value)}})
            for row, value in zip(group, mixed, strict=True)
        ]
    return found


def _statistics(name: str, rows: Sequence[Candidate]) -> dict[str, Any]:
    """Those of one scorer; see `summarise`. Without the target's score a pair's candidates are not compared with it."""
    undefined = Counter(row.undefined[name] for row in rows if name in row.undefined)
    rows = [row for row in rows if name in row.scores]
    targets = [row for row in rows if row.corruption == TARGET]
    of_target = {row.id: row.scores[name] for row in targets}
    corrupted = [row for row in rows if row.corruption not in (TARGET, OUTPUT)]
    paired = [(of_target[row.id], row) for row in corrupted if row.id in of_target]
    undone = [(target, row) for target, row in paired if row.corruption == "nothing_done" and row.strength == 1]
    degraded = [row for row in corrupted if row.corruption != EXCHANGED]
    groups: dict[str, dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for row in corrupted:
        groups[row.corruption][f"{row.strength:g}"].append(row)

    def told_apart(group: Sequence[Candidate]) -> dict[str, Any]:
        wins = [_wins(of_target[row.id], row.scores[name]) for row in group if row.id in of_target]
        area = auroc(list(of_target.values()), [row.scores[name] for row in group])
        return {"auroc": area, "preferred": _mean(wins), "n": len(group)}

    return {
        "corruptions": {
            corruption: {strength: told_apart(group) for strength, group in strengths.items()}
            for corruption, strengths in groups.items()
        },
        "spearman": rank_correlation(*_columns(name, [*targets, *degraded])),
        "spearman_outputs": _correlation_interval(name, [row for row in rows if row.corruption == OUTPUT]),
        "ties": _mean([row.scores[name] == target for target, row in paired]),
        "nothing_preferred": as_dict(mean_interval([row.scores[name] >= target for target, row in undone])),
        "exploit": _exploit(name, rows, np.array(list(of_target.values()))),
        "undefined": dict(undefined),
    }


def _exploit(name: str, rows: Sequence[Candidate], targets: np.ndarray) -> float | None:
    """The rank, among all targets, of the best score among a pair's failed candidates; mean over pairs."""
    failed = [[row.scores[name] for row in group if not row.success] for group in _by_pair(rows).values()]
    best = [max(scores) for scores in failed if scores]
    return _mean([(targets < b).mean() + (targets == b).mean() / 2 for b in best]) if len(targets) else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _columns(name: str, rows: Sequence[Candidate]) -> np.ndarray:
    """Scores and accuracies, (2, n)."""
    return np.array([[row.scores[name] for row in rows], [row.accuracy for row in rows]])


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's; None where all of either are the same."""
    varied = len(set(first.tolist())) > 1 and len(set(second.tolist())) > 1
    if not varied:
        return None
    statistic: Any = spearmanr(first, second)[0]
    return float(statistic)


def _correlation_interval(name: str, rows: Sequence[Candidate]) -> dict[str, Any] | None:
    """Outputs of the same pair stay together when pairs are resampled."""
    found = rank_correlation(*_columns(name, rows))
    if found is None:
        return None
    groups, generator = [_columns(name, group) for group in _by_pair(rows).values()], np.random.default_rng(0)
    resampled = []
    for _ in range(RESAMPLES):
        drawn = [groups[k] for k in generator.integers(0, len(groups), len(groups))]
        resampled.append(rank_correlation(*np.concatenate(drawn, axis=1)))
    low, high = np.percentile([value for value in resampled if value is not None], [2.5, 97.5])
    return {"rate": found, "n": len(rows), "low": float(low), "high": float(high)}


def _wins(target: float, corrupted: float) -> float:
    return float(target > corrupted) + 0.5 * float(target == corrupted)


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """The probability that a positive is above a negative, ties count half; None where there are none of either."""
    if not len(positives) or not len(negatives):
        return None
    # Ranks in place of values: what lies outside 0..1 would be put through a sigmoid first.
    ranks = rankdata([*positives, *negatives], method="dense")
    labels = torch.tensor([1] * len(positives) + [0] * len(negatives))
    return float(binary_auroc(torch.from_numpy(ranks / ranks.max()), labels))


def as_markdown(report: dict[str, Any]) -> str:
    """The table of a report: AUROC of every corruption at full strength, and what else tells a good reward."""
    names = dict.fromkeys(name for scorer in report["scorers"].values() for name in scorer["corruptions"])
    further = ["Spearman", "outputs: Spearman", "ties", "nothing preferred", "exploit"]
    head = ["scorer", *(name.replace("_", " ") for name in names), *further]
    rows = []
    for scorer, found in report["scorers"].items():
        full = [found["corruptions"].get(name, {}).get("1", {}).get("auroc") for name in names]
        cells = ["-" if value is None else f"{value:.2f}" for value in [*full, *key_figures(found)]]
        rows.append([scorer, *cells])
    return markdown_table(head, rows)


def key_figures(found: dict[str, Any]) -> list[float | None]:
    """Of a scorer: both rank correlations, ties, how often nothing done is preferred, exploit."""
    outputs, nothing = found["spearman_outputs"], found["nothing_preferred"]
    rates = outputs and outputs["rate"], nothing and nothing["rate"]
    return [found["spearman"], rates[0], found["ties"], rates[1], found["exploit"]]
