"""Finds and ends what a demo leaves: processes by their environment, folders by their name.

Runs on the desk. Jobs outlive their link on purpose, so neither parents nor process groups lead to
them; the variables that a process was started with do.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil

TAG_VARIABLE = "LEPTON_DEMO"
"""Set for everything a demo starts: ``<pid>-<start time in ms>`` of the demo itself."""
NODE_HOME_VARIABLE = "LEPTON_NODE_HOME"
JOB_VARIABLE = "LEPTON_JOB_ID"
FOLDER_PREFIX = "lepton-demo-"
GRACE_SECONDS = 3.0


def own_tag() -> str:
    """The tag of this process."""
    return f"{os.getpid()}-{_started_ms(psutil.Process())}"


def make_folder(tag: str) -> Path:
    """A temporary folder that a later demo recognises as abandoned once its owner is gone."""
    return Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{tag}-"))


def owner_lives(tag: str) -> bool:
    """Whether the demo with this tag still runs; an unreadable tag counts as alive."""
    pid, _, started = tag.partition("-")
    if not pid.isdigit() or not started.isdigit():
        return True
    try:
        owner = psutil.Process(int(pid))
        # A dead process stays a zombie for as long as its parent does not ask for it.
        return owner.status() != psutil.STATUS_ZOMBIE and _started_ms(owner) == int(started)
    except psutil.NoSuchProcess:
        return False


def tagged(variable: str, value: str | None = None) -> list[psutil.Process]:
    """Processes of this user that were started with ``variable`` (set to ``value``), not this one.

    A process whose environment may not be read belongs to somebody else and is left out.
    """
    found = []
    for process in psutil.process_iter():
        content = _variable(process, variable)
        if process.pid == os.getpid() or content is None:
            continue
        if value is None or content == value:
            found.append(process)
    return found


def end(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Terminate, then kill; returns those that are still there."""
    for process in processes:
        _signal(process, force=False)
    _, stubborn = psutil.wait_procs(processes, timeout=GRACE_SECONDS)
    for process in stubborn:
        _signal(process, force=True)
    return psutil.wait_procs(stubborn, timeout=GRACE_SECONDS)[1]


def sweep_node(home: Path) -> list[psutil.Process]:
    """End every process that belongs to the node home; a job may fork while it dies, so twice."""
    end(tagged(NODE_HOME_VARIABLE, str(home)))
    return end(tagged(NODE_HOME_VARIABLE, str(home)))


def sweep_abandoned() -> list[str]:
    """End processes and delete folders of demos that were killed; says what was done."""
    done = []
    orphans = [
        process
        for process in tagged(TAG_VARIABLE)
        if not owner_lives(_variable(process, TAG_VARIABLE) or "")
    ]
    if orphans:
        left = end(orphans)
        done.append(f"ended {len(orphans) - len(left)} processes of a demo that was killed")
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*")):
        tag = "-".join(folder.name.removeprefix(FOLDER_PREFIX).split("-")[:2])
        if not owner_lives(tag) and _is_own(folder):
            shutil.rmtree(folder, ignore_errors=True)
            done.append(f"deleted {folder}")
    return done


def _started_ms(process: psutil.Process) -> int:
    return round(process.create_time() * 1000)


def _variable(process: psutil.Process, name: str) -> str | None:
    try:
        return process.environ().get(name)
    except (psutil.Error, OSError):
        return None


def _signal(process: psutil.Process, force: bool) -> None:
    try:
        if force:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return


def _is_own(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
