"""Stop during training: every process of the run is gone, also the ones that resist."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from lepton_desktop.wire.node import State
from tests.end_to_end.lab import UPRIGHT, Lab, processes_of, wait_until

pytestmark = pytest.mark.slow

STOP_SECONDS = 10.0


@pytest.fixture
def stubborn(tmp_path: Path) -> None:
    """Installed as a user's plug-in before the engine starts."""
    target = tmp_path / "lepton-home" / "plugins" / "stubborn"
    shutil.copytree(Path(__file__).parent / "stubborn", target)


def adopted(run_id: str) -> list[psutil.Process]:
    """Copies of a rank whose parent is not torchrun: init or a subreaper took them."""
    return [
        one
        for one in processes_of(run_id)
        if "torch.distributed.run" not in one.cmdline()
        and "lepton_desktop.runtime" in one.cmdline()
        and "torch.distributed.run" not in psutil.Process(one.ppid()).cmdline()
    ]


def test_a_rank_that_ignores_sigterm_and_an_adopted_worker_are_gone(
    stubborn: None, lab: Lab
) -> None:
    lab.wait_for_this_computer()
    run = lab.start(environment="Stubborn-v0", total_steps=5_000_000, processes_per_node=2)
    lab.wait_for_metrics(run.run_id)
    wait_until("a worker of each rank has left its parent", lambda: len(adopted(run.run_id)) == 2)

    asked = time.monotonic()
    lab.client.stop_run(run.run_id)
    ended = lab.wait_for_end(run.run_id, 30)
    assert time.monotonic() - asked < STOP_SECONDS
    assert ended.state is State.CANCELLED, ended.reason
    assert processes_of(run.run_id) == []


def test_a_frozen_rank_is_gone_too(lab: Lab) -> None:
    lab.wait_for_this_computer()
    run = lab.start(reward=UPRIGHT, total_steps=5_000_000, processes_per_node=2)
    lab.wait_for_metrics(run.run_id)
    ranks = [one for one in processes_of(run.run_id) if "train.json" in " ".join(one.cmdline())]
    os.kill(ranks[-1].pid, signal.SIGSTOP)

    asked = time.monotonic()
    lab.client.stop_run(run.run_id)
    ended = lab.wait_for_end(run.run_id, 30)
    assert time.monotonic() - asked < STOP_SECONDS
    assert ended.state is State.CANCELLED, ended.reason
    assert processes_of(run.run_id) == []
