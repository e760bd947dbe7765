"""Judges of edits: scores under a `rubric` (VIVA's, ReViSE's, EditVerse's), by the instructor (`instructor_judge`) or
any chat model (`chat_model`), behind an endpoint (`remote`) or here (`local`); `registry` opens them by their address.
`five_acc`: what a chat model answers about a clip (FiVE).
"""
