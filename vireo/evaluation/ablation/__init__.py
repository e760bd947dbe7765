"""The ladder: what each part of VIVA's recipe brings, at one small equal budget, over seeds (VIVA, Table 2).

variants.py  what is compared
run.py       trains and scores it
table.py     the table

Between variants everything else is the same: the text-to-video base, the pairs, the steps, the noise of each seed.
Departures: mini instead of 13 B parameters, our studio, exact scores instead of a judge. E comes with Edit-GRPO.
"""
