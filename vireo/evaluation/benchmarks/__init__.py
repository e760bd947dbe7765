"""Published benchmarks, which have no exact results: `registry` lists them, a file each; `run` edits and scores
them."""
