"""Sums per episode: return, length, objective and every reward term. Runs in a job on a node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lepton_desktop.runtime.rewards.function import RewardValues


@dataclass(frozen=True)
class Episode:
    """One finished episode."""

    environment: int
    """Index of the copy that it ran in."""
    length: int
    total: float
    """Return of the designed reward."""
    objective: float
    """Return of the environment's own reward."""
    terms: NDArray[np.float64]


class Ledger:
    """Carries unfinished episodes from one block of steps to the next."""

    def __init__(self, environments: int, terms: int) -> None:
        self._sums = np.zeros((terms + 2, environments))
        self._lengths = np.zeros(environments, dtype=np.int64)

    def add(
        self,
        reward: RewardValues,
        objective: NDArray[np.float64],
        ended: NDArray[np.bool_],
        valid: NDArray[np.bool_],
    ) -> list[Episode]:
        """Account for a block of shape (steps, environments); the episodes that ended in it."""
        rows = np.concatenate([reward.total[None], objective[None] * valid, reward.terms])
        finished: list[Episode] = []
        for step in range(valid.shape[0]):
            self._sums += rows[:, step]
            self._lengths += valid[step]
            finished += [self._close(int(index)) for index in np.flatnonzero(ended[step])]
        return finished

    def _close(self, index: int) -> Episode:
        sums = self._sums[:, index].copy()
        length = int(self._lengths[index])
        self._sums[:, index] = 0.0
        self._lengths[index] = 0
        return Episode(index, length, float(sums[0]), float(sums[1]), sums[2:])
