"""Sums per episode across blocks of steps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.runtime.rewards.function import RewardValues
from lepton_desktop.runtime.rewards.ledger import Ledger


def test_an_episode_is_summed_over_blocks_and_dummy_steps_are_left_out():
    ledger = Ledger(environments=2, terms=1)
    first = np.array([[1.0, 10.0], [2.0, 20.0]])
    valid = np.ones((2, 2), dtype=bool)
    ended = np.zeros((2, 2), dtype=bool)
    assert ledger.add(RewardValues(first, first[None] * 2), first * 3, ended, valid) == []
    second = np.array([[4.0, 40.0], [0.0, 80.0]])
    valid = np.array([[True, True], [False, True]])
    ended = np.array([[True, False], [False, True]])
    objective = np.where(valid, second * 3, 99.0)
    one, two = ledger.add(RewardValues(second, second[None] * 2), objective, ended, valid)
    assert (one.environment, one.length, one.total, one.objective) == (0, 3, 7.0, 21.0)
    assert one.terms.tolist() == [14.0]
    assert (two.environment, two.length, two.total, two.objective) == (1, 4, 150.0, 450.0)


@given(st.lists(st.tuples(st.floats(-10, 10), st.booleans()), min_size=1, max_size=30), st.data())
def test_how_the_steps_are_cut_into_blocks_does_not_matter(steps, data):
    rewards = np.array([[value] for value, _ in steps])
    ended = np.array([[end] for _, end in steps])
    valid = np.ones_like(ended)
    cut = data.draw(st.integers(0, len(steps)))

    def lengths(*blocks):
        ledger = Ledger(1, 0)
        found = []
        for block in blocks:
            if len(rewards[block]):
                values = RewardValues(rewards[block], np.zeros((0, *rewards[block].shape)))
                found += ledger.add(values, rewards[block], ended[block], valid[block])
        return [(episode.length, round(episode.total, 6)) for episode in found]

    whole = lengths(slice(None))
    assert lengths(slice(0, cut), slice(cut, None)) == whole
    assert len(whole) == ended.sum()
