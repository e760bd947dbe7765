"""Judges of edits. `critic`: the frozen instructor's Yes or No, differentiable (ReViSE 4.2.2); `presence`: whether a
picture shows what is named. `judge`: scores from 0 to 10 under a `rubric` (VIVA's, ReViSE's), by an endpoint
(`remote`), a chat model here (`local`) or the instructor itself (`own`). `reward`: what we recommend to train with.
"""
