"""Trains a preference head, the reward `preference`, on what exact results prefer; prints how often it is right.

    vireo world make PAIRS --count 400 --seed 930000 --families recolor,material,remove,add,replace,background,hybrid
    python examples/preference_head.py PAIRS HEAD      # the folder HEAD is what the setting `preference` names

Every fifth pair of the set is held out; the figure is of these. Vectors are by mini's instructor.
"""

import sys
from itertools import chain
from pathlib import Path

import numpy as np

from vireo.evaluation.reward_lab.preferences import draw_preferences, preference_set
from vireo.rewards.evidence import Networks
from vireo.runtime import pick_device
from vireo.training.export import save_model
from vireo.training.preference import pair_accuracy, train_preference_head

PER_PAIR = 24
"""Preferences that are drawn of each pair."""

pairs, out = Path(sys.argv[1]), Path(sys.argv[2])
networks = Networks.open(pick_device(), instructor="mini")
drawn = list(draw_preferences(pairs, PER_PAIR, np.random.default_rng(0)))
groups = [[group for number, group in enumerate(drawn) if (number % 5 == 0) is held] for held in (False, True)]
train, held_out = (preference_set(list(chain(*each)), networks) for each in groups)
head = train_preference_head(train)
save_model(out, head)
print(f"{len(train.texts)} preferences; right in {pair_accuracy(head, train):.3f}")
print(f"{len(held_out.texts)} of pairs held out; right in {pair_accuracy(head, held_out):.3f}")
