"""How good is it: `runner` edits and scores a pair set, `published` a benchmark without exact results (`five`: FiVE's
own figures), `report` sums up, `comparison` tells two runs apart, `lab` grades rewards and judges, `ladder` shows what
each part of the recipe brings, `study` asks people, `bench` times.
"""
