"""Editors that are bad in a known way, as folders of clips for `vireo lab --outputs` and `vireo eval --videos`.

    vireo eval PAIRS --model mini --out runs/mini-on-it --keep
    python examples/weak_editors.py PAIRS runs/mini-on-it/clips runs/weak

nothing: the source as it is. half: an edit faded half way back to the source. blurred: an edit out of focus.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from vireo.evaluation.pair_clips import load_pair_clips
from vireo.evaluation.reward_lab.corruptions import CORRUPTIONS
from vireo.pairs.format import read_pairs
from vireo.video.io import read_clip, write_lossless

pairs, clips, out = (Path(argument) for argument in sys.argv[1:4])
for pair in read_pairs(pairs):
    if not (clips / f"{pair.id}.mkv").is_file():
        continue
    truth, edited = load_pair_clips(pairs, pair), read_clip(clips / f"{pair.id}.mkv").frames
    half = np.round((truth.source.astype(np.float32) + edited) / 2).astype(np.uint8)
    blurred = CORRUPTIONS["blur"](replace(truth, target=edited), truth, 0.5)
    for name, made in (("nothing", truth.source), ("half", half), ("blurred", blurred)):
        (out / name).mkdir(parents=True, exist_ok=True)
        write_lossless(out / name / f"{pair.id}.mkv", made, truth.fps)
