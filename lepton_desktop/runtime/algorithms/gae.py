"""Generalised advantage estimation (Schulman et al. 2016, arXiv:1506.02438). Runs in a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Endings:
    """How the steps of a block ended; all of shape (steps, environments)."""

    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    """False for the dummy step between two episodes."""


def advantages(
    rewards: Array, values: Array, endings: Endings, gamma: float, gae_lambda: float
) -> Array:
    """Advantage of every step; dummy steps get 0.

    ``values`` has one row more than ``rewards``: row t + 1 values what step t led to, which is the
    last observation of its episode also when the episode ended there. A time limit therefore
    bootstraps from it, a termination does not, and nothing is carried over the end of an episode.
    """
    result = np.zeros_like(values[:-1])
    carried = np.zeros_like(values[0])
    goes_on = ~endings.terminated
    same_episode = ~(endings.terminated | endings.truncated)
    deltas = rewards + gamma * values[1:] * goes_on - values[:-1]
    for step in reversed(range(len(rewards))):
        carried = deltas[step] + gamma * gae_lambda * same_episode[step] * carried
        carried = np.where(endings.valid[step], carried, 0.0)
        result[step] = carried
    return result
