"""Edits a file, then a clip in memory.

python examples/edit_clip.py
"""

from pathlib import Path

import torch

from vireo import VireoPipeline, edit_video
from vireo.world.render import render
from vireo.world.sampling import sample_scene

here = Path(__file__).parent
pipe = VireoPipeline.from_pretrained("mini")

result = edit_video(
    here / "studio.mp4",
    "remove the blue cone",
    "edited.mp4",
    model=pipe,
    compare="edited.png",
    overwrite=True,
)
print(f"{result.output}: {result.frames} frames, {result.changed_fraction:.1%} of the pixels edited")

frames = render(sample_scene(950_171)).frames
edited = pipe("make it night", frames, generator=torch.Generator().manual_seed(0)).frames[0]
print(f"in memory: {edited.shape}, mean brightness {frames.mean() / 255:.2f} -> {edited.mean():.2f}")
