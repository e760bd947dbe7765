"""Rewards for post-training an editor, one file each: VIVA's `r_if`, `r_sp`, `r_ps` (Eq. 4-6), ReViSE's `critic`,
`seen_change`, and `mix`, which we recommend. `registry` lists them, `scorer` says what a reward is, `evidence` what it
is given.
"""
