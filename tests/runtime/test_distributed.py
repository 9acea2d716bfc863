"""Several ranks under torchrun: identical policies, shared failures, nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import torch

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.distributed import Place, Ranks, rank_seed
from tests.runtime.conftest import ROOT, TINY, environment_of_jobs, torchrun

pytestmark = pytest.mark.slow

SCRIPT = """
import sys, numpy as np, torch
from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.distributed import Ranks
ranks = Ranks.join("cpu", "gloo")
rank = ranks.place.rank
vector = torch.tensor([1.0 + rank, 2.0])
ranks.average(vector)
assert vector.tolist() == [1.5, 2.0]
assert ranks.sum(np.array([1.0, rank])).tolist() == [2.0, 1.0]
assert ranks.gather(f"rank {rank}") == ["rank 0", "rank 1"]
copied = torch.full((3,), float(rank))
ranks.copy_from_first(copied)
assert copied.tolist() == [0.0] * 3
ranks.share_failure(None)
try:
    ranks.share_failure(LeptonError("It failed.", "Mend it.", code="word") if rank else None)
except LeptonError as error:
    assert (error.message, error.hint, error.code) == ("Rank 1: It failed.", "Mend it.", "word")
else:
    raise AssertionError("the failure was not shared")
assert ranks.sync_seconds > 0
ranks.close()
"""

SAME = """
import json, sys, torch
from pathlib import Path
from lepton_desktop.runtime.stages import train
from lepton_desktop.runtime.distributed import Ranks
from lepton_desktop.runtime.reporter import Reporter
from lepton_desktop.runtime.process import StopRequest
from lepton_desktop.specs import TrainSpec, load
file = Path(sys.argv[1])
spec = load(TrainSpec, json.loads(file.read_text()))
ranks = Ranks.join("cpu", "gloo")
training = train.Training(spec, ranks, Reporter(file.parent, ranks.is_first))
training.set_up()
training.learn(StopRequest())
learner = training.learner
values = [learner.policy.parameters.double().sum().item(), learner.normaliser.mean.tolist(),
          learner.step, learner.iteration]
