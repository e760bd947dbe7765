"""Training: one resumable loop, one file a stage, and `mini`, which runs all stages in order.

stage: what a stage is. loop: steps, logs, time. optimizers, moving_average, checkpoint: what a run carries from step to
step, and across kill -9. acceleration, memory: what makes steps fast. stages: vae, clip, vlm, t2v, editor, on what
`pair_sets` and `artifacts` hold. rollout, reward_advantages, edit_objectives, audit, lora: what `stages.edit_grpo`
learns by. mini: from nothing to a folder that `VireoPipeline.from_pretrained` loads.
"""
