"""Reads whole lines of a job's files from byte offsets. Runs on every node, in the agent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lepton_desktop.agent import output_log

FILES = ("events.jsonl", "metrics.jsonl", output_log.NAME)
"""What can be followed, most urgent first: a long log must not hold up the curve."""

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Chunk:
    """Whole lines; ``next_offset`` is where the next look begins."""

    offset: int
    next_offset: int
    data: bytes
    more: bool
    """Whether another look may find something right away."""


def read_lines(folder: Path, name: str, offset: int, ended: bool) -> Chunk | None:
    """The next lines from ``offset``, at most CHUNK_BYTES; None when there is none yet.

    A last line without newline is handed over only of a log whose job has ended. A line longer
    than a chunk is handed over in pieces when it is of a log; of a file of records it is passed
    over, since half a record is of no use: then ``data`` is empty.
    """
    is_log = name == output_log.NAME
    if is_log:
        offset, data = output_log.read_output(folder, offset, CHUNK_BYTES)
    else:
        data = _read(folder / name, offset)
    end, full = data.rfind(b"\n") + 1, len(data) >= CHUNK_BYTES
    if end == 0 and is_log:
        end = _character_end(data) if full else len(data) if ended else 0
    elif end == 0 and full:
        after = _after_newline(folder / name, offset + len(data))
        return None if after is None else Chunk(offset, after, b"", more=True)
    more = full or (is_log and ended and end < len(data))
    return Chunk(offset, offset + end, data[:end], more) if end else None


def _character_end(data: bytes) -> int:
    """Where to cut so that no UTF-8 character is torn."""
    for back in range(1, 4):
        byte = data[-back]
        if byte >= 0xC0:
            return len(data) - back
        if byte < 0x80:
            break
    return len(data)


def _after_newline(path: Path, offset: int) -> int | None:
    while data := _read(path, offset):
        at = data.find(b"\n")
        if at >= 0:
            return offset + at + 1
        offset += len(data)
    return None


def _read(path: Path, offset: int) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(handle, CHUNK_BYTES, offset)
    finally:
        os.close(handle)
