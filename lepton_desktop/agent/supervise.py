"""The supervisor of one job: starts it, keeps its output, writes how it ended.

Runs on every node, one small process a job, in a session of its own, so that it outlives the
agent, the link and the desk. It reads ``job.json``, writes ``status.json`` and ``output.log``.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import time
import traceback
from dataclasses import replace
from pathlib import Path
from types import FrameType

from lepton_desktop.agent import sweep
from lepton_desktop.agent.identity import identify
from lepton_desktop.agent.outcome import last_error, outcome
from lepton_desktop.agent.output_log import OutputLog
from lepton_desktop.agent.status_file import LogPiece, read_record, write_record
from lepton_desktop.agent.sweep import JobProcesses
from lepton_desktop.agent.text import clean
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import JobSpec, JobStatus, State

STOP_SIGNAL = signal.SIGUSR1
"""Tells a supervisor that the operator wants the end; the agent signals the job itself."""

STRAGGLER_SECONDS = 0.5
"""Processes that end by themselves right after the leader are left alone for so long."""

LEFTOVER_GRACE_SECONDS = 3.0
AGENT_STOPS_SECONDS = 30.0
"""While the agent carries out a stop it decides when to kill; longer than this it is gone."""


def supervise(folder_name: str) -> int:
    """Detach, then run the job in this folder; the caller returns once the job runs or failed."""
    folder = Path(folder_name)
    ready, tell = os.pipe()
    if os.fork():
        os.close(tell)
        os.read(ready, 1)
        return 0
    os.close(ready)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nowhere, handle)
    try:
        Supervisor(folder, tell).run()
    except Exception:  # noqa: BLE001 - a bug; stderr is closed, so it is kept where one looks
        (folder / "supervisor.log").write_text(traceback.format_exc(), encoding="utf-8")
        return 1
    return 0


def job_argv(spec: JobSpec, folder: Path) -> list[str]:
    """The command with its placeholders filled in."""
    return [_filled(word, folder) for word in spec.argv]


def job_environment(spec: JobSpec, folder: Path) -> dict[str, str]:
    """What the job finds in its environment: the node's own, what was asked, the tags."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        **{name: _filled(value, folder) for name, value in spec.env.items()},
        sweep.TAG: spec.job_id,
        "LEPTON_JOB_DIR": str(folder),
        "LEPTON_RUN_ID": spec.run_id,
    }


def _filled(text: str, folder: Path) -> str:
    return text.replace("{job}", str(folder)).replace("{home}", str(folder.parent.parent))


