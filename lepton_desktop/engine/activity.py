"""The activity log: every action that changes something, who, when, where. Runs in the engine."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Any

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.connection import Handler, caller
from lepton_desktop.engine.params import whole
from lepton_desktop.engine.store import Connection, Store
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import ActivityRow

log = logging.getLogger(__name__)

SHOWN = 200
"""Newest rows on the board; ``activity.list`` reads further back."""

KEPT = 50_000
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class ActivityLog:
    """Writes to the store, the board and the log file."""

    def __init__(self, store: Store, board: ChangeBoard) -> None:
        self._store = store
        self._board = board
        self._shown: deque[int] = deque()
        for row in store.transact(lambda base: _newest(base, SHOWN)):
            self._show(row)

    def write(self, what: str, where: str = "", detail: str = "", level: str = "info") -> None:
        """Note an action; who did it is the client whose call is being served."""
        now, who = time.time(), caller.get()
        log.log(LEVELS.get(level, logging.INFO), "%s: %s %s %s", who, what, where, detail)
        try:
            number = self._store.transact(
                lambda base: _insert(base, (now, who, what, where, detail, level))
            )
        except LeptonError as error:  # what is noted has happened all the same
            log.error("The activity log cannot be written: %s", error)  # noqa: TRY400
            return
        self._show(ActivityRow(number, now, who, what, where, detail, level))

    def methods(self) -> dict[str, Handler]:
        """What clients may ask."""
        return {"activity.list": self._list}

    async def _list(self, params: dict[str, Any]) -> dict[str, list[ActivityRow]]:
        limit = max(1, min(whole(params, "limit", 100), 10_000))
        return {"activity": await self._store.read(lambda base: _newest(base, limit))}

    def _show(self, row: ActivityRow) -> None:
        self._board.publish("activity", str(row.id), row)
        self._shown.append(row.id)
        if len(self._shown) > SHOWN:
            self._board.remove("activity", str(self._shown.popleft()))


def _insert(base: Connection, values: tuple[Any, ...]) -> int:
    number = base.execute(
        "INSERT INTO activity (time, who, what, place, detail, level) VALUES (?, ?, ?, ?, ?, ?)",
        values,
    ).lastrowid
    base.execute("DELETE FROM activity WHERE id <= ?", ((number or 0) - KEPT,))
    return number or 0


def _newest(base: Connection, limit: int) -> list[ActivityRow]:
    rows = base.execute(
        "SELECT id, time, who, what, place, detail, level FROM activity ORDER BY id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [ActivityRow(*row) for row in reversed(rows)]
