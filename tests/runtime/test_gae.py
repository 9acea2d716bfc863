"""Advantages against their definition, summed step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.runtime.algorithms.gae import Endings, advantages


def direct(rewards, values, endings, gamma, gae_lambda):
    """The sum of (γλ)^l δ_{t+l} to the end of the episode, in O(n²)."""
    steps, count = rewards.shape
    result = np.zeros((steps, count))
    for column in range(count):
        for start in range(steps):
            if not endings.valid[start, column]:
                continue
            factor = 1.0
            for step in range(start, steps):
                bootstrap = 0.0 if endings.terminated[step, column] else values[step + 1, column]
                delta = rewards[step, column] + gamma * bootstrap - values[step, column]
                result[start, column] += factor * delta
                if endings.terminated[step, column] or endings.truncated[step, column]:
                    break
                factor *= gamma * gae_lambda
    return result


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 3))
def test_advantages_equal_the_direct_sum(seed, steps, count):
    random = np.random.default_rng(seed)
    kind = random.integers(0, 6, (steps, count))
    valid = np.ones((steps, count), dtype=bool)
    for step in range(1, steps):
        after_end = np.isin(kind[step - 1], (0, 1)) & valid[step - 1]
        valid[step] = ~after_end
        kind[step][after_end] = 5
    endings = Endings(kind == 0, kind == 1, valid)
    rewards = np.where(valid, random.normal(size=(steps, count)), 0.0)
    values = random.normal(size=(steps + 1, count))
    found = advantages(rewards, values, endings, 0.9, 0.8)
    assert found == pytest.approx(direct(rewards, values, endings, 0.9, 0.8))


def test_a_time_limit_bootstraps_and_a_termination_does_not():
    one = np.ones((1, 1))
    values = np.array([[0.0], [10.0]])
    yes, no = np.array([[True]]), np.array([[False]])
    terminated = advantages(one, values, Endings(yes, no, yes), 0.9, 0.95)
    truncated = advantages(one, values, Endings(no, yes, yes), 0.9, 0.95)
    assert terminated[0, 0] == pytest.approx(1.0)
    assert truncated[0, 0] == pytest.approx(10.0)
