"""Training: one resumable loop, one file a stage, and `mini`, which runs all stages in order.

loop: steps, averaging, checkpoints, logs. checkpoint: state that survives kill -9. stages: vae, clip, vlm,
t2v, editor, on what `pair_sets` and `artifacts` hold. mini: from nothing to a folder that
`VireoPipeline.from_pretrained` loads.
"""
