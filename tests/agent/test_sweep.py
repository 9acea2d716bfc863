import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lepton_desktop.agent import procfs, sweep
from lepton_desktop.agent.identity import Identity, identify
from lepton_desktop.agent.sweep import JobProcesses
from tests.agent.agent_process import wait_until

Start = Callable[..., subprocess.Popen[bytes]]

DEAF = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(99)"
)


@pytest.fixture
def start() -> Iterator[Start]:
    """Processes with a tag of the test's choice; killed after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def launch(*argv: str, tag: str = "", **options: object) -> subprocess.Popen[bytes]:
        env = {**os.environ, **({sweep.TAG: tag} if tag else {})}
        process = subprocess.Popen(argv, env=env, **options)  # type: ignore[call-overload]
        running.append(process)
        return process

    yield launch
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def pids(processes: JobProcesses) -> set[int]:
    return {stat.pid for stat in processes.find()}


def test_the_tag_must_match_whole(start: Start) -> None:
    ours = start("sleep", "60", tag="job-1")
    start("sleep", "60", tag="job-10")
    start("sleep", "60", tag="xjob-1")
    wait_until(lambda: pids(JobProcesses("job-1")) == {ours.pid})


def test_the_asker_itself_is_never_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    me = identify(os.getpid())
    assert os.getpid() not in pids(JobProcesses("none", supervisor=me))
    assert os.getpid() not in pids(JobProcesses("none", leader=me))


def test_the_group_of_a_living_leader_counts(start: Start) -> None:
    leader = start("sleep", "60", start_new_session=True)
    assert pids(JobProcesses("none", leader=identify(leader.pid))) == {leader.pid}


def test_the_group_of_a_reused_pid_does_not_count(start: Start) -> None:
    other = start("sleep", "60", start_new_session=True)
    stale = replace(identify(other.pid), start_ticks=identify(other.pid).start_ticks - 1)
    assert pids(JobProcesses("none", leader=stale)) == set()
    assert pids(JobProcesses("none", leader=replace(stale, boot_id="other"))) == set()


def _leaderless(start: Start) -> tuple[Identity, int]:
    """A group whose leader is gone, and its only member."""
    text = (
        "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); "
        "sys.stdin.read()"
    )
    leader = start(
        sys.executable,
        "-c",
        text,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert leader.stdout is not None
    assert leader.stdin is not None
    member = int(leader.stdout.readline())
    it = identify(leader.pid)
    leader.stdin.close()
    leader.wait()
    return it, member


def test_a_leaderless_group_counts_only_with_an_accelerator(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, member = _leaderless(start)
    try:
        assert pids(JobProcesses("none", leader=leader)) == set()
        # /dev/null stands for a GPU's device file, which this machine lacks.
        monkeypatch.setattr(procfs, "ACCELERATOR_FILES", ("/",))
        assert pids(JobProcesses("none", leader=leader)) == {member}
        assert pids(JobProcesses("none", leader=replace(leader, boot_id="other"))) == set()
    finally:
        os.kill(member, signal.SIGKILL)


def test_holders_of_device_files_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "ACCELERATOR_FILES", ("/dev/zero",))
    assert not procfs.holds_accelerator(os.getpid())
    with Path("/dev/zero").open("rb"):
        assert procfs.holds_accelerator(os.getpid())
    assert not procfs.holds_accelerator(2**22 + 1)


def test_end_terminates_and_kills_the_deaf(start: Start) -> None:
    deaf = start(sys.executable, "-c", DEAF, tag="e", stdout=subprocess.PIPE)
    polite = start("sleep", "60", tag="e")
    assert deaf.stdout is not None
    deaf.stdout.readline()
    began = time.monotonic()
    assert sweep.end(JobProcesses("e").find, 0.5) == []
    assert 0.4 < time.monotonic() - began < 5
    assert (polite.wait(), deaf.wait()) == (-signal.SIGTERM, -signal.SIGKILL)


def test_a_stopped_process_hears_the_request(start: Start) -> None:
    stopped = start("sleep", "60", tag="stopped")
    os.kill(stopped.pid, signal.SIGSTOP)
    assert sweep.end(JobProcesses("stopped").find, 5) == []
    assert stopped.wait() == -signal.SIGTERM


def test_newcomers_are_ended_too(start: Start) -> None:
    breeder = (
        "import signal, subprocess, time\n"
        "def more(*_): subprocess.Popen(['sleep', '60'])\n"
        "signal.signal(signal.SIGTERM, more); print(1, flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    parent = start(sys.executable, "-c", breeder, tag="breed", stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()
    assert sweep.end(JobProcesses("breed").find, 0.5) == []
    assert JobProcesses("breed").find() == []


def test_survivors_are_named(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = start("sleep", "60", tag="never")
    monkeypatch.setattr(sweep, "KILL_SECONDS", 0.1)
    monkeypatch.setattr(sweep.identity, "send_signal", lambda *_: None)  # a process in state D
    assert [stat.pid for stat in sweep.end(JobProcesses("never").find, 0.0)] == [stubborn.pid]
