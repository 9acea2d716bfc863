"""``output.log`` with logical offsets that survive rotation. Runs on every node.

The supervisor writes, agents read. Offsets count every byte that was ever stored; a rotation drops
the oldest half of the file and keeps the numbering. Which file starts where is looked up by
inode, so a reader in the middle of a rotation never mistakes one file for the other.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from lepton_desktop.agent.status_file import LogPiece, read_record

NAME = "output.log"
SMALLEST_LIMIT = 8 * 1024


class OutputLog:
    """The writing side. A full or ill disk costs output, never the job.

    ``record`` stores the pieces in ``status.json`` and answers whether it could.
    """

    def __init__(
        self, folder: Path, limit_bytes: int, record: Callable[[list[LogPiece]], bool]
    ) -> None:
        self._path = folder / NAME
        self._limit = max(limit_bytes, SMALLEST_LIMIT)
        self._record = record
        self._lost = 0
        self._handle = _open_new(self._path)
        self._size = 0
        self.pieces = [LogPiece(os.fstat(self._handle).st_ino, 0)]

    @property
    def start(self) -> int:
        """Logical offset of the first byte that is still there."""
        return self.pieces[-1].start

    def write(self, data: bytes) -> None:
        """Append; rotate when the file has grown beyond its limit."""
        if self._lost:
            note = f"[lepton: the disk took no more, {self._lost} bytes of output are lost]\n"
            if self._append(note.encode()):
                self._lost = 0
        if not self._append(data):
            self._lost += len(data)
        if self._size > self._limit:
            with contextlib.suppress(OSError):
                self._rotate()

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _append(self, data: bytes) -> bool:
        try:
            while data:
                written = os.write(self._handle, data)
                self._size += written
                data = data[written:]
        except OSError:
            return False
        return True

    def _rotate(self) -> None:
        keep = os.pread(self._handle, self._limit // 2, self._size - self._limit // 2)
        keep = keep[keep.find(b"\n") + 1 :]
        fresh = self._path.with_name(f".{NAME}.next")
        handle = _open_new(fresh)
        piece = LogPiece(os.fstat(handle).st_ino, self.start + self._size - len(keep))
        try:
            _write_all(handle, keep)
            recorded = self._record([self.pieces[-1], piece])
            if recorded:
                fresh.replace(self._path)
        except OSError:
            recorded = False
        if not recorded:
            os.close(handle)
            with contextlib.suppress(OSError):
                fresh.unlink()
            return
        os.close(self._handle)
        self._handle, self._size = handle, len(keep)
        self.pieces = [self.pieces[-1], piece]


def _open_new(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def read_output(folder: Path, offset: int, limit: int) -> tuple[int, bytes]:
    """Up to ``limit`` bytes from a logical offset; the answer names where they really start."""
    try:
        handle = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return offset, b""
    try:
        # The record is read while the file is open: its inode cannot belong to another file now.
        inode = os.fstat(handle).st_ino
        for piece in read_record(folder).output:
            if piece.inode == inode:
                offset = max(offset, piece.start)
                return offset, os.pread(handle, limit, offset - piece.start)
        return offset, b""  # rotated twice since it was opened: the next look will fit
    finally:
        os.close(handle)
