"""Judges of edits. critic: the frozen instructor's Yes or No, differentiable (ReViSE 4.2.2)."""
