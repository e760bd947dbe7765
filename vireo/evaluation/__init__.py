"""How good is it: `runner` edits and scores a pair set, `benchmarks` runs sets without exact results, `report` sums up,
`comparison` tells two runs apart, `reward_lab` grades rewards and judges, `ablation` shows what each part of the recipe
brings, `study` asks people, `bench` times.
"""
