"""Judges of edits. `critic`: the frozen instructor's Yes or No, differentiable (ReViSE 4.2.2); `presence`: whether a
picture shows what is named. `judge`: scores under a `rubric` (VIVA's, ReViSE's, EditVerse's), by the instructor itself
(`own`) or any `chat` model, behind an endpoint (`remote`) or here (`local`); `questions`: what such a model answers
about a clip (FiVE). `reward`: what we recommend to train with.
"""
