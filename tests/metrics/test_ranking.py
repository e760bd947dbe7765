import numpy as np
import pytest
from scipy.optimize import minimize

from vireo.metrics.ranking import PRIOR, bradley_terry


def test_two_methods_in_closed_form():
    """The odds of winning, with the prior's half tie on both sides."""
    strengths = bradley_terry(np.array([[0, 30], [10, 0]]))
    assert strengths[0] - strengths[1] == pytest.approx(np.log((30 + PRIOR / 2) / (10 + PRIOR / 2)))
    assert strengths.sum() == pytest.approx(0)


def test_it_is_the_most_likely_one():
    wins = np.array([[0, 8, 5.5, 9], [4, 0, 6, 3], [6.5, 2, 0, 7], [1, 5, 2, 0]])

    def unlikely(strengths):
        gaps = strengths[:, None] - strengths[None]
        return (wins * np.log1p(np.exp(-gaps)))[~np.eye(4, dtype=bool)].sum()

    best = minimize(unlikely, np.zeros(4), tol=1e-12).x
    assert bradley_terry(wins, prior=0) == pytest.approx(best - best.mean(), abs=1e-5)


def test_who_never_lost_is_strong_but_not_infinitely():
    strengths = bradley_terry(np.array([[0, 20, 20], [0, 0, 10], [0, 10, 0]]))
    assert strengths[0] > strengths[1] == pytest.approx(strengths[2])
    assert np.isfinite(strengths).all()
