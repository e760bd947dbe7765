"""How pictures and words become one token sequence: templates, turns, and the critic's questions.

    head  image image ...  tail  the user's text     closing  answer mark   [the answer]
    └──── opening ──────┘  └───────────────── turn ─────────────────────┘

The pieces are tokenised one by one, so their borders are known exactly and nothing has to be searched for.
"""

from dataclasses import dataclass
from typing import Literal

from transformers import PreTrainedTokenizerFast

from vireo.models.tokenizer import marked_ids, plain_ids


@dataclass(frozen=True, kw_only=True)
class InstructorTemplate:
    """The chat format of an instructor and which of its states an editor reads (VIVA Eq. 1).

    head, tail: the system prompt before and after the pictures, and the start of the user's turn; cropped.
    lead: put before the user's text and before answers; mini has a space, so that a first word is the same
        token as elsewhere.
    fold: whether the user's text is normalised as mini's training texts are, see `folded`.
    closing: ends the user's turn; its states are kept.
    answer: opens the assistant's turn; cropped.
    layer: index into the hidden states; -1 is the last, after the final norm.
    interleave: every how many-th image token is kept; 2 as in diffusers' HunyuanVideo-I2V.
    max_length: most states of one instruction, image tokens included; longer instructions are cut.
    locates: whether the instructor has learned to answer WHERE.
    highlights: whether the critic is shown the edited picture as `vireo.models.instructor.states.highlighted` makes it.
    """

    head: str
    tail: str
    lead: str
    fold: bool
    closing: str
    answer: str
    layer: int
    interleave: int
    max_length: int
    locates: bool = False
    highlights: bool = False


QuestionKind = Literal["accuracy", "preservation", "naturalness", "realism", "overall"]

CRITIC_QUESTIONS: dict[QuestionKind, str] = {
    "accuracy": "does the second picture show this edit done right?",
    "preservation": "is everything else in the second picture unchanged?",
    "naturalness": "does the edit look natural, without ghosts?",
    "realism": "is the second picture clear, without blur or noise?",
    "overall": "is this a good edit in every way?",
}
"""ReViSE 4.2.2's four dimensions, and all of them at once; asked after the instruction, answered Yes or No."""

YES, NO = "Yes", "No"

FAULT = "what is wrong with this edit?"
"""Asked after the instruction; answered by one of `vireo.instruction_tuning.critic_candidates.DIAGNOSES`."""

CHANGES = "what was changed?"
"""Asked of a source and an edited picture without an instruction; answered by what was done, or NOTHING."""

NOTHING = "nothing"

WHERE = "where does it change?"
"""Asked after an instruction, answered by a place, EVERYWHERE, or NONE where the picture lacks what it names."""

NONE, EVERYWHERE = "none", "everywhere"

ZERO = "zero"
"""The answer to `how_many` where there are none."""


def how_many(what: str) -> str:
    """The question for the number of things; what: in the plural."""
    return f"how many {what} are there?"


def plural(shape: str) -> str:
    """Balls, cubes, boxes, ..."""
    return f"{shape}es" if shape.endswith("x") else f"{shape}s"


def opening_ids(
    tokenizer: PreTrainedTokenizerFast, template: InstructorTemplate, images: int, tokens_per_image: int, image_id: int
) -> list[int]:
    """Token ids of the head and of `images` pictures."""
    return marked_ids(tokenizer, template.head) + [image_id] * (images * tokens_per_image)


def turn_ids(tokenizer: PreTrainedTokenizerFast, template: InstructorTemplate, text: str) -> list[int]:
    """Token ids of a turn of the user, up to the place where the answer begins."""
    before, after = marked_ids(tokenizer, template.tail), marked_ids(tokenizer, template.closing + template.answer)
    return before + user_ids(tokenizer, template, text) + after


def user_ids(tokenizer: PreTrainedTokenizerFast, template: InstructorTemplate, text: str) -> list[int]:
    """Token ids of the user's text; none for an empty one."""
    text = folded(text) if template.fold else text.strip()
    return plain_ids(tokenizer, template.lead + text) if text else []


def answer_ids(tokenizer: PreTrainedTokenizerFast, template: InstructorTemplate, answer: str) -> list[int]:
    """Token ids of an answer, without an end mark."""
    return plain_ids(tokenizer, template.lead + answer)


def folded(text: str) -> str:
    """Lower case, single spaces (line breaks stay), no full stop or exclamation mark at the end of a line."""
    lines = [" ".join(line.split()).rstrip(".!").rstrip() for line in text.lower().strip().splitlines()]
    return "\n".join(line for line in lines if line)


def critic_text(instruction: str, kind: QuestionKind) -> str:
    """What the critic is asked about (source, edited) and an instruction."""
    return f"{instruction}\n{CRITIC_QUESTIONS[kind]}"
