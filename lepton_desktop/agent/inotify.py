"""Sleeps until a job writes something. Runs on every node, in the agent; Linux only.

``inotify`` has no module in the standard library, so libc is called directly. Where that fails (no
libc symbol, no more watches) the caller looks at the files now and then instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
from pathlib import Path

IN_MODIFY, IN_CREATE, IN_MOVED_TO, IN_CLOSE_WRITE = 0x2, 0x100, 0x80, 0x8
_HEAD = struct.Struct("iIII")


class FolderWatch:
    """Tells which of several folders had a file written."""

    def __init__(self) -> None:
        self.handle = -1
        with contextlib.suppress(OSError, AttributeError):
            self._libc = ctypes.CDLL(None, use_errno=True)
            self.handle = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)

    def add(self, folder: Path) -> int | None:
        """Watch a folder; None when that is not possible."""
        if self.handle < 0:
            return None
        mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE
        watch: int = self._libc.inotify_add_watch(self.handle, os.fsencode(folder), mask)
        return watch if watch >= 0 else None

    def remove(self, watch: int | None) -> None:
        """Forget a folder."""
        if watch is not None and self.handle >= 0:
            self._libc.inotify_rm_watch(self.handle, watch)

    def read(self) -> set[int]:
        """The watches that something happened to since the last call."""
        if self.handle < 0:
            return set()
        happened = set()
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.handle, 64 * 1024):
                at = 0
                while at < len(data):
                    watch, _, _, length = _HEAD.unpack_from(data, at)
                    happened.add(watch)
                    at += _HEAD.size + length
        return happened
