"""Training through ``python -m lepton_desktop.runtime``, as a job runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lepton_desktop import __version__
from lepton_desktop.runtime import checkpoint as checkpoints
from lepton_desktop.wire.convert import dump
from tests.runtime.conftest import ROOT, TINY, annotation, environment_of_jobs, shipped_reward

pytestmark = pytest.mark.slow

METRICS = {
    "rollout/episodes",
    "rollout/return_mean",
    "rollout/length_mean",
    "objective/return_mean",
    "train/policy_loss",
    "train/value_loss",
    "train/entropy",
    "train/approx_kl",
    "train/clip_fraction",
    "train/explained_variance",
    "train/learning_rate",
    "time/steps_per_second",
    "time/sync_fraction",
}


def test_a_training_leaves_metrics_events_and_a_checkpoint(job, stage):
    reward = shipped_reward("cartpole-upright")
    file = job.train_file(
        environment=annotation("CartPole-v1"), reward=reward, total_steps=600, seed=3
    )
    done = stage("train", file)
    assert done.returncode == 0, done.stderr
    terms = {f"reward/{term.name}" for term in reward.terms}
    assert set().union(*(line["m"] for line in job.metrics())) == METRICS | terms
    steps = [line["step"] for line in job.metrics()]
    assert steps == sorted(set(steps))
    assert 600 <= steps[-1] < 640
    kinds = [event["kind"] for event in job.events()]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    latest = job.latest()
    assert latest["step"] == steps[-1]
    assert job.events("checkpoint")[-1]["file"] == f"checkpoints/{latest['file']}"
    assert job.events("progress")[-1]["fraction"] == 1.0


def test_the_terms_add_up_to_the_return(job, stage):
    reward = shipped_reward("cartpole-upright")
    file = job.train_file(environment=annotation("CartPole-v1"), reward=reward, total_steps=600)
    stage("train", file)
    checked = 0
    for line in job.metrics():
        metrics = line["m"]
        if metrics["rollout/episodes"]:
            parts = sum(metrics[f"reward/{term.name}"] for term in reward.terms)
            assert parts == pytest.approx(metrics["rollout/return_mean"])
            assert metrics["objective/return_mean"] == metrics["rollout/length_mean"]
            checked += 1
    assert checked


def test_a_resumed_training_goes_on_where_the_checkpoint_was(job, stage, tmp_path):
    stage("train", job.train_file(total_steps=300))
    first = job.latest()
    before = checkpoints.load(job.folder / "checkpoints" / first["file"])
    again = type(job)(tmp_path / "again")
    file = again.train_file(
        total_steps=500, resume_from=str(job.folder / "checkpoints" / first["file"])
    )
    done = stage("train", file)
    assert done.returncode == 0, done.stderr
    assert again.metrics()[0]["step"] > first["step"]
    assert "Resumed from" in again.events("notice")[0]["text"]
    after = checkpoints.load(again.folder / "checkpoints" / again.latest()["file"])
    assert after.step >= 500
    assert after.iteration > before.iteration
    assert after.episodes >= before.episodes
    made = int(after.optimiser["state"][0]["step"]) - int(before.optimiser["state"][0]["step"])
    assert made == (after.iteration - before.iteration) * 4
    assert not torch.equal(
        after.policy["tensors"]["actor.0.weight"], before.policy["tensors"]["actor.0.weight"]
    )


def test_resuming_a_finished_training_is_harmless(job, stage, tmp_path):
    stage("train", job.train_file(total_steps=200))
    again = type(job)(tmp_path / "again")
    path = str(job.folder / "checkpoints" / job.latest()["file"])
    done = stage("train", again.train_file(total_steps=200, resume_from=path))
    assert done.returncode == 0, done.stderr
    assert again.events()[-1]["kind"] == "finished"


def test_continuous_actions_and_normalised_observations_train(job, stage):
    options = {**TINY, "normalise_observations": True}
    file = job.train_file(environment=annotation("Pendulum-v1"), options=options, total_steps=900)
    done = stage("train", file)
    assert done.returncode == 0, done.stderr
    saved = checkpoints.load(job.folder / "checkpoints" / job.latest()["file"])
    assert saved.normaliser["enabled"]
    assert saved.normaliser["count"] == saved.step
    assert saved.policy["tensors"]["log_std"].shape == (1,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {
                "reward": {
                    "name": "r",
                    "environment": "CartPole-v1",
                    "terms": [{"name": "bad", "formula": "log(obs_0 - 9)"}],
                }
            },
            "'bad' gave nan",
        ),
        (
            {
                "reward": {
                    "name": "r",
                    "environment": "CartPole-v1",
                    "terms": [{"name": "bad", "formula": "pole +"}],
                }
            },
            "not an expression",
        ),
        (
            {
                "reward": {
                    "name": "r",
                    "environment": "CartPole-v1",
                    "terms": [{"name": "bad", "formula": "obs_9"}],
                }
            },
            "no variable or parameter 'obs_9'",
        ),
        ({"environment": {"id": "Nonsense-v9"}}, "cannot be made"),
        ({"options": {"gama": 0.9}}, "no field 'gama'"),
        ({"total_steps": "many"}, "expected int"),
        ({"resume_from": "absent.pt"}, "no checkpoint"),
        ({"device": "cuda"}, "no CUDA device"),
    ],
)
def test_what_the_operator_can_mend_ends_with_an_event_and_code_2(job, stage, changes, words):
    if "device" in changes and torch.cuda.is_available():
        pytest.skip("this computer has CUDA")
    done = stage("train", job.train_file(**changes))
    assert done.returncode == 2
    (event,) = job.events("error")
    assert words in event["text"]
    assert event["text"] in done.stderr
    assert event["hint"] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_without_torch_is_named_with_the_remedy(job, stage):
    done = stage("train", job.train_file(), options=("-S",))
    assert done.returncode == 2
    (event,) = job.events("error")
    assert f"are not installed in {sys.executable}" in event["text"]
    assert "torch" in event["text"]
    assert "pip install torch" in event["hint"]
    assert "Traceback" not in done.stderr


def test_a_file_that_is_missing_or_no_json_is_said(tmp_path, stage):
    (tmp_path / "broken.json").write_text("{")
    for name, words in (("absent.json", "cannot be read"), ("broken.json", "not valid JSON")):
        done = stage("train", tmp_path / name)
        assert done.returncode == 2
        assert words in done.stderr


def test_the_version_is_told_without_any_package(stage):
    done = stage("--version", options=("-S",))
    assert done.stdout.strip() == __version__


def wait_for(condition, process, seconds=100.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the training ended too early"
        assert time.monotonic() < deadline, "the condition never came"
        time.sleep(0.05)


def start(argv: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            argv, env=environment_of_jobs(), stdout=output, stderr=subprocess.STDOUT
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_leaves_a_checkpoint_and_says_so(job, number):
    file = job.train_file(total_steps=10**7, checkpoint_every_steps=10**7)
    argv = [sys.executable, "-m", "lepton_desktop.runtime", "train", str(file)]
    process = start(argv, job.folder / "out")
    try:
        wait_for(lambda: job.metrics(), process)
        process.send_signal(number)
        assert process.wait(60) == 128 + number
    finally:
        process.kill()
        process.wait()
    assert job.latest()["step"] == job.metrics()[-1]["step"]
    assert "Stopped when asked" in job.events("finished")[0]["text"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_ends_the_training_with_a_clear_message(job, tmp_path):
    file = job.train_file(total_steps=10**6)
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this computer does not let us mount a small disk")
    try:
        (disk / "train.json").write_text(file.read_text())
        argv = [sys.executable, "-m", "lepton_desktop.runtime", "train", str(disk / "train.json")]
        done = subprocess.run(
            argv,
            env=environment_of_jobs(),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert "cannot be written" in done.stderr
        assert "Traceback" not in done.stderr
        for line in (disk / "metrics.jsonl").read_text().splitlines():
            assert json.loads(line)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_only_the_runtime_is_needed_on_a_node(job, tmp_path):
    """The bundle that nodes get holds these modules and nothing else."""
    bundle = tmp_path / "bundle" / "lepton_desktop"
    bundle.mkdir(parents=True)
    for name in ("__init__", "errors", "specs", "formula", "plugins"):
        (bundle / f"{name}.py").symlink_to(ROOT / "lepton_desktop" / f"{name}.py")
    for name in ("wire", "runtime"):
        (bundle / name).symlink_to(ROOT / "lepton_desktop" / name)
    file = job.train_file(environment=dump(annotation("CartPole-v1")))
    done = subprocess.run(
        [sys.executable, "-m", "lepton_desktop.runtime", "train", str(file)],
        env={**environment_of_jobs(), "PYTHONPATH": str(bundle.parent)},
        cwd=job.folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
