"""What would be done to a clip, and what is seen in it, before a pixel changes."""

from dataclasses import dataclass
from pathlib import Path

from vireo.errors import InputError
from vireo.models.instructor.vocabulary import Vocabulary
from vireo.pipeline.planning import LONGEST_QUERY, Perceive, look_at, plan_edit
from vireo.reasoning.opening import NamedPerception, named_planner
from vireo.reasoning.plan import Plan
from vireo.reasoning.planner import Planner
from vireo.reasoning.twin import DigitalTwin
from vireo.video.io import VideoReader
from vireo.video.operations import OPERATIONS, read_operation


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """twin: None where nobody looks."""

    source: Path
    plan: Plan
    twin: DigitalTwin | None


def explain_video(
    source: str | Path,
    query: str,
    *,
    vocabulary: Vocabulary | None,
    planner: Planner | str | None = "mini",
    perceive: Perceive | str | None = "mini",
    twin: DigitalTwin | None = None,
) -> Explanation:
    """The plan of a query on a video file, and the clip's twin; nothing is edited.

    vocabulary: what the editor knows; None where it takes any words. planner: a reasoner; perceive: looks at the clip,
    where no twin is given; both by name or None, as in `edit_video`. Raises InputError for an empty query, one of more
    than 1000 letters, and a file that is no video.
    """
    if not query.strip() or len(query) > LONGEST_QUERY:
        what = f"the query has {len(query)} letters" if query.strip() else "the query is empty"
        raise InputError(what, f"say what is to be done, in at most {LONGEST_QUERY} letters")
    path = Path(source)
    with VideoReader(path):  # a file that is none is told before anything else
        pass
    if twin is None and perceive is not None:
        twin = look_at(path, NamedPerception(perceive) if isinstance(perceive, str) else perceive)
    name = read_operation(query)
    operation = None if name is None else OPERATIONS[name]
    plan, _ = plan_edit(query, "auto", vocabulary, operation, named_planner(planner, vocabulary), twin)
    assert plan is not None, "short enough"
    return Explanation(source=path, plan=plan, twin=twin)
