"""The source carries a text or logo; the target is the clip without it."""

import numpy as np

from vireo.world import palette
from vireo.world.appearance import pick
from vireo.world.families.record import Change, EditFacts, Family, Situation, Topic
from vireo.world.scene import MarkKind, Scene, Vector, Watermark

_PLACES = ((0.2, 0.1), (0.8, 0.1), (0.2, 0.92), (0.8, 0.92), (0.5, 0.1), (0.5, 0.92), (0.5, 0.5))
_COLORS: tuple[Vector, ...] = ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.05, 0.05, 0.05), (1.0, 0.9, 0.2))


def _propose(now: Situation, rng: np.random.Generator) -> Change | None:
    kind: MarkKind = "text" if rng.random() < 0.6 else "logo"
    across, down = np.round(np.array(pick(rng, _PLACES)) + rng.uniform(-0.06, 0.06, 2), 3)
    mark = Watermark(
        kind=kind,
        text=pick(rng, palette.WATERMARK_TEXTS if kind == "text" else palette.LOGOS),
        place=(float(across), float(down)),
        color=pick(rng, _COLORS),
        opacity=round(float(rng.uniform(0.6, 0.95)), 2),
    )
    return Change(
        "watermark",
        {"mark": pick(rng, ["watermark", kind])},
        lambda scene: scene.model_copy(update={"watermark": None}),
        alter_source=lambda scene: scene.model_copy(update={"watermark": mark}),
    )


def _read_facts(source: Scene, target: Scene, objects: tuple[int, ...]) -> EditFacts:
    assert source.watermark is not None, "the source has no watermark"
    return EditFacts("watermark", value=source.watermark.kind)


_WATERMARK = Topic(
    name="watermark",
    plain=("remove the {mark}", "erase the {mark}"),
    train=(
        "delete the {mark} from the video",
        "take the {mark} away",
        "get rid of the {mark}",
        "the {mark} should be gone",
        "please clear the {mark} from the picture",
        "make the {mark} disappear",
        "i want the video without the {mark}",
    ),
    test=(
        "please remove the {mark} from the clip",
        "the {mark} should disappear",
        "please take the {mark} out of the picture",
        "i want the {mark} to be gone",
    ),
    value_slot="mark",
)

FAMILY = Family(
    name="watermark",
    propose=_propose,
    topics=(_WATERMARK,),
    read_facts=_read_facts,
    on_footage=True,
    any_size=False,
    moves_with_scene=False,
    keeps_geometry=True,
)
