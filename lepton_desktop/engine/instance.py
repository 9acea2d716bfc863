"""One engine a home: the lock, the address file, the log. Runs in the engine."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths, write_private

LOG_BYTES = 4 * 1024 * 1024
LOG_FILES = 3
ANNOUNCED_SECONDS = 10.0
"""How long another engine may take from its lock to its address file."""


@dataclass(frozen=True)
class Address:
    """``engine.json``: where the engine listens, and the token that clients show."""

    port: int
    token: str
    pid: int
    version: str
    started: float


@contextlib.contextmanager
def sole_engine(paths: Paths) -> Iterator[bool]:
    """Hold the home's lock for the time of the block; False when another engine holds it.

    The kernel drops the lock with its process, however that ends, so it is never stale.
    """
    try:
        handle = paths.lock_file.open("a")
    except OSError as error:
        raise LeptonError(
            f"The folder {paths.home} cannot be written: {error.strerror}.",
            "Check who owns it, or set LEPTON_HOME to another folder.",
            code="home",
        ) from None
    with handle:
        yield _lock(handle)


def _lock(handle: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def announce(paths: Paths, address: Address) -> None:
    """Tell clients where the engine is; the port is open already."""
    write_private(paths.engine_file, json.dumps(asdict(address)) + "\n")


def forget(paths: Paths) -> None:
    """Remove the address: this engine ends, or an earlier one left it behind."""
    paths.engine_file.unlink(missing_ok=True)


def where_it_runs(paths: Paths) -> str:
    """One sentence about the engine that holds the lock."""
    deadline = time.monotonic() + ANNOUNCED_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            found = json.loads(paths.engine_file.read_text(encoding="utf-8"))
            return (
                f"The engine already runs for {paths.home}:"
                f" pid {int(found['pid'])}, 127.0.0.1:{int(found['port'])}."
            )
        time.sleep(0.05)
    return f"Another engine holds {paths.lock_file} and has not said where it listens."


def log_to(file: Path) -> None:
    """Everything from INFO on goes to the rotated log file, errors also to stderr."""
    try:
        to_file = logging.handlers.RotatingFileHandler(
            file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
    except OSError as error:
        raise LeptonError(
            f"The log {file} cannot be written: {error.strerror}.",
            "Check who owns it.",
            code="home",
        ) from None
    form = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    to_file.setFormatter(form)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(to_file)
    if not _is_same(sys.stderr, file):
        to_terminal = logging.StreamHandler()
        to_terminal.setLevel(logging.ERROR)
        to_terminal.setFormatter(form)
        root.addHandler(to_terminal)
    for noisy in ("paramiko", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _is_same(stream: IO[str], file: Path) -> bool:
    """Clients start the engine with stderr in this very file: each line is wanted once."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), file.stat())
    except (OSError, ValueError):
        return False
