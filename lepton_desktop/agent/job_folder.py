"""Makes the folder of a job, whole or not at all. Runs on every node, in the agent."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path, PurePosixPath

from lepton_desktop.agent.home import NodeHome, storage_error
from lepton_desktop.agent.identity import identify
from lepton_desktop.agent.status_file import Record, write_record
from lepton_desktop.agent.supervise import job_argv, job_environment
from lepton_desktop.agent.text import clean
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.node import JobSpec, JobStatus, State

RESERVED = ("job.json", "status.json", "output.log")
FRESH = ".new-"
LEFTOVER_SECONDS = 3600.0
SMALLEST_FREE_BYTES = 8 * 1024 * 1024
"""A job is not started with less room than this: it could not even log why it fails."""


def check_can_start(home: NodeHome, spec: JobSpec) -> None:
    """Find out beforehand what would make the job die at once.

    Raises:
        LeptonError: A path leads out of the folder, the program is missing, the disk is full.
    """
    folder = home.job(spec.job_id)
    for name in spec.files:
        _check_relative(name)
    _check_program(spec, folder)
    free = _free_bytes(home)
    if free < SMALLEST_FREE_BYTES:
        raise LeptonError(
            f"The disk of the node is full: {free // 1024} kB are left at {home.root}.",
            "Free some space there, or give the node another home folder.",
            code="disk_full",
        )


def make_job_folder(home: NodeHome, spec: JobSpec) -> bool:
    """Write ``job.json``, ``status.json`` and the job's files; False when the job exists already.

    All is written into a folder of another name, which is then renamed: what can be seen under
    the job's name is complete, and of two starts at once exactly one wins.

    Raises:
        LeptonError: The disk is full or refuses; nothing is left behind then.
    """
    target = home.job(spec.job_id)
    fresh: Path | None = None
    try:
        fresh = Path(tempfile.mkdtemp(prefix=FRESH, dir=home.jobs))
        _write(fresh / "job.json", json.dumps(dump(spec), indent=1))
        status = JobStatus(spec.job_id, State.STARTING)
        write_record(fresh, Record(status, starter=identify(os.getpid())))
        for name, text in spec.files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            _write(fresh / name, text)
        fresh.rename(target)
    except OSError as error:
        if target.exists():
            return False
        raise storage_error(error, f"The job cannot be written to {target}", target) from None
    except UnicodeEncodeError:
        raise LeptonError("A file of the job holds text that is not Unicode.") from None
    finally:
        if fresh is not None:
            shutil.rmtree(fresh, ignore_errors=True)
    return True


def remove_leftovers(home: NodeHome) -> None:
    """Clear away half-made folders of an agent that was killed while it wrote them."""
    for folder in home.jobs.glob(f"{FRESH}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > LEFTOVER_SECONDS:
                shutil.rmtree(folder)


def remove_job_folder(folder: Path) -> None:
    """Take back a job that never came to life."""
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)


def _free_bytes(home: NodeHome) -> int:
    try:
        return shutil.disk_usage(home.jobs).free
    except OSError as error:
        raise storage_error(error, "The node home cannot be looked at", home.jobs) from None


def _check_relative(name: str) -> None:
    path = PurePosixPath(name)
    unfit = not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name
    if unfit or str(path) in RESERVED:
        raise LeptonError(
            f"The job's file '{clean(name, 100)}' may not be written.",
            "Use a relative path inside the job folder, other than the job's own records.",
            code="path",
        )


def _check_program(spec: JobSpec, folder: Path) -> None:
    if not spec.argv or not spec.argv[0]:
        raise LeptonError("The job has no command.", code="argv")
    program = job_argv(spec, folder)[0]
    path = job_environment(spec, folder).get("PATH")
    if "/" in program and not Path(program).is_absolute():
        return  # relative to the job folder, which is not there yet
    if shutil.which(program, path=path) is None:
        there = Path(program).is_file()
        raise LeptonError(
            f"{clean(program)} {'is not executable' if there else 'does not exist'} on this node.",
            "Choose another Python for the node, or install what is missing.",
            code="program_missing",
        )
