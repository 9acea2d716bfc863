"""Evaluation through ``python -m lepton_desktop.runtime``."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lepton_desktop.runtime.rewards.ledger import Episode
from lepton_desktop.runtime.stages.evaluate import summary
from tests.runtime.conftest import annotation, shipped_reward

pytestmark = pytest.mark.slow


@pytest.fixture
def trained(job, stage):
    done = stage("train", job.train_file())
    assert done.returncode == 0, done.stderr
    (job.folder / "metrics.jsonl").unlink()
    (job.folder / "events.jsonl").unlink()
    return job


def test_an_evaluation_scores_the_objective_and_every_term(trained, stage):
    reward = shipped_reward("cartpole-upright")
    file = trained.evaluate_file(
        environment=annotation("CartPole-v1"), reward=reward, episodes=33, seed=5
    )
    done = stage("evaluate", file)
    assert done.returncode == 0, done.stderr
    result = json.loads((trained.folder / "artifacts" / "evaluation.json").read_text())
    (line,) = trained.metrics()
    expected = {"return_mean", "return_std", "return_min", "return_max", "length_mean", "episodes"}
    terms = {f"eval/reward/{term.name}" for term in reward.terms}
    assert set(line["m"]) == {f"eval/{key}" for key in expected} | terms
    assert line["m"]["eval/episodes"] == len(result["returns"]) == 33
    assert line["m"]["eval/return_mean"] == pytest.approx(np.mean(result["returns"]))
    assert line["m"]["eval/return_min"] == min(result["returns"])
    assert line["step"] == result["step"] == trained.latest()["step"]
    assert [event["kind"] for event in trained.events()][-1] == "finished"


def test_equal_seeds_score_equally(trained, stage):
    means = []
    for seed in (5, 5, 6):
        stage("evaluate", trained.evaluate_file(episodes=8, seed=seed))
        means.append(trained.metrics()[-1]["m"]["eval/return_mean"])
    assert means[0] == means[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"checkpoint": "checkpoints/absent.pt"}, "no checkpoint"),
        ({"environment": {"id": "Pendulum-v1"}}, "was trained on 4 observations"),
        ({"episodes": 0}, "at least one episode"),
    ],
)
def test_what_the_operator_can_mend_is_said(trained, stage, changes, words):
    done = stage("evaluate", trained.evaluate_file(**changes))
    assert done.returncode == 2
    assert words in trained.events("error")[0]["text"]
    assert "Traceback" not in done.stderr


def test_one_episode_has_no_deviation():
    result = summary([Episode(0, 3, 1.0, 2.0, np.zeros(0))], [])
    assert result["eval/return_mean"] == 2.0
    assert "eval/return_std" not in result
