"""Environments with named variables: annotations against gymnasium, dummy steps marked."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.actor import Actor
from lepton_desktop.runtime.entries import add_plugin_folders
from lepton_desktop.runtime.environments import Environments
from lepton_desktop.settings import resources_folder
from lepton_desktop.specs import EnvironmentSpec, VariableSpec
from tests.runtime.conftest import annotation, plugin_environment

# Box2D's SWIG types lack __module__; as an error, that warning crashes the import of its C module.
pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")

ANNOTATED = sorted(path.stem for path in (resources_folder() / "environments").glob("*.toml"))


@pytest.mark.parametrize("name", ANNOTATED)
def test_an_annotation_says_what_gymnasium_says(name):
    spec, registered = annotation(name), gymnasium.spec(name)
    assert spec.id == name
    assert spec.max_episode_steps == registered.max_episode_steps
    assert spec.reward_threshold == registered.reward_threshold
    environments = Environments(spec, 2)
    try:
        assert environments.spec == spec
        space = environments._vector.single_observation_space
        check_bounds(spec.observation, space.low, space.high)
        if not environments.actions.discrete:
            check_bounds(spec.action, environments.actions.low, environments.actions.high)
        assert environments.reset(3).shape == (2, len(spec.observation))
    finally:
        environments.close()


def check_bounds(variables, lows, highs):
    for variable, low, high in zip(variables, lows, highs, strict=True):
        assert variable.meaning
        assert variable.low == (pytest.approx(low, rel=1e-5) if np.isfinite(low) else None)
        assert variable.high == (pytest.approx(high, rel=1e-5) if np.isfinite(high) else None)


@pytest.mark.parametrize(
    ("name", "observation", "action"),
    [
        ("CartPole-v1", ["obs_0", "obs_1", "obs_2", "obs_3"], ["action"]),
        ("BipedalWalker-v3", [f"obs_{i}" for i in range(24)], [f"action_{i}" for i in range(4)]),
    ],
)
def test_variables_without_annotation_get_numbers(name, observation, action):
    environments = Environments(EnvironmentSpec(name), 1)
    environments.close()
    assert [variable.name for variable in environments.spec.observation] == observation
    assert [variable.name for variable in environments.spec.action] == action


def test_continuous_actions_are_recognised_and_scaled():
    environments = Environments(EnvironmentSpec("Pendulum-v1"), 2)
    actor = Actor(environments.actions, [], np.zeros(1, dtype=np.float32))
    environments.close()
    assert environments.spec.actions == "continuous"
    applied = actor.applied(np.array([[-5.0], [0.5]], dtype=np.float32))
    assert applied.ravel().tolist() == pytest.approx([-2.0, 1.0])


@pytest.mark.parametrize("name", ["CartPole-v1", "MountainCar-v0"])
def test_the_step_after_an_end_is_a_dummy_and_ends_at_the_limit_are_truncations(name):
    environments = Environments(EnvironmentSpec(name, max_episode_steps=5), 2)
    environments.reset(1)
    seen = [environments.step(np.array([[1.0], [1.0]])) for _ in range(7)]
    environments.close()
    assert [step.truncated.all() for step in seen] == [False] * 4 + [True] + [False] * 2
    assert not any(step.terminated.any() for step in seen)
    assert not seen[5].objective.any()
    assert seen[6].objective.all()


def test_equal_seeds_give_equal_episodes_and_copies_differ():
    first, second = (Environments(EnvironmentSpec("CartPole-v1"), 3) for _ in range(2))
    a, b = first.reset(7), second.reset(7)
    assert (a == b).all()
    assert (a[0] != a[1]).any()
    assert (first.reset(8) != a).any()


def test_an_environment_of_a_plugin_comes_from_its_folder(monkeypatch):
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    spec, folders = plugin_environment("DoubleIntegrator-v0")
    add_plugin_folders(folders)
    environments = Environments(spec, 2)
    environments.reset(1)
    steps = [environments.step(np.zeros((2, 1))) for _ in range(spec.max_episode_steps)]
    assert steps[-1].truncated.all()
    assert not steps[-2].truncated.any()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (EnvironmentSpec("Nonsense-v9"), "cannot be made"),
        (EnvironmentSpec("FrozenLake-v1"), "observations of the kind Discrete"),
        (EnvironmentSpec("CartPole-v1", observation=[VariableSpec("x")]), "names 1 observation"),
        (EnvironmentSpec("Ghost-v0", entry="no_such_module:Ghost"), "no_such_module"),
    ],
)
def test_what_cannot_be_used_is_said(spec, words):
    with pytest.raises(LeptonError, match=words) as caught:
        Environments(spec, 1)
    assert caught.value.hint
