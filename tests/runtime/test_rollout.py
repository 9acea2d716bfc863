"""Blocks of experience: what is valid, what was before, what a formula may read."""

from __future__ import annotations

import numpy as np
import pytest

from lepton_desktop.runtime.environments import Environments
from lepton_desktop.runtime.normaliser import Normaliser
from lepton_desktop.runtime.policy import Policy
from lepton_desktop.runtime.rollout import Collector
from lepton_desktop.specs import EnvironmentSpec, reward_variables
from tests.runtime.conftest import annotation


def collector(name="CartPole-v1", count=3, limit=None):
    environments = Environments(EnvironmentSpec(name, max_episode_steps=limit), count)
    policy = Policy(environments.observation_size, environments.actions, [8], seed=1)
    return Collector(environments, seed=5), policy.actor(), environments


def test_steps_are_numbered_and_dummy_steps_are_not_valid():
    source, actor, environments = collector("MountainCar-v0", 2, limit=4)
    plain = Normaliser(environments.observation_size, enabled=False)
    blocks = [source.collect(actor, plain, 3) for _ in range(4)]
    valid = np.concatenate([block.valid for block in blocks])[:, 0]
    indices = np.concatenate([block.indices for block in blocks])[:, 0]
    assert valid.tolist() == [True] * 4 + [False] + [True] * 4 + [False] + [True] * 2
    assert indices[valid].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    ended = np.concatenate([block.ended for block in blocks])[:, 0]
    assert np.flatnonzero(ended).tolist() == [3, 8]


def test_blocks_join_without_a_gap():
    source, actor, environments = collector()
    plain = Normaliser(environments.observation_size, enabled=False)
    first, second = source.collect(actor, plain, 5), source.collect(actor, plain, 5)
    assert (first.observations[-1] == second.observations[0]).all()
    later = second.indices[0] > 0
    assert (second.previous_applied[0][later] == first.applied[-1][later]).all()


def test_the_action_before_the_first_is_the_first_itself():
    source, actor, environments = collector()
    plain = Normaliser(environments.observation_size, enabled=False)
    block = source.collect(actor, plain, 60)
    first = block.indices == 0
    assert (block.previous_applied[first] == block.applied[first]).all()
    shifted = block.applied[:-1][~first[1:]]
    assert (block.previous_applied[1:][~first[1:]] == shifted).all()


def test_a_formula_can_read_what_the_check_allows():
    environments = Environments(annotation("CartPole-v1"), 2)
    policy = Policy(4, environments.actions, [8], seed=1)
    block = Collector(environments, 1).collect(policy.actor(), Normaliser(4, enabled=False), 4)
    values = block.variables(environments.spec)
    assert set(reward_variables(environments.spec)) - {"pi"} <= set(values)
    assert values["pole_angle"] == pytest.approx(block.observations[1:, :, 2])
    assert values["prev_pole_angle"] == pytest.approx(block.observations[:-1, :, 2])
    assert values["push"] == pytest.approx(block.actions)


def test_collecting_is_reproducible_and_deterministic_acting_uses_no_chance():
    runs = []
    for _ in range(2):
        source, actor, _ = collector()
        runs.append(source.collect(actor, Normaliser(4, enabled=False), 40))
    assert (runs[0].observations == runs[1].observations).all()
    source, actor, _ = collector()
    state = source.generator.bit_generator.state
    block = source.collect(actor, Normaliser(4, enabled=False), 10, deterministic=True)
    assert source.generator.bit_generator.state == state
    assert (block.actions == actor.mode(block.observations[:-1])).all()
