"""Starts, reports, stops and verifies jobs. Runs on every node, in the agent.

The job folder is the truth: nothing is kept in memory that a later agent would need.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from lepton_desktop.agent import identity, sweep
from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.job_folder import (
    check_can_start,
    make_job_folder,
    remove_job_folder,
    remove_leftovers,
)
from lepton_desktop.agent.processes import describe
from lepton_desktop.agent.status_file import NAME, Record, read_record, write_record
from lepton_desktop.agent.supervise import STOP_SIGNAL
from lepton_desktop.agent.sweep import JobProcesses
from lepton_desktop.agent.text import clean
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.node import JobSpec, JobStatus, State, StopReport

MAIN = Path(__file__).resolve().parent / "__main__.py"
START_SECONDS = 20.0
TAKEOVER_SECONDS = 10.0
"""For so long a job may be STARTING although the agent that asked for it is gone."""

LONGEST_GRACE_SECONDS = 25.0
LAST_WORD_SECONDS = 2.0
"""How long a stop waits for the supervisor to write the final status."""


class Jobs:
    """The jobs of this node home."""

    def __init__(self, home: NodeHome) -> None:
        self._home = home
        self._locks: dict[str, threading.Lock] = {}
        remove_leftovers(home)

    def folder(self, job_id: str) -> Path:
        """Where the job lies, whether it is there or not."""
        return self._home.job(job_id)

    def start(self, spec: JobSpec) -> JobStatus:
        """Start a job; one that exists already is not touched, its status is the answer.

        Raises:
            LeptonError: It cannot be started; nothing is left behind then.
        """
        folder = self._home.job(spec.job_id)
        with self._lock(spec.job_id):
            if folder.exists():
                return self.status(spec.job_id)
            check_can_start(self._home, spec)
            if make_job_folder(self._home, spec):
                try:
                    _launch(folder)
                except LeptonError:
                    remove_job_folder(folder)
                    raise
                self._check_supervised(folder)
        return self.status(spec.job_id)

    def status(self, job_id: str) -> JobStatus:
        """The state of a job, checked against the processes that are really there.

        Raises:
            LeptonError: There is no such job.
        """
        folder = self._home.job(job_id)
        record = read_record(folder)
        if record.status.state.is_final or record.is_looked_after:
            return record.status
        record = read_record(folder)  # it may have written its last word just now
        if record.status.state.is_final:
            return record.status
        return self._of_unsupervised(folder, record)

    def list(self) -> list[JobStatus]:
        """Every job of the node home, by id; one that cannot be read is UNKNOWN with a reason."""
        names = sorted(entry.name for entry in os.scandir(self._home.jobs) if entry.is_dir())
        return [self._status_or_problem(name) for name in names if not name.startswith(".")]

    def stop(self, job_id: str, grace_seconds: float) -> StopReport:
        """Ask, terminate, kill, verify. A finished or unknown job is swept all the same."""
        grace = min(max(grace_seconds, 0.0), LONGEST_GRACE_SECONDS)
        with self._lock(job_id):  # a job that is being started gets its supervisor first
            processes = self._processes(job_id)
        identity.send_signal(processes.supervisor, STOP_SIGNAL)
        sweep.end(processes.find, grace)
        deadline = time.monotonic() + LAST_WORD_SECONDS
        while processes.supervisor.is_alive and time.monotonic() < deadline:
            time.sleep(0.02)
        # Once more: the supervisor may have been about to start the leader.
        processes = self._processes(job_id)
        sweep.end(processes.find, 0.0)
        return self.verify(job_id)

    def verify(self, job_id: str) -> StopReport:
        """Which processes of the job are there; none of them is touched."""
        survivors = [describe(stat, job_id) for stat in self._processes(job_id).find()]
        status = self._status_or_problem(job_id)
        return StopReport(job_id, status.state, survivors, status.reason)

    def _lock(self, job_id: str) -> threading.Lock:
        return self._locks.setdefault(job_id, threading.Lock())

    def _check_supervised(self, folder: Path) -> None:
        record = read_record(folder)
        if record.status.state is State.STARTING and not record.supervisor.pid:
            self._give_up(folder, record, "the supervisor ended before it could start the job")

    def _processes(self, job_id: str) -> JobProcesses:
        try:
            record = read_record(self._home.job(job_id))
        except LeptonError as error:
            if error.code == "job_id":
                raise
            return JobProcesses(job_id)
        return JobProcesses(job_id, record.supervisor, record.leader)

    def _status_or_problem(self, job_id: str) -> JobStatus:
        try:
            return self.status(job_id)
        except LeptonError as error:
            return JobStatus(job_id, State.UNKNOWN, error.message)

    def _of_unsupervised(self, folder: Path, record: Record) -> JobStatus:
        """The supervisor is gone without a last word."""
        status = record.status
        responsible = record.supervisor if record.supervisor.pid else record.starter
        if not responsible.is_of_this_boot:
            return self._give_up(folder, record, "the node was restarted while the job ran")
        if status.state is State.STARTING and _age_seconds(folder / NAME) < TAKEOVER_SECONDS:
            return status
        if JobProcesses(status.job_id, record.supervisor, record.leader).find():
            reason = "the supervisor is gone; the job goes on, its output and exit code are lost"
            return replace(status, reason=reason)
        reason = "the supervisor is gone and so is the job; how it ended is not known"
        return self._give_up(folder, record, reason)

    def _give_up(self, folder: Path, record: Record, reason: str) -> JobStatus:
        state = State.CANCELLED if record.status.state is State.STOPPING else State.FAILED
        status = replace(record.status, state=state, reason=reason, ended=_last_write(folder))
        try:
            write_record(folder, replace(record, status=status))
        except OSError:
            return status  # the next look comes to the same end
        return status


def _launch(folder: Path) -> None:
    """Run the supervisor; it answers, by ending its first process, when the job runs or failed."""
    environment = {name: value for name, value in os.environ.items() if name != sweep.TAG}
    command = [sys.executable, "-I", "-S", str(MAIN), "supervise", str(folder)]
    try:
        supervisor = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise LeptonError(
            f"No more processes can be started on the node: {error.strerror}.",
            "Look for what uses them up, or raise the login's process limit.",
            code="process_limit",
        ) from None
    try:
        _, said = supervisor.communicate(timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        return  # the machine is slow; the status says what became of it
    if supervisor.returncode != 0:
        lines = said.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise LeptonError(f"The supervisor of the job failed: {clean(lines[-1])}.")


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")


def _last_write(folder: Path) -> float | None:
    times = []
    for name in ("output.log", "metrics.jsonl", "events.jsonl", NAME):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times, default=None)
