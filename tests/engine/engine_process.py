"""A real engine in a process of its own, for tests."""

import os
import signal
import subprocess
import sys
import time

import psutil

from lepton_desktop.client import EngineClient, find_engine
from lepton_desktop.settings import PACKAGE, Paths
from lepton_desktop.wire.desk import LinkState

THIS_COMPUTER = "this-computer"


class EngineProcess:
    """Starts, kills and asks one engine; a context manager that leaves nothing behind."""

    def __init__(self, home):
        self.paths = Paths(home)
        self.process = None
        self.client = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.client is not None:
            for run in self.client.runs():
                if not run.state.is_final:
                    self.client.stop_run(run.run_id)
                    self.over(run.run_id)
        self.end()

    def command(self):
        return [sys.executable, "-m", "lepton_desktop.engine", "--home", str(self.paths.home)]

    def start(self):
        self.paths.make()
        self.process = subprocess.Popen(self.command(), cwd=PACKAGE.parent)
        wait_for(lambda: find_engine(self.paths), 40)
        self.client = EngineClient.connect(self.paths.home, start=False, role="test")

    def end(self, number=signal.SIGTERM):
        if self.client is not None:
            self.client.close()
            self.client = None
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)
            self.process = None

    def kill(self):
        self.end(signal.SIGKILL)

    def log(self):
        return self.paths.log_file.read_text()

    def node_is_up(self):
        def up():
            row = self.client.node(THIS_COMPUTER)
            return row if row.state is LinkState.UP and row.python else None

        return wait_for(up, 60)

    def over(self, run_id, seconds=120):
        def ended():
            row = self.client.run(run_id)
            return row if row.state.is_final else None

        return wait_for(ended, seconds)

    def job_file(self, job_id, name):
        return self.paths.local_node / "jobs" / job_id / name


def wait_for(check, seconds=20.0):
    """The first true answer of ``check``; a condition with a deadline, not a pause."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {check}"
        time.sleep(0.05)


def processes_of(run_id):
    """Every process on this machine that carries the run's tag."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LEPTON_RUN_ID") == run_id and process.status() != "zombie":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
    return found


def ranks_of(run_id):
    """The processes that train, without torchrun's own."""
    return [
        process
        for process in processes_of(run_id)
        if "lepton_desktop.runtime" in process.cmdline()
        and "torch.distributed.run" not in process.cmdline()
    ]


def agents_of(home):
    """The agent of this computer's node under a home."""
    return [
        process
        for process in psutil.process_iter()
        if str(home / "node" / "agents") in " ".join(_command(process))
        and "supervise" not in _command(process)
        and process.pid != os.getpid()
    ]


def _command(process):
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []
