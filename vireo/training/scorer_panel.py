"""The package's rewards as a panel that post-trains an editor, one sample at a time in this process."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from vireo.errors import InputError
from vireo.judges.judge import Sample
from vireo.models.editors.viva import VireoPipeline
from vireo.rewards.evidence import Evidence, Networks
from vireo.rewards.registry import REWARDS
from vireo.rewards.scorer import Scorer, ScoringFailed, Undefined


class ScorerPanel:
    """Implements `group_rewards.Panel`. scorers: of one direction, more is better. networks: that they need."""

    def __init__(self, scorers: Sequence[Scorer], networks: Networks) -> None:
        self.scorers, self.networks = list(scorers), networks

    def score(self, samples: Sequence[Sample]) -> Mapping[str, np.ndarray]:
        """NaN where a reward is not defined for a sample, or failed."""
        found = {scorer.name: np.full(len(samples), np.nan) for scorer in self.scorers}
        for row, sample in enumerate(samples):
            evidence = Evidence(sample, self.networks)
            for scorer in self.scorers:
                try:
                    value = scorer(evidence)
                except ScoringFailed:
                    continue
                if not isinstance(value, Undefined):
                    found[scorer.name][row] = value if scorer.higher_is_better else -value
        return found


def open_panel(names: Iterable[str], pipe: VireoPipeline) -> ScorerPanel:
    """The rewards of these names, judged by a pipeline's own instructor, which training leaves as it is.

    Raises InputError for an unknown name, and for one that needs other networks.
    """
    networks, chosen = Networks(pipe.templated_instructor), []
    known = [name for name, scorer in REWARDS.items() if all(map(networks.has, scorer.networks))]
    for name in names:
        if name not in known:
            what = (
                f"the reward {name!r} needs networks that are not loaded" if name in REWARDS else f"no reward {name!r}"
            )
            raise InputError(what, f"choose from {', '.join(known)}")
        chosen.append(REWARDS[name])
    return ScorerPanel(chosen, networks)
