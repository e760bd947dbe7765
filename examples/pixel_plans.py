"""How often plans are what was meant, where a clip is seen and not known: perception and reasoner together.

    vireo world studiorve RVE
    python examples/pixel_plans.py RVE [--perception mini] [--reasoner mini] [--limit 519]

By level and category of the queries: the share of plans with the right operations on the right objects; with right
parameters and times, too; and of those that find nothing to do. Last, how well the confidence of plans is calibrated
(its expected error over ten bins), how many ask back, and how many are right if people then choose among what is asked.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from perception_scores import Scores, calibration_error

from vireo.evaluation.report.tables import markdown_table
from vireo.pairs.format import read_pairs
from vireo.reasoning.events import complete
from vireo.reasoning.perception import open_perception
from vireo.reasoning.plan import Plan
from vireo.reasoning.plan_match import match_plans
from vireo.reasoning.reasoner.opening import open_reasoner
from vireo.reasoning.twin import DigitalTwin
from vireo.video.io import read_clip


def _true_id(names: dict[str, str], name: str | None) -> str | None:
    return name if name is None else names.get(name, f"{name}?")


def translated(plan: Plan, names: dict[str, str]) -> Plan:
    """The plan with true ids for those of what was seen."""
    steps = []
    for step in plan.steps:
        targets = [target.model_copy(update={"id": _true_id(names, target.id)}) for target in step.targets]
        steps.append(step.model_copy(update={"targets": tuple(targets)}))
    return plan.model_copy(update={"steps": tuple(steps)})


def may_be_chosen(plan: Plan, true: Plan, names: dict[str, str]) -> bool:
    """Whether what is asked back offers an object that is meant, or by which the right one is found."""
    assert plan.question is not None
    offered = {names.get(candidate.target.id or "", "") for candidate in plan.question.candidates}
    meant = {target.id for step in true.steps for target in step.targets}
    return not offered.isdisjoint(meant | {name for step in true.steps for why in step.reasons for name in why.objects})


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("pairs", type=Path, help="folder of a StudioRVE set")
parser.add_argument("--perception", default="mini", help='"mini" or a folder of weights')
parser.add_argument("--reasoner", default="mini", help='"mini" or another that `--reasoner` takes')
parser.add_argument("--limit", type=int, help="most queries")
parser.add_argument("--wrong", action="store_true", help="print the plans that are not what was meant")
options = parser.parse_args()
perception, reasoner = open_perception(options.perception), open_reasoner(options.reasoner)
seen: dict[str, tuple[DigitalTwin, dict[str, str]]] = {}
scores, sureness, asked, solved = defaultdict(list), [], [], []
for pair in list(read_pairs(options.pairs))[: options.limit]:
    assert pair.reasoning is not None, "a pair of StudioRVE"
    place = pair.reasoning["twin"]
    if place not in seen:
        clip = read_clip(options.pairs / pair.source)
        twin = DigitalTwin.model_validate_json((options.pairs / place).read_text(encoding="utf-8"))
        found = complete(perception.perceive(clip.frames, twin.times))
        seen[place] = found, Scores().match(found, twin)
    found, names = seen[place]
    plan, true = reasoner.plan(pair.instruction, found), Plan.model_validate(pair.reasoning["plan"])
    match = match_plans(translated(plan, names), true)
    for kind in (f"level {pair.reasoning['level']}", pair.reasoning["category"], "all"):
        scores[kind].append((match.edits, match.whole, not plan.steps))
    if plan.steps:
        sureness.append((plan.confidence, match.whole))
    asked.append(plan.question is not None)
    solved.append(may_be_chosen(plan, true, names) if plan.question is not None else match.edits)
    if options.wrong and not match.edits:
        made = plan.fallback or [(s.instruction, [names.get(t.id or "", t.id) for t in s.targets]) for s in plan.steps]
        meant = [(s.instruction, [t.id for t in s.targets]) for s in true.steps]
        print(f"{pair.id}: {pair.instruction}\n  meant {meant}\n  made {made}")
rows = [[name, str(len(v)), *(f"{x:.3f}" for x in np.mean(v, 0))] for name, v in sorted(scores.items())]
print(markdown_table(["queries", "n", "edits", "whole", "find nothing"], rows))
confidence, right = np.array(sureness, float).T
print(f"ECE {calibration_error(confidence, right):.3f}, n {len(right)}")
print(f"{np.mean(asked):.3f} ask back; where people then choose, {np.mean(solved):.3f} are right")
order = np.argsort(-confidence)
for share in (1.0, 0.85, 0.7, 0.5):
    kept = order[: round(share * len(order))]
    rate, least = right[kept].mean(), confidence[kept[-1]]
    print(f"the surest {share:.2f} of the plans: {rate:.3f} right, from confidence {least:.2f}")
