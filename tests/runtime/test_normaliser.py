"""Running mean and deviation, merged from parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.runtime.normaliser import LIMIT, Normaliser


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_parts_of_several_ranks_give_mean_and_deviation_of_all(seed, sizes):
    random = np.random.default_rng(seed)
    running = Normaliser(2, enabled=True)
    parts = []
    for size in sizes:
        ranks = [random.normal([3, -100], [1, 9], (size, 2)).astype(np.float32) for _ in "ab"]
        running.update(sum(running.moments(part, running.mean) for part in ranks))
        parts += ranks
    every = np.concatenate(parts).astype(np.float64)
    if len(every):
        assert running.count == len(every)
        assert running.mean == pytest.approx(every.mean(axis=0))
        variance = running.square_sum / running.count
        assert variance == pytest.approx(every.var(axis=0), abs=1e-6)


def test_observations_are_scaled_and_held():
    running = Normaliser(1, enabled=True)
    first = np.array([[1.0], [3.0]], dtype=np.float32)
    assert running(first) is first
    running.update(running.moments(first, running.mean))
    assert running(first).ravel().tolist() == pytest.approx([-1.0, 1.0])
    assert running(np.array([[1e9]], dtype=np.float32))[0, 0] == LIMIT


def test_switched_off_it_changes_nothing():
    plain = Normaliser(1, enabled=False)
    plain.update(np.array([2.0, 8.0, 40.0]))
    data = np.array([[5.0]], dtype=np.float32)
    assert plain(data) is data


def test_a_checkpoint_keeps_it():
    running = Normaliser(2, enabled=True)
    data = np.arange(10, dtype=np.float32).reshape(5, 2)
    running.update(running.moments(data, running.mean))
    restored = Normaliser.from_state(running.state())
    assert (restored(data) == running(data)).all()
