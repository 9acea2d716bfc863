"""Copies checkpoints off the node that wrote them, so that losing it loses little.

Runs in the engine.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from lepton_desktop.engine.runs.book import RunBook
from lepton_desktop.engine.runs.nodes import LINK_DOWN, Nodes
from lepton_desktop.engine.runs.records import Job, Run
from lepton_desktop.engine.runs.tasks import Tasks
from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import FileChunk

log = logging.getLogger(__name__)

KEPT = 3
"""Newest checkpoints of a run that stay on the desk."""

_FILE = re.compile(r"step_(\d{1,18})\.pt")


@dataclass(frozen=True)
class Latest:
    """``checkpoints/latest.json`` of a job."""

    file: str
    step: int
    sha256: str


class Collector:
    """One copy at a time for a run; what is announced meanwhile is copied next."""

    def __init__(self, nodes: Nodes, book: RunBook, folder: Path) -> None:
        self._nodes = nodes
        self._book = book
        self._folder = folder
        self._tasks = Tasks("checkpoints")
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: set[str] = set()
        self._owed: dict[str, tuple[Run, Job]] = {}

    async def close(self) -> None:
        """Drop what is being copied; the next start copies it again."""
        await self._tasks.close()

    def announce(self, run: Run, job: Job) -> None:
        """A job wrote a checkpoint."""
        if run.run_id not in self._waiting:
            self._waiting.add(run.run_id)
            self._tasks.start(self._collect_soon(run, job))

    def link_up(self, node: str) -> None:
        """Copy what could not be copied while the node was away."""
        owed = [pair for pair in self._owed.values() if pair[1].node == node]
        for run, job in owed:
            del self._owed[run.run_id]
            self.announce(run, job)

    async def _collect_soon(self, run: Run, job: Job) -> None:
        try:
            await self.collect(run, job)
        except LeptonError as error:
            away = error.code in LINK_DOWN
            if away:
                self._owed[run.run_id] = (run, job)
            level = logging.INFO if away else logging.WARNING
            log.log(level, "The checkpoint of %s was not copied: %s", job.job_id, error)

    async def collect(self, run: Run, job: Job) -> None:
        """Copy the newest checkpoint of a job unless it is here already.

        Raises:
            LeptonError: It cannot be read, or its content is not what the node announced.
        """
        async with self._locks.setdefault(run.run_id, asyncio.Lock()):
            self._waiting.discard(run.run_id)
            latest = await self.latest(job)
            target = self._folder / run.run_id / "checkpoints" / latest.file
            if not target.exists():
                await self._copy(job, latest, target)
                _forget_old(target.parent)
        if run.checkpoint != str(target) and run in self._book:
            run.checkpoint = str(target)
            self._book.save(run)

    async def collect_evaluation(self, run: Run, job: Job) -> None:
        """Copy the episodes of an evaluation beside the checkpoints.

        Raises:
            LeptonError: It is not there, or the node cannot be asked.
        """
        target = self._folder / run.run_id / "evaluation.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        source = f"{_home(self._nodes, job)}/jobs/{job.job_id}/artifacts/evaluation.json"
        await self._nodes.get(job.node, source, target)

    async def latest(self, job: Job) -> Latest:
        """What the node says of its newest checkpoint.

        Raises:
            LeptonError: There is none, or the node cannot be asked.
        """
        path = f"jobs/{job.job_id}/checkpoints/latest.json"
        params = {"path": path, "offset": 0, "limit": 4096}
        answer = await self._nodes.call(job.node, "file.read", params)
        try:
            found = build(Latest, json.loads(base64.b64decode(build(FileChunk, answer).data)))
        except (ValueError, WireError):
            raise _unreadable(job) from None
        if not _FILE.fullmatch(found.file):  # it becomes a path on this computer
            raise _unreadable(job)
        return found

    async def _copy(self, job: Job, latest: Latest, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        home = _home(self._nodes, job)
        source = f"{home}/jobs/{job.job_id}/checkpoints/{latest.file}"
        try:
            await self._nodes.get(job.node, source, part)
            digest = await asyncio.to_thread(_sha256, part)
            if digest != latest.sha256:
                raise LeptonError(
                    f"The copy of {latest.file} from {job.node} is damaged.",
                    "It is tried again with the next checkpoint.",
                    code="checkpoint_damaged",
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _home(nodes: Nodes, job: Job) -> str:
    hello = nodes.hello(job.node)
    if hello is None:
        raise LeptonError(f"The link to {job.node} is down.", code="link_down")
    return hello.home


def _unreadable(job: Job) -> LeptonError:
    return LeptonError(
        f"The list of checkpoints of {job.job_id} on {job.node} cannot be read.",
        "Look into the job's folder on the node.",
        code="checkpoint",
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _forget_old(folder: Path) -> None:
    found = [
        (int(match[1]), file) for file in folder.iterdir() if (match := _FILE.fullmatch(file.name))
    ]
    for _step, file in sorted(found)[:-KEPT]:
        file.unlink(missing_ok=True)
