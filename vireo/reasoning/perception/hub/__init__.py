"""Perception of any footage by published models: a detector finds what nouns name, a segmenter follows it, depth and
attributes are read where there are models for them.

`presets` says which checkpoints, under which licences; `parts` what a part is, and a file each implements one:
`detector` (Grounding DINO, OWLv2), `segmenter` (SAM 2), `depth` (Depth Anything), `reader` (a vision-language model).
`following` makes objects of detections and masks, `looks` their tracks, `backend` the twin.
"""
