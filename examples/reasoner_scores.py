"""How often a reasoner's plans are what was meant, on exact twins of scenes that it was not trained on.

    python examples/reasoner_scores.py [REASONER] [--count 100] [--seed 900000] [--only "level 1"]

Half of the scenes are the studio's usual ones, half such in which things happen. For each level (calls that the object
takes), wording and combination of relations: the share of plans with the right operations on the right objects, with
right parameters and times, too, and of those that ask back or fall back. Last, how well the confidence of plans is
calibrated: its expected error over ten bins (ECE).
"""

import argparse
from collections import defaultdict

import numpy as np
from perception_scores import calibration_error

from vireo.evaluation.report.tables import markdown_table
from vireo.reasoning.exact_twin import exact_twin
from vireo.reasoning.plan_match import match_plans
from vireo.reasoning.query_language.twin_clip import draw_for_twin
from vireo.reasoning.reasoner.opening import open_reasoner
from vireo.world.happenings import sample_happening
from vireo.world.render import render
from vireo.world.sampling import sample_scene

COMPOUNDS = {"2 edits": (0, 0), "3 edits": (0, 0, None), "implicit and literal": (2, 0)}
LEVELS = {"literal": (0,), "level 1": (1,), "level 2": (2,), "level 3": (3,), **COMPOUNDS}

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("reasoner", nargs="?", default="mini")
parser.add_argument("--count", type=int, default=100, help="scenes; each is asked one query of each kind")
parser.add_argument("--seed", type=int, default=900_000)
parser.add_argument("--wrong", type=int, default=0, help="print so many wrong plans of each kind")
parser.add_argument("--only", choices=list(LEVELS), help="one kind of queries, in learned wordings")
options = parser.parse_args()
reasoner = open_reasoner(options.reasoner)
kinds = [(name, levels, wordings, "train") for wordings in ("train", "held_out") for name, levels in LEVELS.items()]
kinds += [(name, LEVELS[name], "train", "held_out") for name in ("level 2", "level 3")]
if options.only:
    kinds = [(options.only, LEVELS[options.only], "train", "train")]
scores, sureness = defaultdict(list), []
for seed in range(options.seed, options.seed + options.count):
    scene = (sample_scene if seed % 2 else sample_happening)(seed)
    twin = exact_twin(scene, render(scene))
    for kind in kinds:
        name, levels, wordings, combinations = kind
        tries = 200 if combinations == "train" else 2000
        drawn = draw_for_twin((seed,), twin, reasoner.language, levels, wordings, combinations, tries)
        if drawn is None:
            continue
        query, true = drawn
        plan = reasoner.plan(query.text, twin)
        match = match_plans(plan, true)
        scores[kind].append((match.edits, match.whole, plan.question is not None, plan.fallback is not None))
        sureness.append((plan.confidence, match.whole))
        if not match.whole and sum(not whole for _, whole, *_ in scores[kind]) <= options.wrong:
            calls = "; ".join(reasoner.language.print(call) for call in query.calls)
            print(
                f"{kind}: {query.text}\n  meant: {calls}\n  plan: {plan.fallback} {[s.instruction for s in plan.steps]}"
            )
rows = []
for (name, _, wordings, combinations), values in scores.items():
    words = {"train": "as learned", "held_out": "held out"}
    rows.append(
        [name, words[wordings], words[combinations], str(len(values)), *(f"{v:.3f}" for v in np.mean(values, 0))]
    )
print(markdown_table(["query", "wording", "relations", "n", "edits", "whole", "asks", "falls back"], rows))
confidence, right = np.array(sureness, float).T
print(f"ECE {calibration_error(confidence, right):.3f}, n {len(right)}")
