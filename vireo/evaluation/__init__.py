"""How good is it: `runner` edits and scores a pair set (`truths` loads a pair, `records` keeps what is done,
`report` sums up, `page` and `sheets` show it), `comparison` tells two apart, `bench` times it, `machine` says what it runs on.
"""
