"""What becomes of everyday instructions on clips that are not the studio's: carried out, or left alone with a reason.

The full table, as in README: pytest -s tests/pipeline/test_everyday.py --everyday
"""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from everyday_instructions import (
    BY_SHAPE_ALONE,
    FOREIGN_WORDS,
    HALF_UNDERSTOOD,
    MISSPELT,
    NEGATIONS_AND_NONSENSE,
    OTHER_LANGUAGES,
    UNDERSTOOD,
)
from photographs import footage
from procedural import procedural_clips

from vireo.models.editors.opening import open_editor
from vireo.pipeline.execute import execute_frames
from vireo.pipeline.planning import plan_clip
from vireo.pipeline.stream import edit_frames
from vireo.reasoning.opening import NamedPerception, named_planner
from vireo.types import EditRequest, EditSettings

CLIPS = {name: clip for name, clip in footage().items() if name in ("astronaut", "coffee", "rocket", "screen")}
CLIPS |= {name: np.repeat(clip, 3, axis=0) for name, clip in procedural_clips().items() if "pale" not in name}
KINDS = {
    "foreign words": [text for text, _ in FOREIGN_WORDS],
    "other languages": OTHER_LANGUAGES,
    "negations, nonsense": NEGATIONS_AND_NONSENSE,
    "half understood": HALF_UNDERSTOOD,
    "misspelt": [text for text, *_ in MISSPELT],
    "absent, by shape alone": [text for text, _ in BY_SHAPE_ALONE],
    "understood": [text for text, _ in UNDERSTOOD],
}

PLANNED = ("paint the cube turquoise", "make it look like a van gogh")
"""Words that the reasoner has learned as implicit names of a colour (cyan) and a style (an oil painting)."""


@pytest.fixture(scope="module")
def editor():
    return open_editor("mini")


def edited_by_default(editor, planner, perceive, clip, request):
    """A clip as `vireo edit` edits it, and the notes."""
    execution = plan_clip(editor, request, "auto", clip, Fraction(8), planner, perceive)
    if execution is None:
        result = edit_frames(editor, clip, request)
        return result.edited, result.notes
    made = execute_frames(execution, clip, Fraction(8), request)
    return made.edited, [note for step in made.steps for note in step.notes]


def test_nothing_is_garbled_silently(editor, pytestconfig):
    planner, perceive = named_planner("mini", editor.facts.vocabulary), NamedPerception("mini")
    every = pytestconfig.getoption("everyday")
    table = []
    for kind, texts in KINDS.items():
        outcomes = []
        chosen = texts if every else texts[:: max(1, len(texts) // 3)]
        names = itertools.cycle(CLIPS)
        for text in chosen:
            name = next(names)
            request = EditRequest(instruction=text, settings=EditSettings(executor="auto"))
            edited, notes = edited_by_default(editor, planner, perceive, CLIPS[name], request)
            changed = (edited != CLIPS[name]).any(-1).mean()
            outcomes.append("alone" if changed == 0 else "noted" if notes else "edited")
            assert changed or notes, f"{text!r} on {name} did nothing and said nothing"
            if kind == "understood":
                assert "know" not in " ".join(notes), f"{text!r} was not read: {notes}"
            elif text in PLANNED:
                assert outcomes[-1] != "edited", f"{text!r} on {name} was carried out without a note"
            else:
                assert outcomes[-1] == "alone", f"{text!r} on {name} was carried out: {notes}"
        counts = {each: outcomes.count(each) for each in ("alone", "noted", "edited")}
        table.append(f"{kind:24} {len(chosen):3} {counts}")
    print("\n" + "\n".join(table))
