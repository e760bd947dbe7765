"""Edits: of one window by the model (`pipeline`), of frames of any size and number (`frames`, with `views`, `motion`
and `low`), of a file (`edit`).
"""
