"""Rewards for post-training an editor, one file each: VIVA's `r_if`, `r_sp`, `r_ps` (Eq. 4-6), `preference` (a
PickScore-class one of our own), ReViSE's `critic`, part by part as `checklist`, `seen_change`, and `mix`, which we
recommend. `registry` lists them, `scorer` says what a reward is, `evidence` what it is given. Of trainings: `opening`
opens a `panel` of them by configuration, which may run in a process of its own (`panel_process`); `scores` is what it
says; `votes` are people's.
"""