first = learner.collector._observation.tolist()
told = ranks.gather(json.dumps([values, first]))
ranks.close()
(a, one), (b, two) = map(json.loads, told)
assert a == b, (a, b)
assert one != two
"""


def run(argv, seconds=200):
    return subprocess.run(
        argv,
        env=environment_of_jobs(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def script_on_two_ranks(code, tmp_path, *arguments):
    script = tmp_path / "script.py"
    script.write_text(code)
    argv = torchrun(tmp_path)
    return run([*argv[: argv.index("-m", 3)], str(script), *map(str, arguments)])


def test_collectives_on_two_ranks(tmp_path):
    done = script_on_two_ranks(SCRIPT, tmp_path)
    assert done.returncode == 0, done.stderr


def test_ranks_stay_identical_and_see_different_episodes(job, tmp_path):
    options = {**TINY, "normalise_observations": True, "target_kl": 0.05}
    file = job.train_file(total_steps=600, options=options)
    done = script_on_two_ranks(SAME, tmp_path, file)
    assert done.returncode == 0, done.stderr


def test_two_ranks_train_under_torchrun_and_rank_0_writes(job):
    done = run(torchrun(job.train_file(total_steps=500)))
    assert done.returncode == 0, done.stderr
    assert [event["kind"] for event in job.events()].count("started") == 1
    assert "2 ranks over gloo" in job.events("started")[0]["text"]
    steps = [line["step"] for line in job.metrics()]
    assert steps == sorted(set(steps))
    assert 500 <= steps[-1] < 500 + 2 * 2 * 16
    assert 0.0 < job.metrics()[-1]["m"]["time/sync_fraction"] < 1.0


def test_a_failure_on_one_rank_is_told_by_all(job):
    """Which rank meets the bad reward first is chance; the message names it either way."""
    reward = {
        "name": "r",
        "environment": "CartPole-v1",
        "terms": [{"name": "bad", "formula": "sqrt(1 - 2 * terminated)"}],
    }
    done = run(torchrun(job.train_file(total_steps=10**6, reward=reward)))
    assert done.returncode != 0
    (event,) = job.events("error")
    assert event["text"].startswith("Rank ")
    assert "'bad' gave nan" in event["text"]


def ranks_of(process):
    return [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "lepton_desktop.runtime" in child.cmdline()
    ]


@pytest.fixture
def training(job):
    """A two-rank training that would go on for long; gone at the end, whatever happened."""
    file = job.train_file(total_steps=10**8)
    with (job.folder / "out").open("wb") as output:
        process = subprocess.Popen(
            torchrun(file), env=environment_of_jobs(), stdout=output, stderr=subprocess.STDOUT
        )
    deadline = time.monotonic() + 120
    while not job.metrics():
        assert process.poll() is None, (job.folder / "out").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    for child in psutil.Process(process.pid).children(recursive=True) if running(process) else []:
        child.kill()
    process.kill()
    process.wait()


def running(process):
    return process.poll() is None


def test_a_stop_reaches_every_rank_and_leaves_a_checkpoint(job, training):
    ranks = ranks_of(training)
    assert len(ranks) == 2
    training.send_signal(signal.SIGTERM)
    training.wait(60)
    psutil.wait_procs(ranks, timeout=10)
    assert not any(rank.is_running() for rank in ranks)
    assert "Stopped when asked" in job.events("finished")[0]["text"]
    assert job.latest()["step"] == job.metrics()[-1]["step"]


def test_when_a_rank_is_killed_the_others_end_quickly(job, training):
    ranks = ranks_of(training)
    began = time.monotonic()
    ranks[1].kill()
    assert training.wait(60) != 0
    psutil.wait_procs(ranks, timeout=10)
    assert time.monotonic() - began < 30
    assert not any(rank.is_running() for rank in ranks)


def test_when_torchrun_is_killed_no_rank_trains_on(training):
    ranks = ranks_of(training)
    training.kill()
    training.wait(10)
    gone, alive = psutil.wait_procs(ranks, timeout=10)
    assert len(gone) == 2
    assert alive == []


def test_a_single_process_needs_no_group():
    ranks = Ranks(Place(), "cpu")
    vector = torch.tensor([3.0])
    ranks.average(vector)
    assert vector.item() == 3.0
    assert ranks.sum(np.array([2.0])).tolist() == [2.0]
    assert ranks.gather("me") == ["me"]
    with pytest.raises(LeptonError, match=r"^It failed\.$"):
        ranks.share_failure(LeptonError("It failed."))
    ranks.close()


def test_places_are_read_as_torchrun_writes_them():
    assert Place.from_environment({}) == Place(0, 0, 1)
    told = {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}
    assert Place.from_environment(told) == Place(3, 1, 4)


def test_seeds_differ_by_rank_and_step():
    seeds = {rank_seed(seed, rank, step) for seed in (1, 2) for rank in (0, 1) for step in (0, 9)}
    assert len(seeds) == 8
    assert rank_seed(1, 0, 0) == rank_seed(1, 0, 0)


def test_peers_that_never_come_are_an_error_with_a_hint(tmp_path):
    code = (
        "import datetime\n"
        "from lepton_desktop.errors import LeptonError\n"
        "from lepton_desktop.runtime import distributed\n"
        "distributed.TIMEOUT = datetime.timedelta(seconds=2)\n"
        "try:\n"
        "    distributed.Ranks.join('cpu', 'gloo')\n"
        "except LeptonError as error:\n"
        "    print(error.code, bool(error.hint))\n"
    )
    environment = {
        **environment_of_jobs(),
        "RANK": "0",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout.strip() == "rank_lost True", done.stderr
    assert os.environ.get("WORLD_SIZE") is None
