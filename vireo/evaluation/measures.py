"""What is measured of an edited clip without its exact result: the papers' automatic columns.

TF, MS          temporal flickering and motion smoothness, 0..1; need no backbone
SC              VBench's subject consistency, 0..1 (`dino`), in ReViSE's Table 1
BC              VBench's background consistency, 0..1 (`clip-b`), in ReViSE's Table 1
DINO-T, CLIP-T  mean cosine of neighbouring frames, not below 0, times 100 (`dinov2`, `clip`); EditVerse, as VIVA's
                Table 1 is read
Frame-Text      mean cosine of frames and the caption of the target, times 100: -100..100, in practice about 25 (`clip`)
Reference       mean cosine of frames and the reference image, times 100: -100..100 (`clip`)
PickScore       mean cosine of frames and the caption of the target times that model's scale, about 20 (`pick`)
Video-Text      cosine of clip and caption, times 100: -100..100, in practice about 23 (`viclip`), in EditVerse and
                VIVA's Table 1
OC              the same cosine of other frames of the clip, -1..1: VBench's overall consistency (`viclip`)

Backbones are those of `vireo.models.backbones.registry`; `dino8` and `lpips` are for FiVE (`benchmarks.five`).

The consistencies, flickering and smoothness are highest where nothing happens at all: compare them with those of the
source before believing a gain.
"""

from collections.abc import Callable, Mapping
from typing import Any

from vireo.judges.judge import Sample
from vireo.metrics.consistency import frame_consistency, motion_smoothness, neighbour_consistency, temporal_flickering
from vireo.models.backbones.registry import Backbones
from vireo.models.backbones.viclip import middle_places, spread_places
from vireo.rewards.evidence import Evidence, Networks
from vireo.rewards.scorer import Scorer, computable, score_sample


def _clip_t(evidence: Evidence) -> float:
    vectors = evidence.networks.backbones["clip"].unprojected(list(evidence.sample.edited))
    return 100 * neighbour_consistency(vectors)


def _frame_text(evidence: Evidence, backbone: str) -> float:
    """Mean cosine of the edited frames and the caption of the target."""
    caption = evidence.text(backbone, evidence.sample.target_caption)
    return float((evidence.images(backbone, "edited") @ caption).mean())


def _reference(evidence: Evidence) -> float:
    (vector,) = evidence.networks.backbones["clip"].pictures([evidence.sample.reference])
    return 100 * float((evidence.images("clip", "edited") @ vector).mean())


def _viclip(evidence: Evidence, places: Callable[[int, int], list[int]]) -> float:
    """Cosine of the caption of the target and the edited frames at these places, of so many frames so many."""
    viclip, edited = evidence.networks.backbones["viclip"], evidence.sample.edited
    frames = edited[places(len(edited), viclip.frames)]
    return float(viclip.clip(frames) @ viclip.text(evidence.sample.target_caption))


MEASURES: tuple[Scorer, ...] = (
    Scorer(name="TF", score=lambda e: temporal_flickering(e.sample.edited)),
    Scorer(name="MS", score=lambda e: motion_smoothness(e.sample.edited)),
    Scorer(name="SC", score=lambda e: frame_consistency(e.images("dino", "edited")), networks=("dino",)),
    Scorer(name="BC", score=lambda e: frame_consistency(e.images("clip-b", "edited")), networks=("clip-b",)),
    Scorer(
        name="DINO-T", score=lambda e: 100 * neighbour_consistency(e.images("dinov2", "edited")), networks=("dinov2",)
    ),
    Scorer(name="CLIP-T", score=_clip_t, networks=("clip",)),
    Scorer(
        name="Frame-Text",
        score=lambda e: 100 * _frame_text(e, "clip"),
        networks=("clip",),
        inputs=("target_caption",),
    ),
    Scorer(name="Reference", score=_reference, networks=("clip",), inputs=("reference",)),
    Scorer(
        name="PickScore",
        score=lambda e: e.networks.backbones["pick"].scale * _frame_text(e, "pick"),
        networks=("pick",),
        inputs=("target_caption",),
    ),
    Scorer(
        name="Video-Text",
        score=lambda e: 100 * _viclip(e, spread_places),
        networks=("viclip",),
        inputs=("target_caption",),
    ),
    Scorer(name="OC", score=lambda e: _viclip(e, middle_places), networks=("viclip",), inputs=("target_caption",)),
)


class Measures:
    """Those of MEASURES that the given backbones allow.

    backbones: as in `Backbones.open`, which raises InputError and ModelError. `settings` name them, for keys and
    reports.
    """

    def __init__(self, backbones: Mapping[str, str]) -> None:
        self.backbones = Backbones.open(backbones)
        self.networks = Networks(backbones=self.backbones.models)
        self.settings: dict[str, Any] = {"backbones": self.backbones.ids} if self.backbones.ids else {}
        self._scorers = computable(MEASURES, self.networks)

    def __call__(self, sample: Sample) -> dict[str, float]:
        """By name; what is not defined for this sample is left out."""
        values = score_sample(self._scorers, sample, self.networks)
        return {name: value for name, value in values.items() if isinstance(value, float)}
