"""Reads files of the node home for the desk, and no others. Runs on every node, in the agent."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.text import clean
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.node import FileChunk

MOST_BYTES = 2 * 1024 * 1024
"""More is cut: in Base64 it must fit in one line of the wire."""


def read_file(home: NodeHome, name: str, offset: int, limit: int) -> FileChunk:
    """A piece of a file.

    Raises:
        LeptonError: It is outside the node home, missing, or not a plain file.
    """
    path = _inside(home, name)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise LeptonError(
            f"{clean(name)} cannot be read: {error.strerror}.", code="file_missing"
        ) from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise LeptonError(f"{clean(name)} is not a plain file.", code="path")
        data = os.pread(handle, max(0, min(limit, MOST_BYTES)), max(0, min(offset, about.st_size)))
    finally:
        os.close(handle)
    return FileChunk(offset, about.st_size, base64.b64encode(data).decode("ascii"))


def _inside(home: NodeHome, name: str) -> Path:
    try:
        path = (home.root / name).resolve()
    except (OSError, ValueError, RuntimeError):  # a NUL, a loop of links
        path = Path("/")
    if home.root not in path.parents:
        raise LeptonError(
            f"'{clean(name)}' is not inside the node home.",
            "Give a path relative to the node home.",
            code="path",
        )
    return path
