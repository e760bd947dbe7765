"""From who beat whom to how strong each one is."""

import numpy as np

PRIOR = 0.1
"""Ties that every two methods are taken to have had beforehand, so that who never lost is not infinitely strong."""


def bradley_terry(wins: np.ndarray, prior: float = PRIOR, tolerance: float = 1e-10) -> np.ndarray:
    """Strengths (n,) on a logarithmic scale with mean 0: i beats j with probability 1 / (1 + exp(s_j - s_i)).

    wins: (n, n), how often i beat j; a tie is half a win for both. Bradley and Terry (1952), by Hunter's MM algorithm
    (2004), which always converges.
    """
    wins = np.asarray(wins, np.float64) + prior / 2 * (1 - np.eye(len(wins)))
    games, won = wins + wins.T, wins.sum(1)
    strength = np.ones(len(wins))
    while True:
        against = games / (strength[:, None] + strength[None])
        np.fill_diagonal(against, 0)
        new = won / against.sum(1)
        new /= np.exp(np.log(new).mean())
        if np.abs(np.log(new / strength)).max() < tolerance:
            return np.log(new)
        strength = new
