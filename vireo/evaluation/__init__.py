"""How good is it.

runner.py       edits and scores a pair set (config.py says what and how, workers.py the work, records.py what is kept)
benchmarks/     published benchmarks, which have no exact results
measures.py     what is measured without an exact result
report/         sums up;  comparison.py tells two runs apart
reward_lab/     compares rewards, metrics and judges on edits of known quality
ablation/       what each part of VIVA's recipe brings;  study/ asks people;  bench.py times
"""
