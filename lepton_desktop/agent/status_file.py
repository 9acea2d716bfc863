"""``status.json`` of a job folder, written so that a reader never sees half. Runs on every node.

Beside the fields of JobStatus the file names the supervisor, the leader (the process that the
job's argv became) and the pieces of ``output.log``, so that any later agent can take over.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lepton_desktop.agent.identity import NOBODY, Identity
from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.node import JobStatus

NAME = "status.json"
PADDED_BYTES = 4096
"""The file is padded to this size: it can then be rewritten in place when the disk is full."""


@dataclass(frozen=True)
class LogPiece:
    """One ``output.log``: a rotation makes a new file (inode) that starts at a later offset."""

    inode: int
    start: int


@dataclass(frozen=True)
class Record:
    """All of ``status.json``."""

    status: JobStatus
    starter: Identity = NOBODY
    """The agent that made the folder; it answers for the job until there is a supervisor."""
    supervisor: Identity = NOBODY
    leader: Identity = NOBODY
    output: list[LogPiece] = field(default_factory=list)

    @property
    def is_looked_after(self) -> bool:
        """Whether somebody is there who will write the next state."""
        return (self.supervisor if self.supervisor.pid else self.starter).is_alive


def write_record(folder: Path, record: Record) -> None:
    """Replace ``status.json``; in place, as a last resort, when there is no room for a new file."""
    body: dict[str, Any] = dump(record)
    body.update(body.pop("status"))
    data = json.dumps(body).encode().ljust(PADDED_BYTES - 1) + b"\n"
    fresh = folder / f".{NAME}.{os.getpid()}"
    try:
        with fresh.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(folder / NAME)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        with (folder / NAME).open("r+b") as stream:
            stream.write(data)


def read_record(folder: Path) -> Record:
    """What ``status.json`` says.

    Raises:
        LeptonError: There is no such job, or its file is not readable.
    """
    for _ in range(5):
        try:
            return _parse((folder / NAME).read_bytes())
        except FileNotFoundError:
            raise LeptonError(
                f"This node knows no job {folder.name}.",
                "Its folder may have been removed by hand.",
                code="job_unknown",
            ) from None
        except (OSError, ValueError, WireError) as error:
            problem = str(error)
            time.sleep(0.02)  # a write in place, see above, may just be under way
    raise LeptonError(
        f"The file {folder / NAME} is not readable: {problem}.",
        "Check the disk of the node.",
        code="job_unreadable",
    )


def _parse(data: bytes) -> Record:
    body = json.loads(data)
    if not isinstance(body, dict):
        raise ValueError("not an object")  # noqa: TRY004 (handled with the other damage)
    return build(Record, {**body, "status": body})
