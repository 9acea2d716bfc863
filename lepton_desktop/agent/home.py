"""The node home: where agents, bundles, environments and jobs lie. Runs on every node."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path

from lepton_desktop.errors import LeptonError

JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}")


@dataclass(frozen=True)
class NodeHome:
    """Paths under the node home."""

    root: Path

    @property
    def jobs(self) -> Path:
        """One folder a job."""
        return self.root / "jobs"

    @property
    def python(self) -> Path:
        """Environments that Lepton provisioned."""
        return self.root / "python"

    def job(self, job_id: str) -> Path:
        """Folder of a job.

        Raises:
            LeptonError: The id could lead out of the jobs folder.
        """
        if not JOB_ID.fullmatch(job_id):
            raise LeptonError(
                "That is not a usable job id.",
                "Use up to 127 letters, digits, dots, dashes and underscores.",
                code="job_id",
            )
        return self.jobs / job_id


def open_home() -> NodeHome:
    """The node home, made when missing and readable by its owner only.

    Raises:
        LeptonError: It cannot be made or written.
    """
    named = os.environ.get("LEPTON_NODE_HOME") or "~/.local/share/lepton-desktop"
    root = Path(named).expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        home = NodeHome(root.resolve())
        home.jobs.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise storage_error(error, f"The node home {root} cannot be made", root) from None
    if not os.access(home.jobs, os.W_OK | os.X_OK):
        raise LeptonError(
            f"The node home {root} cannot be written.",
            "Give this node a home folder that the login may write to.",
            code="permission",
        )
    return home


def storage_error(error: OSError, what: str, where: Path) -> LeptonError:
    """The operator's view of a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LeptonError(
            f"{what}: the disk is full or the quota is used up.",
            f"Free some space on the file system that holds {where}.",
            code="disk_full",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return LeptonError(
            f"{what}: {error.strerror}.",
            f"Let the login write to {where}, or give the node another home folder.",
            code="permission",
        )
    return LeptonError(f"{what}: {error.strerror or error}.", code="storage")
