"""The double integrator: its dynamics, and that PPO comes near the optimal control."""

from __future__ import annotations

import importlib
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from lepton_desktop.settings import plugins_folder
from tests.runtime.conftest import Job, plugin_environment, stage  # noqa: F401 - a fixture


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(plugins_folder() / "double_integrator"))
    return importlib.import_module("double_integrator")


def test_gymnasium_accepts_the_environment(module):
    environment = module.DoubleIntegrator()
    with warnings.catch_warnings():
        # The checker remarks on unbounded observations, which is how a line is.
        warnings.simplefilter("ignore")
        check_env(environment, skip_render_check=True)
    assert isinstance(environment, gymnasium.Env)


def test_a_step_is_the_exact_solution(module):
    fine = np.array([0.3, -0.2])
    for _ in range(10_000):
        velocity = fine[1] + 0.7 * 1e-5 / 2
        fine = np.array([fine[0] + velocity * 1e-5, fine[1] + 0.7 * 1e-5])
    assert module.next_state(np.array([0.3, -0.2]), 0.7) == pytest.approx(fine, abs=1e-9)


def test_actions_are_cut_and_the_objective_is_the_negative_cost(module):
    environment = module.DoubleIntegrator()
    start, _ = environment.reset(seed=3)
    state, objective, terminated, truncated, _ = environment.step(np.array([9.0], np.float32))
    expected = module.next_state(start.astype(float), 1.0)
    assert state == pytest.approx(expected, abs=1e-6)
    cost = expected[0] ** 2 + 0.1 * expected[1] ** 2 + 0.1
    assert objective == pytest.approx(-0.1 * cost, abs=1e-6)
    assert not terminated
    assert not truncated


def test_resting_at_the_goal_costs_nothing(module):
    environment = module.DoubleIntegrator()
    environment.reset(seed=1)
    environment._state = np.zeros(2)
    assert environment.step(np.zeros(1, np.float32))[1] == 0.0


def optimal_return(module, starts):
    """Of the linear-quadratic regulator, its action cut to the limits."""
    system = np.column_stack([module.next_state(unit, 0.0) for unit in np.eye(2)])
    drive = module.next_state(np.zeros(2), 1.0)
    cost, value = np.diag(module.STATE_COST), np.zeros((2, 2))
    for _ in range(2000):
        ahead = cost + value
        gain = drive @ ahead @ system / (module.ACTION_COST + drive @ ahead @ drive)
        value = system.T @ ahead @ (system - np.outer(drive, gain))
    returns = []
    for start in starts:
        environment = module.DoubleIntegrator()
        environment.reset(seed=0)
        environment._state, total = np.array(start, float), 0.0
        for _ in range(50):
            total += environment.step([-(gain @ environment._state)])[1]
        returns.append(total)
    return float(np.mean(returns))


@pytest.mark.slow
def test_ppo_learns_to_control_it_nearly_as_well_as_is_possible(module, tmp_path, stage):  # noqa: F811
    spec, folders = plugin_environment("DoubleIntegrator-v0")
    job = Job(tmp_path / "job")
    common = {"environment": spec, "plugin_folders": folders}
    trained = stage("train", job.train_file(options={}, total_steps=40_000, **common))
    assert trained.returncode == 0, trained.stderr
    evaluated = stage("evaluate", job.evaluate_file(episodes=100, **common))
    assert evaluated.returncode == 0, evaluated.stderr
    starts = np.random.default_rng(0).uniform([-1.0, -0.5], [1.0, 0.5], (300, 2))
    earned = job.metrics()[-1]["m"]["eval/return_mean"]
    assert earned > spec.reward_threshold
    assert earned > 1.25 * optimal_return(module, starts)
