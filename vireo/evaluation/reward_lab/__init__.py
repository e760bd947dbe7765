"""The reward lab: how good is a judge?

corruptions.py  exact targets made worse in known ways
scorers.py      whatever offers itself as a reward
run.py          scores all of them on a pair set, resumable
statistics.py   what their scores say of them
"""
