import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from lepton_desktop.agent import processes
from lepton_desktop.agent.probes.probe import GpuProcess
from lepton_desktop.agent.processes import ProcessList
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import ProcessInfo
from tests.agent.agent_process import AgentProcess


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    """A process that keeps a core busy and belongs to a job."""
    text = "print(1, flush=True)\nwhile True: pass"
    env = {**os.environ, "LEPTON_JOB_ID": "busy-job"}
    command = [sys.executable, "-c", text, "\x1b[31mred\n"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_is_described(any_agent: AgentProcess, busy: subprocess.Popen[bytes]) -> None:
    def listed() -> list[ProcessInfo]:
        return [build(ProcessInfo, row) for row in any_agent.call("processes.list")["processes"]]

    rows = _until_it_ran(listed, busy.pid)
    (row,) = (row for row in rows if row.pid == busy.pid)
    assert row.user == pwd.getpwuid(os.getuid()).pw_name
    assert row.job_id == "busy-job"
    assert row.memory_bytes == pytest.approx(psutil.Process(busy.pid).memory_info().rss, rel=0.2)
    assert row.command.startswith(sys.executable)
    assert "\x1b" not in row.command
    assert row.command.endswith("[31mred")
    assert rows[0].job_id  # jobs come first
    assert row.gpu_memory_bytes is None


def test_gpu_use_is_added_up(busy: subprocess.Popen[bytes]) -> None:
    uses = [GpuProcess(3, busy.pid, 5), GpuProcess(1, busy.pid, 7), GpuProcess(2, busy.pid, None)]
    rows = {row.pid: row for row in ProcessList(lambda: uses).list()}
    assert rows[busy.pid].gpu_indices == [1, 2, 3]
    assert rows[busy.pid].gpu_memory_bytes == 12
    assert rows[os.getpid()].gpu_indices == []


def test_cpu_use_covers_the_time_between_two_lists(busy: subprocess.Popen[bytes]) -> None:
    listing = ProcessList(list)
    for _ in range(2):
        rows = _until_it_ran(listing.list, busy.pid)
        (row,) = (row for row in rows if row.pid == busy.pid)
        assert 0 < (row.cpu_percent or 0) < 150


def _until_it_ran(listed: Callable[[], list[ProcessInfo]], pid: int) -> list[ProcessInfo]:
    """A list in which the process used its core; a busy machine may let it wait for a while."""
    deadline = time.monotonic() + 10
    while True:
        time.sleep(0.3)  # the clock of CPU times ticks 100 times a second
        rows = listed()
        if any(row.pid == pid and row.cpu_percent for row in rows):
            return rows
        assert time.monotonic() < deadline, "the process never ran"


def test_a_long_list_is_cut_but_keeps_jobs(
    busy: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MOST_PROCESSES", 1)
    (row,) = ProcessList(list).list()
    assert row.job_id
