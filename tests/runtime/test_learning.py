"""That it learns: the shipped CartPole reward, on two ranks, to the true objective's threshold."""

from __future__ import annotations

import subprocess

import pytest

from tests.runtime.conftest import annotation, environment_of_jobs, shipped_reward, torchrun

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_two_ranks_with_the_shipped_reward_solve_cartpole(job, stage):
    environment, reward = annotation("CartPole-v1"), shipped_reward("cartpole-upright")
    file = job.train_file(environment=environment, reward=reward, options={}, total_steps=100_000)
    done = subprocess.run(
        torchrun(file),
        env=environment_of_jobs(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    evaluated = stage("evaluate", job.evaluate_file(environment=environment, episodes=100))
    assert evaluated.returncode == 0, evaluated.stderr
    assert job.metrics()[-1]["m"]["eval/return_mean"] >= environment.reward_threshold
