"""Finds the running engine and starts one when there is none. Runs on the desk."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.settings import PACKAGE, Paths
from lepton_desktop.wire.convert import build

START_SECONDS = 40.0
TELL_SECONDS = 2.0
LOG_TAIL_LINES = 12

Progress = Callable[[str], None]

_started: list[subprocess.Popen[bytes]] = []
"""Engines that this process started: kept so that a dead one is reaped, not left a zombie."""


@dataclass(frozen=True)
class EngineAddress:
    """What ``engine.json`` says of the running engine."""

    port: int
    token: str
    pid: int
    version: str = ""
    started: float = 0.0


def read_address(paths: Paths) -> EngineAddress | None:
    """The content of ``engine.json``; None when there is no usable one."""
    try:
        return build(EngineAddress, json.loads(paths.engine_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, WireError):
        return None  # absent, or left half-made by something else: no engine to talk to


def find_engine(paths: Paths) -> EngineAddress | None:
    """The engine that runs for this home: its process lives and its port answers."""
    _reap()
    address = read_address(paths)
    if address is None or not is_alive(address.pid) or not _answers(address.port):
        return None
    return address


def not_running(paths: Paths) -> LeptonError:
    """The error for a call that needs a running engine."""
    return LeptonError(
        f"No engine runs for {paths.home}.",
        "Start it with: leptonctl engine start",
        code="engine_not_running",
    )


def start_engine(
    paths: Paths, progress: Progress | None = None, deadline_seconds: float = START_SECONDS
) -> EngineAddress:
    """The running engine, or a new one, detached from this process.

    Args:
        paths: The desk's files.
        progress: Told in words what happens.
        deadline_seconds: How long a new engine may take until it answers.

    Raises:
        LeptonError: It ended or did not answer in time; the hint carries the end of its log.
    """
    running = find_engine(paths)
    if running is not None:
        return running
    say = progress or _say_nothing
    paths.make()
    log_start = paths.log_file.stat().st_size if paths.log_file.exists() else 0
    say("Starting the engine")
    process = _launch(paths)
    found = _wait(paths, process, say, deadline_seconds)
    if found is None:
        raise _start_failed(paths, process, log_start, deadline_seconds)
    return found


def _wait(
    paths: Paths, process: subprocess.Popen[bytes], say: Progress, deadline_seconds: float
) -> EngineAddress | None:
    begun = told = time.monotonic()
    while (now := time.monotonic()) - begun < deadline_seconds:
        found = find_engine(paths)
        if found is not None:
            say(f"The engine is ready after {now - begun:.1f} s")
            return found
        # Exit code 0 means that another engine was faster and holds the lock: wait for that one.
        if process.poll() not in (None, 0):
            return None
        if now - told >= TELL_SECONDS:
            told = now
            say(f"Waiting for the engine ({now - begun:.0f} s)")
        time.sleep(0.05)
    return None


def _launch(paths: Paths) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lepton_desktop.engine", "--home", str(paths.home)]
    with paths.log_file.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=PACKAGE.parent,  # a checkout works without being installed
            start_new_session=True,
            creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),  # Windows,
        )
    _started.append(process)
    return process


def _start_failed(
    paths: Paths, process: subprocess.Popen[bytes], log_start: int, waited: float
) -> LeptonError:
    code = process.poll()
    what = f"did not answer within {waited:.0f} s" if code is None else f"ended with code {code}"
    if code is None:
        process.terminate()
    tail = _log_tail(paths, log_start)
    said = f"The end of its log:\n{tail}" if tail else "It logged nothing."
    return LeptonError(
        f"The engine {what}.", f"{said}\nThe whole log: {paths.log_file}", code="engine_start"
    )


def _log_tail(paths: Paths, start: int) -> str:
    try:
        with paths.log_file.open("rb") as log:
            log.seek(start)
            text = log.read()[-16384:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])


def is_alive(pid: int) -> bool:
    """Whether the process runs; a dead one that its parent did not ask for does not."""
    _reap()
    if sys.platform == "win32":
        return True  # no harmless signal there; the port decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False  # not Linux, or gone this moment
    return status.rpartition(")")[2].split()[:1] == ["Z"]


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0):
            return True
    except OSError:
        return False


def _reap() -> None:
    _started[:] = [process for process in _started if process.poll() is None]


def _say_nothing(_text: str) -> None:
    return
