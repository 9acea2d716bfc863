"""The reward library's terms on arrays."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from lepton_desktop.settings import plugins_folder


@pytest.fixture
def library(monkeypatch):
    monkeypatch.syspath_prepend(str(plugins_folder() / "reward_library"))
    return importlib.import_module("reward_library")


def steps(before, after, action=0.0, previous=0.0, terminated=0.0):
    shape = np.shape(after)
    return {
        "prev_observation_vector": np.array(before, dtype=float)[..., None],
        "observation_vector": np.array(after, dtype=float)[..., None],
        "action_vector": np.broadcast_to(action, shape)[..., None],
        "prev_action_vector": np.broadcast_to(previous, shape)[..., None],
        "terminated": np.broadcast_to(terminated, shape),
    }


def test_survival_action_rate_and_effort(library):
    values = steps([[0.0, 0.0]], [[1.0, 1.0]], action=3.0, previous=1.0, terminated=[0.0, 1.0])
    assert library.survival(values).tolist() == [[1.0, 0.0]]
    assert library.action_rate(values).tolist() == [[4.0, 4.0]]
    assert library.effort(values).tolist() == [[9.0, 9.0]]


def test_within_is_one_inside_and_a_tenth_at_the_margin(library):
    values = steps([0.0] * 4, [-0.5, 0.0, 1.5, 9.0])
    bounds = {"index": 0, "low": -0.5, "high": 0.5}
    assert library.within(values, margin=1.0, **bounds)[:3] == pytest.approx([1.0, 1.0, 0.1])
    assert library.within(values, margin=0.0, **bounds).tolist() == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("gamma", [0.9, 0.99])
def test_shaping_changes_every_return_from_a_state_by_the_same_amount(library, gamma):
    """Discounted shaping over an episode telescopes to −Φ(start), whatever the way."""
    random = np.random.default_rng(0)
    for _ in range(5):
        track = np.concatenate([[2.0], random.normal(size=int(random.integers(3, 30)))])
        values = steps(
            track[:-1], track[1:], terminated=np.arange(len(track) - 1) == len(track) - 2
        )
        shaped = library.approach(values, index=0, target=0.5, gamma=gamma)
        total = (shaped * gamma ** np.arange(len(shaped))).sum()
        assert total == pytest.approx(1.5)
