"""A full disk, on a real file system that is really full."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.jobs import Jobs
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.node import JobSpec, State
from tests.agent.agent_process import AgentProcess, wait_until
from tests.agent.conftest import StartAgent


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB that holds everything of the test, the node home too."""
    if os.geteuid() != 0:
        pytest.skip("a file system can only be mounted by root")
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(small)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield small
    subprocess.run(["umount", "-l", str(small)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb") as stream:
        stream.write(b"\0" * max(0, shutil.disk_usage(folder).free - leave))
    if not leave:
        assert shutil.disk_usage(folder).free == 0
    return ballast


@pytest.fixture
def full_agent(start_agent: StartAgent, tmp_path: Path) -> AgentProcess:
    return start_agent()


@pytest.mark.parametrize("leave", [0, 4096, 1024 * 1024])
def test_a_full_disk_refuses_jobs_and_names_the_next_step(
    full_agent: AgentProcess, home: NodeHome, tmp_path: Path, leave: int
) -> None:
    full_agent.call("node.ping")
    fill(tmp_path, leave)
    with pytest.raises(LeptonError) as caught:
        full_agent.call(
            "job.start", job={"job_id": "x", "kind": "script", "argv": ["sleep", "600"]}
        )
    assert caught.value.code == "disk_full"
    assert "Free some space" in caught.value.hint
    assert list(home.jobs.iterdir()) == []


def test_files_that_do_not_fit_leave_nothing_behind(home: NodeHome, tmp_path: Path) -> None:
    fill(tmp_path, 9 * 1024 * 1024)
    files = {f"file{number}": "x" * 1_000_000 for number in range(12)}
    with pytest.raises(LeptonError) as caught:
        Jobs(home).start(JobSpec("x", "script", ["true"], files=files))
    assert caught.value.code == "disk_full"
    assert list(home.jobs.iterdir()) == []


def test_a_job_survives_a_disk_that_fills_up_and_its_end_is_recorded(
    full_agent: AgentProcess, home: NodeHome, tmp_path: Path
) -> None:
    text = (
        "import os, time\n"
        "def wait(name):\n"
        "    while not os.path.exists(name): time.sleep(0.02)\n"
        "print('before', flush=True)\nwait('full')\n"
        "for _ in range(200): print('x' * 1000)\n"
        "print('lost', flush=True)\nopen('printed', 'w')\nwait('free')\n"
        "print('after', flush=True)\n"
    )
    full_agent.call(
        "job.start",
        job={"job_id": "x", "kind": "script", "argv": [sys.executable, "-c", text]},
    )
    folder = home.job("x")
    wait_until(lambda: "before" in (folder / "output.log").read_text())
    (folder / "full.new").touch()
    ballast = fill(tmp_path)
    (folder / "full.new").rename(folder / "full")
    wait_until((folder / "printed").exists)
    assert full_agent.call("job.status", job_id="x")["state"] == "RUNNING"
    ballast.unlink()
    (folder / "free").touch()
    status = full_agent.follow_to_end("x")
    assert status.state is State.SUCCEEDED
    printed = full_agent.text("x", "output.log")
    assert printed.startswith("before\n")
    assert printed.endswith("after\n")
    assert "bytes of output are lost]" in printed


def test_the_end_of_a_job_is_recorded_on_a_full_disk(
    full_agent: AgentProcess, home: NodeHome, tmp_path: Path
) -> None:
    full_agent.call("job.start", job={"job_id": "x", "kind": "script", "argv": ["sleep", "600"]})
    fill(tmp_path)
    report = full_agent.call("job.stop", job_id="x", grace_seconds=2)
    assert (report["state"], report.get("survivors", [])) == ("CANCELLED", [])
    assert full_agent.call("job.status", job_id="x")["state"] == "CANCELLED"
