"""Wan's video-to-video pipeline as an editor: it is told what the result shows, not what to change."""

from pathlib import Path

import torch

from vireo.models.editors.protocol import Editor, EditorFacts

WAN_FACTS = EditorFacts(
    name="wan",
    frame_size=(480, 832),
    size_multiple=16,
    window_frames=81,
    temporal_stride=4,
    overlap=4,
    language="caption",
    weights="bfloat16",
    steps=50,
    guidance=5.0,
)
"""Size, length, steps and guidance of diffusers' documentation of the 1.3 billion parameter model."""


def open_wan(folder: Path, dtype: torch.dtype) -> Editor:
    """An `Adapter`; see `models.editors.opening`."""
    from diffusers.pipelines.wan.pipeline_wan_video2video import WanVideoToVideoPipeline

    from vireo.models.editors.diffusers_editor import DiffusersEditor

    return DiffusersEditor.from_pretrained(WanVideoToVideoPipeline, folder, WAN_FACTS, dtype, strength=0.8)
