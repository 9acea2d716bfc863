"""Events of a run or of the lab, newest first. Runs in the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import Tone
from lepton_desktop.gui.widgets.cells import Cell, NameCell, TextCell
from lepton_desktop.gui.widgets.delegate import CELL_ROLE
from lepton_desktop.wire.desk import ActivityRow

AnyIndex = QModelIndex | QPersistentModelIndex

TIME, TEXT, DETAIL = range(3)
EVENTS_KEPT = 1000

KIND_LEVELS = {"error": "error", "notice": "warning", "finished": "ok", "checkpoint": "saved"}
LOOKS: dict[str, tuple[str, Tone]] = {
    "info": ("info", "t3"),
    "ok": ("circle-check", "ok"),
    "saved": ("save", "info"),
    "warning": ("triangle-alert", "warn"),
    "error": ("circle-x", "err"),
}


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    time: float | None
    text: str
    detail: str = ""
    level: str = "info"
    """A key of LOOKS."""
    kind: str = ""
    step: int | None = None


def event_from_run(item: dict[str, Any]) -> Event:
    """An entry of ``runs.events``."""
    kind, step = plain(str(item.get("kind", ""))), item.get("step")
    steps = f"{fmt.count(step)}" if isinstance(step, int) else ""
    return Event(
        time=item.get("t"),
        text=plain(str(item.get("text", ""))) or kind,
        detail=" · ".join(part for part in (plain(str(item.get("hint", ""))), steps) if part),
        level=KIND_LEVELS.get(kind, "info"),
        kind=kind,
        step=step if isinstance(step, int) else None,
    )


def event_from_activity(row: ActivityRow) -> Event:
    """A line of the activity log."""
    where = f" · {row.where}" if row.where else ""
    detail = " · ".join(part for part in (row.detail, row.who) if part)
    level = row.level if row.level in LOOKS else "info"
    return Event(row.time, plain(f"{row.what}{where}"), plain(detail), level)


class EventListModel(QAbstractTableModel):
    """Time, what, detail; newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._events: list[Event] = []

    @property
    def events(self) -> list[Event]:
        """Newest first."""
        return self._events

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

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Time, text, detail."""
        return 0 if parent.isValid() else 3

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:  # noqa: ANN401 - Qt's signature
        """Column heads."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Time"), self.tr("What"), self.tr("Detail"))[section]
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Cells for the delegate, words for everything else."""
        if not index.isValid():
            return None
        event = self._events[index.row()]
        if role == CELL_ROLE:
            return _cell(event, index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return (fmt.clock(event.time, seconds=True), event.text, event.detail)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{event.text}\n{event.detail}".strip()
        return None


def _cell(event: Event, column: int) -> Cell:
    if column == TIME:
        return TextCell(fmt.clock(event.time, seconds=True), "t3", "mono")
    if column == DETAIL:
        return TextCell(event.detail, "t3")
    icon, tone = LOOKS[event.level]
    return NameCell(event.text, icon=icon, icon_tone=tone)
