"""The critic part by part: an instruction that asks for several things is a checklist, and each of them is judged.

Asked about a whole hybrid instruction, mini's critic prefers the exact result to one with a part left out little more
often than chance; asked part by part it tells them apart. The geometric mean lets no part that was left out be bought
by the others.

Limits: only "accuracy" can be asked so; to "overall" and "preservation" the other parts are faults. A part is asked
about against the source, so that one that refers to the result of another ("make the ball blue, then the blue ball
bigger") is judged as if it stood alone.
"""

import numpy as np

from vireo.models.instructor.prompts import QuestionKind
from vireo.rewards.evidence import Evidence
from vireo.rewards.scorer import Scorer


def p_yes_by_part(evidence: Evidence, question: QuestionKind) -> float:
    """The geometric mean, 0..1, over the parts of the instruction of the critic's P("Yes") to a question about each; of
    an instruction of one part that part's."""
    chances = [evidence.p_yes(question, part) for part in evidence.parts]
    return float(np.prod(chances) ** (1 / len(chances)))


CHECKLIST = Scorer(name="checklist", score=lambda e: p_yes_by_part(e, "accuracy"), networks=("instructor",))
"""Whether each part was done right."""
