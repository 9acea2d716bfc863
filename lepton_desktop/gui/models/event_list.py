"""Events of a run or of the lab, newest first. Runs in the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.wire.desk import ActivityRow

AnyIndex = QModelIndex | QPersistentModelIndex

EVENT_ROLE = Qt.ItemDataRole.UserRole + 1
EVENTS_KEPT = 2000

KIND_LEVELS = {"error": "error", "notice": "warning", "checkpoint": "info", "finished": "ok"}


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    time: float | None
    kind: str
    text: str
    detail: str = ""
    level: str = "info"
    """``info``, ``ok``, ``warning`` or ``error``."""
    step: int | None = None


def event_from_run(item: dict[str, Any]) -> Event:
    """An entry of ``runs.events``."""
    kind = str(item.get("kind", ""))
    hint = str(item.get("hint", ""))
    step = item.get("step")
    return Event(
        time=item.get("t"),
        kind=plain(kind),
        text=plain(str(item.get("text", ""))),
        detail=plain(hint),
        level=KIND_LEVELS.get(kind, "info"),
        step=step if isinstance(step, int) else None,
    )


def event_from_activity(row: ActivityRow) -> Event:
    """A line of the activity log."""
    where = f"{row.where}: " if row.where else ""
    return Event(row.time, row.who, plain(f"{where}{row.what}"), plain(row.detail), row.level)


class EventListModel(QAbstractListModel):
    """Events, newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._events: list[Event] = []

    def show(self, events: list[Event]) -> None:
        """Replace the events; equal ones emit nothing."""
        events = sorted(events, key=lambda event: -(event.time or 0.0))[:EVENTS_KEPT]
        if events == self._events:
            return
        self.beginResetModel()
        self._events = events
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Events."""
        return 0 if parent.isValid() else len(self._events)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """The event for the delegate, words for everything else."""
        if not index.isValid():
            return None
        event = self._events[index.row()]
        if role == EVENT_ROLE:
            return event
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{fmt.clock(event.time, seconds=True)}  {event.kind}  {event.text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{event.text}\n{event.detail}".strip()
        return None
