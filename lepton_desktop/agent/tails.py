"""Follows the files of jobs and sends every new line once. Runs on every node, in the agent.

One thread serves all followed jobs. It sleeps in the kernel until a job folder is written to, and
looks once a second whether the supervisors still live. A job that has ended and was sent to its
last byte costs nothing any more.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque
from dataclasses import dataclass

from lepton_desktop.agent.inotify import FolderWatch
from lepton_desktop.agent.jobs import Jobs
from lepton_desktop.agent.line_reader import FILES, read_lines
from lepton_desktop.agent.outbox import Outbox
from lepton_desktop.agent.text import clean
from lepton_desktop.errors import WireError
from lepton_desktop.wire.node import JobLines, JobStatus, State

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.1
"""Writes that follow each other closer than this are sent together."""

LOOK_SECONDS = 1.0
BLIND_LOOK_SECONDS = 0.2
"""Without inotify files are looked at this often."""

LARGEST_OFFSET = 2**62


@dataclass
class _Followed:
    job_id: str
    offsets: dict[str, int]
    watch: int | None = None
    dirty: bool = True
    looked_at: float = 0.0
    told: JobStatus | None = None


class Tails:
    """The followed jobs."""

    def __init__(self, jobs: Jobs, outbox: Outbox) -> None:
        self._jobs = jobs
        self._outbox = outbox
        self._followed: dict[str, _Followed] = {}
        self._orders: deque[tuple[str, _Followed | None]] = deque()
        self._folders = FolderWatch()
        self._wake_end, self._wake = os.pipe()
        os.set_blocking(self._wake_end, False)
        os.set_blocking(self._wake, False)
        self._poll = select.poll()
        for handle in (self._wake_end, self._folders.handle):
            if handle >= 0:
                self._poll.register(handle, select.POLLIN)
        threading.Thread(target=self._run, name="tails", daemon=True).start()

    def follow(self, job_id: str, offsets: dict[str, int]) -> None:
        """Send ``job.lines`` from these offsets on (0 for a file not named), and ``job.status``.

        Raises:
            LeptonError: There is no such job, or an offset makes no sense.
        """
        for name, offset in offsets.items():
            if name not in FILES or not 0 <= offset <= LARGEST_OFFSET:
                raise WireError(f"offsets: only {', '.join(FILES)} can be followed, from 0 on.")
        self._jobs.status(job_id)
        start = {name: offsets.get(name, 0) for name in FILES}
        self._order(job_id, _Followed(job_id, start))

    def unfollow(self, job_id: str) -> None:
        """Stop sending; the lines that are on their way may still come."""
        self._order(job_id, None)

    def _order(self, job_id: str, followed: _Followed | None) -> None:
        self._orders.append((job_id, followed))
        try:
            os.write(self._wake, b"1")
        except BlockingIOError:
            return  # it will wake up anyway

    def _run(self) -> None:
        last = 0.0
        while True:
            patience = self._patience_ms()
            self._poll.poll(patience)
            if patience != 0:
                time.sleep(max(0.0, last + GATHER_SECONDS - time.monotonic()))
            last = time.monotonic()
            self._take_orders()
            written = self._folders.read()
            for followed in list(self._followed.values()):
                followed.dirty |= followed.watch in written
                if followed.dirty or last - followed.looked_at >= self._look_seconds(followed):
                    self._look(followed)

    def _patience_ms(self) -> float | None:
        if not self._followed:
            return None
        if any(followed.dirty for followed in self._followed.values()):
            return 0
        return 1000 * min(self._look_seconds(followed) for followed in self._followed.values())

    @staticmethod
    def _look_seconds(followed: _Followed) -> float:
        return BLIND_LOOK_SECONDS if followed.watch is None else LOOK_SECONDS

    def _take_orders(self) -> None:
        try:
            os.read(self._wake_end, 4096)
        except BlockingIOError:
            return
        while self._orders:
            job_id, followed = self._orders.popleft()
            self._forget(job_id)
            if followed is not None:
                followed.watch = self._folders.add(self._jobs.folder(job_id))
                self._followed[job_id] = followed

    def _forget(self, job_id: str) -> None:
        old = self._followed.pop(job_id, None)
        if old is not None:
            self._folders.remove(old.watch)

    def _look(self, followed: _Followed) -> None:
        """Send what is new. The status is read first: what it calls final is complete on disk."""
        followed.dirty, followed.looked_at = False, time.monotonic()
        try:
            status = self._jobs.status(followed.job_id)
            if not status.state.is_final:
                self._tell(followed, status)
            followed.dirty = self._send_lines(followed, status.state.is_final)
        except Exception as error:  # noqa: BLE001 - one job's damage never ends the other follows
            log.warning("The job %s can no longer be followed: %s", followed.job_id, error)
            self._tell(followed, JobStatus(followed.job_id, State.UNKNOWN, clean(str(error))))
            self._forget(followed.job_id)
            return
        if status.state.is_final and not followed.dirty:
            self._tell(followed, status)
            self._forget(followed.job_id)

    def _send_lines(self, followed: _Followed, ended: bool) -> bool:
        """One chunk of each file, so that nothing holds up the rest; True when there is more."""
        folder = self._jobs.folder(followed.job_id)
        more = False
        for name in FILES:
            chunk = read_lines(folder, name, followed.offsets[name], ended)
            if chunk is None:
                continue
            more |= chunk.more
            followed.offsets[name] = chunk.next_offset
            if not chunk.data:
                log.warning("A line of %s in %s is too long.", name, followed.job_id)
            text = chunk.data.decode("utf-8", "replace")
            lines = JobLines(followed.job_id, name, chunk.offset, chunk.next_offset, text)
            self._outbox.notify("job.lines", lines)
        return more

    def _tell(self, followed: _Followed, status: JobStatus) -> None:
        if status != followed.told:
            followed.told = status
            self._outbox.notify("job.status", status)
