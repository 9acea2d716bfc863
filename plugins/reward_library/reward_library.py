"""Reward terms that fit any environment. Runs in a job on a node; needs NumPy alone.

A term gets the step's values by name and its parameters by keyword, and answers one number a step.
The values are arrays of one shape; ``observation_vector`` and its like have one more axis, last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Values = Mapping[str, Array]


def survival(values: Values) -> Array:
    """1 for every step that does not end the episode by itself."""
    return 1.0 - values["terminated"]


def action_rate(values: Values) -> Array:
    """Squared change of the action since the step before, 0 in the first step of an episode."""
    change = values["action_vector"] - values["prev_action_vector"]
    return np.asarray(np.square(change).sum(axis=-1))


def effort(values: Values) -> Array:
    """Squared size of the action."""
    return np.asarray(np.square(values["action_vector"]).sum(axis=-1))


def within(values: Values, *, index: float, low: float, high: float, margin: float) -> Array:
    """1 while one observation lies within bounds, falling like a bell to 0.1 at the margin."""
    watched = values["observation_vector"][..., int(index)]
    outside = np.maximum(np.maximum(low - watched, watched - high), 0.0)
    if margin <= 0.0:
        return np.where(outside > 0.0, 0.0, 1.0)
    return np.asarray(np.exp(np.log(0.1) * np.square(outside / margin)))


def approach(values: Values, *, index: float, target: float, gamma: float) -> Array:
    """Shaping γΦ(s′) − Φ(s) with the potential Φ = −|observation − target|.

    It leaves the best policy as it is (Ng, Harada and Russell 1999), provided that γ is the
    learner's and that the potential of a terminal state is 0, which is seen to here.
    """
    before = -np.abs(values["prev_observation_vector"][..., int(index)] - target)
    after = -np.abs(values["observation_vector"][..., int(index)] - target)
    return np.asarray(gamma * after * (1.0 - values["terminated"]) - before)
