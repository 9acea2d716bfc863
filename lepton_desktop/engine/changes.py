"""Records with revisions, so that a slow client gets one coalesced answer. Runs in the engine."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from typing import Any

from lepton_desktop.wire.desk import Changes

TOPICS = ("nodes", "runs", "tasks", "activity", "engine")

REMOVALS_KEPT = 1000
"""A topic remembers this many removed keys; who is further behind starts over."""


class ChangeBoard:
    """The newest record of every key, stamped with a revision that only grows.

    Use it from the event loop's thread only. Removals are remembered, so a client that was away
    for a while hears of them; one that is older than this engine, or than the oldest removal that
    is remembered, gets everything, ``reset`` set.
    """

    def __init__(self, first_revision: int = 1) -> None:
        """Start counting at ``first_revision``, which must be beyond an earlier engine's last."""
        self._revision = first_revision
        self._oldest = first_revision
        self._rows: dict[str, dict[str, tuple[int, Any]]] = {topic: {} for topic in TOPICS}
        self._removed: dict[str, dict[str, int]] = {topic: {} for topic in TOPICS}
        self._waiters: set[asyncio.Event] = set()

    @property
    def revision(self) -> int:
        """Of the newest change."""
        return self._revision

    def publish(self, topic: str, key: str, record: object) -> None:
        """Replace the record of ``key``; an equal one changes nothing."""
        old = self._rows[topic].get(key)
        if old is not None and old[1] == record:
            return
        self._stamp()
        self._rows[topic][key] = (self._revision, record)
        self._removed[topic].pop(key, None)

    def remove(self, topic: str, key: str) -> None:
        """Forget ``key`` and tell the clients."""
        if self._rows[topic].pop(key, None) is not None:
            self._stamp()
            self._removed[topic][key] = self._revision
            self._forget_old_removals(topic)

    async def next(self, since: int, topics: Iterable[str], timeout_seconds: float) -> Changes:
        """Wait until something in ``topics`` is newer than ``since``, at most the given time."""
        wanted = [topic for topic in topics if topic in self._rows]
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            found = self.collect(since, wanted)
            left = deadline - asyncio.get_running_loop().time()
            if found is not None or left <= 0:
                return found or Changes(self._revision)
            await self._wait(left)

    def collect(self, since: int, topics: Iterable[str]) -> Changes | None:
        """What is newer than ``since``; None when nothing is."""
        reset = since < self._oldest or since > self._revision
        floor = 0 if reset else since
        rows: dict[str, list[Any]] = {}
        removed: dict[str, list[str]] = {}
        for topic in topics:
            rows[topic] = [row for stamp, row in self._rows[topic].values() if stamp > floor]
            gone = [key for key, stamp in self._removed[topic].items() if stamp > floor]
            if gone and not reset:
                removed[topic] = gone
        if not reset and not removed and not any(rows.values()):
            return None
        return Changes(self._revision, reset, removed=removed, **rows)

    def _forget_old_removals(self, topic: str) -> None:
        removed = self._removed[topic]
        while len(removed) > REMOVALS_KEPT:
            key = next(iter(removed))
            self._oldest = max(self._oldest, removed.pop(key))

    def _stamp(self) -> None:
        self._revision += 1
        for event in self._waiters:
            event.set()

    async def _wait(self, seconds: float) -> None:
        event = asyncio.Event()
        self._waiters.add(event)
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._waiters.discard(event)


_task_numbers = itertools.count(1)


def new_task_id() -> str:
    """A key for a TaskRow, unique in this engine's life."""
    return f"task-{next(_task_numbers)}"
