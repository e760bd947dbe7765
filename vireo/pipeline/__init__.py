"""From a window to a file: `stream` (frames of any size and number in windows), `slow_motion` and `crops` (what the
model is shown), `compositing` (the result put on the source), `clip_edit` (a clip's frames, by `model_edit` or by
`exact`, which needs no model), `edit` (a video file in, a video file out).
"""
