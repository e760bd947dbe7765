"""What `success` accepts of exact results and of edits that are wrong in a known way, on any pair set.

    vireo world make PAIRS --count 400 --seed 930000
    python examples/score_limits.py PAIRS
    python examples/score_limits.py PAIRS mini      # also the targets through this model's autoencoder and back

Prints for each kind of clip the share that `success` accepts, and `success_loose`, with 95 % intervals, and the same by
family. Pairs of absent objects are left out.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.report.tables import figure, markdown_table
from vireo.evaluation.reward_lab.corruptions import DECEPTIONS
from vireo.metrics.significance import as_dict, mean_interval
from vireo.metrics.truth import EditScore, dilated
from vireo.models.editors.opening import open_editor
from vireo.pairs.format import read_pairs
from vireo.video.geometry import to_uint8

folder, editor = Path(sys.argv[1]), open_editor(sys.argv[2]) if len(sys.argv) > 2 else None
scores: dict[str, dict[str, list[EditScore]]] = defaultdict(lambda: defaultdict(list))
for pair in read_pairs(folder):
    if pair.family == "absent":
        continue
    clips = load_pair_clips(folder, pair)
    made = {"exact target": clips.target}
    if editor is not None and (rebuilt := editor.reconstruct(clips.target)) is not None:
        made["oracle_vae"] = to_uint8(rebuilt.frames)
        inside = dilated(clips.mask)[..., None]
        made["oracle_vae, composited"] = np.where(inside, made["oracle_vae"], clips.source)
    for kind, (corrupt, strength) in DECEPTIONS.items():
        if "removals" not in kind or pair.family == "remove":
            clip = corrupt(clips, clips, strength)
            if clip is not None and (clip != clips.target).any():
                made[kind] = clip
    for kind, clip in made.items():
        scores[kind][pair.family].append(clips.score(clip, pair.family))

families = list(scores["exact target"])
rows = []
for kind, by_family in scores.items():
    found = [score for group in by_family.values() for score in group]
    rates = [as_dict(mean_interval([getattr(s, name) for s in found])) for name in ("success", "success_loose")]
    shares = [sum(s.success for s in group) / len(group) if (group := by_family[f]) else None for f in families]
    cells = ["-" if share is None else f"{share:.2f}" for share in shares]
    rows.append([kind, str(len(found)), *(figure(rate, 3) for rate in rates), *cells])
print(markdown_table(["clips", "n", "success", "success_loose", *families], rows))
