"""How good is it: `runner` edits and scores a pair set (`truths` loads a pair, `records` keeps what is done,
`report` sums up, `page` and `sheets` show it, `judged` asks judges), `comparison` tells two runs apart, `lab` grades
rewards and judges on `corruptions`, `bench` times, `machine` says what it all runs on.
"""
