"""The reward lab: how good is a judge?

corruptions.py      exact targets made worse in known ways
partial_edits.py    hybrid edits of which a part was left out
candidate_clips.py  all clips of a pair that are compared
scorers.py          whatever offers itself as a reward
run.py              scores all of them on a pair set, resumable
statistics.py       what their scores say of them
preferences.py      which of two candidates is better, by exact truth: what a preference head learns from
"""