class Supervisor:
    """One job from start to end."""

    def __init__(self, folder: Path, ready: int) -> None:
        self._folder = folder
        self._ready = ready
        self._spec = build(JobSpec, json.loads((folder / "job.json").read_bytes()))
        self._record = read_record(folder)
        self._stopped_at: float | None = None
        self._told = 0
        self._pipe = -1
        self._signals = -1

    def run(self) -> None:
        """Start the job and stay until it and all it left behind is gone."""
        self._listen_to_signals()
        if self._record.status.state is not State.STARTING:
            return  # cancelled, or given up on, before this process got going
        _adopt_orphans()
        self._record = replace(self._record, supervisor=identify(os.getpid()))
        try:
            log = OutputLog(self._folder, self._spec.log_limit_bytes, self._keep_pieces)
            self._keep_pieces(log.pieces)
            if self._stopped:
                self._finish(State.CANCELLED, "stopped")
                return
            leader = self._start()
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            self._finish(State.FAILED, clean(f"cannot be started: {error}"))
            return
        started = time.time()
        self._save(state=State.RUNNING, pid=leader.pid, started=started)
        self._say_ready()
        code = self._watch(leader.pid, log)
        ended = self._end_leftovers(log)
        self._drain(log)
        log.close()
        error_text = "" if code == 0 else last_error(self._folder)
        state, reason = outcome(code, self._stopped, self._told, error_text)
        if ended:
            left = f"{'1 process' if ended == 1 else f'{ended} processes'} left behind, ended"
            reason = f"{reason}; {left}" if reason else left
        self._finish(state, reason, code)

    def _start(self) -> subprocess.Popen[bytes]:
        self._pipe, write_end = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            leader = subprocess.Popen(
                job_argv(self._spec, self._folder),
                cwd=self._folder,
                env=job_environment(self._spec, self._folder),
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(write_end)
        self._record = replace(self._record, leader=identify(leader.pid))
        return leader

    def _watch(self, leader: int, log: OutputLog) -> int:
        """Copy the output until the leader has ended; the answer is its exit code."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        poll.register(self._signals, select.POLLIN)
        while True:
            for handle, _ in poll.poll(1000):
                if handle == self._signals:
                    _swallow(handle)
                elif self._drain(log):
                    poll.unregister(handle)
            if self._stopped and self._record.status.state is State.RUNNING:
                self._save(state=State.STOPPING)
            if self._told or self._is_stop_overdue():
                sweep.end(self._processes().find, LEFTOVER_GRACE_SECONDS)
            code = _reap(leader)
            if code is not None:
                return code

    def _drain(self, log: OutputLog) -> bool:
        """Move what the pipe holds into the log; True when every writer has closed it."""
        for _ in range(64):
            try:
                data = os.read(self._pipe, 65536)
            except BlockingIOError:
                return False
            if not data:
                return True
            log.write(data)
        return False

    def _end_leftovers(self, log: OutputLog) -> int:
        """End what outlived the leader; the answer counts what did not go by itself."""
        find = self._processes().find
        patience = AGENT_STOPS_SECONDS if self._stopped else STRAGGLER_SECONDS
        deadline = time.monotonic() + patience
        while (left := find()) and time.monotonic() < deadline:
            self._drain(log)
            _reap(0)
            time.sleep(0.05)
        if left:
            sweep.end(find, LEFTOVER_GRACE_SECONDS)
        _reap(0)
        return 0 if self._stopped else len(left)

    @property
    def _stopped(self) -> bool:
        return self._stopped_at is not None

    def _is_stop_overdue(self) -> bool:
        since = self._stopped_at
        return since is not None and time.monotonic() - since > AGENT_STOPS_SECONDS

    def _processes(self) -> JobProcesses:
        return JobProcesses(self._spec.job_id, self._record.supervisor, self._record.leader)

    def _keep_pieces(self, pieces: list[LogPiece]) -> bool:
        self._record = replace(self._record, output=list(pieces))
        return self._save(output_start=pieces[-1].start)

    def _save(self, **changes: object) -> bool:
        status: JobStatus = replace(self._record.status, **changes)  # type: ignore[arg-type]
        self._record = replace(self._record, status=status)
        try:
            write_record(self._folder, self._record)
        except OSError:
            return False
        return True

    def _finish(self, state: State, reason: str, exit_code: int | None = None) -> None:
        for _ in range(10):
            if self._save(state=state, reason=reason, exit_code=exit_code, ended=time.time()):
                break
            time.sleep(1.0)  # the last word is worth waiting for an ill disk
        self._say_ready()

    def _say_ready(self) -> None:
        if self._ready < 0:
            return
        with contextlib.suppress(OSError):
            os.write(self._ready, b"1")
        os.close(self._ready)
        self._ready = -1

    def _listen_to_signals(self) -> None:
        self._signals, wake = os.pipe()
        os.set_blocking(self._signals, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        # Handlers, not SIG_IGN: what is ignored stays ignored in the job.
        for number in (signal.SIGCHLD, signal.SIGHUP, STOP_SIGNAL, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == STOP_SIGNAL:
            self._stopped_at = self._stopped_at or time.monotonic()
        elif number in (signal.SIGTERM, signal.SIGINT):
            self._told = number


def _reap(leader: int) -> int | None:
    """Collect every child that has ended; the exit code of the leader when it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == leader:
            code = os.waitstatus_to_exitcode(status)


def _swallow(handle: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(handle, 512):
            pass


def _adopt_orphans() -> None:
    """Make the kernel re-parent orphans of the job to this process instead of init."""
    set_child_subreaper = 36
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)
