"""The node table: filtered, sorted rows that change in place. Runs in the window.

A tick emits one ``dataChanged`` range over the rows that changed; rows move only when the sort
order asks for it, so a table sorted by name stands still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.node_filter import FilterTerm, matches, parse_filter
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.wire.desk import LinkState, NodeRow

AnyIndex = QModelIndex | QPersistentModelIndex

COLUMNS = ("name", "cpu", "memory", "gpus", "temperature", "power", "environment")
NAME, CPU, MEMORY, GPUS, TEMPERATURE, POWER, ENVIRONMENT = range(len(COLUMNS))

ROW_ROLE = Qt.ItemDataRole.UserRole + 1
"""The NodeRow; delegates paint from it."""
HISTORY_ROLE = Qt.ItemDataRole.UserRole + 2
"""The newest CPU loads, 0 to 1, oldest first."""
HISTORY_LENGTH = 40


def _number(value: float | None) -> tuple[bool, float]:
    """Unknown values sort below every number."""
    return (value is not None, value if value is not None else 0.0)


_STATE_ORDER = {
    LinkState.BLOCKED: 0,
    LinkState.RECONNECTING: 1,
    LinkState.CONNECTING: 2,
    LinkState.UP: 3,
}

SORT_KEYS: dict[int, Callable[[NodeRow], Any]] = {
    CPU: lambda row: _number(reading.cpu_fraction(row)),
    MEMORY: lambda row: _number(reading.memory_fraction(row)),
    GPUS: lambda row: _number(reading.mean(reading.gpu_utilisation(row))),
    TEMPERATURE: lambda row: _number(reading.hottest_celsius(row)),
    POWER: lambda row: _number(reading.power_watts(row)),
    ENVIRONMENT: lambda row: (_STATE_ORDER[row.state], bool(row.python)),
}


@lru_cache(maxsize=8192)
def natural(name: str) -> tuple[tuple[int, str | int], ...]:
    """Sort key that puts ``gpu-2`` before ``gpu-10``."""
    parts: list[str] = []
    for char in name.lower():
        if parts and char.isdigit() == parts[-1][-1].isdigit():
            parts[-1] += char
        else:
            parts.append(char)
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


class NodeTableModel(QAbstractTableModel):
    """Nodes of the lab that pass the filter, in the chosen order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: dict[str, NodeRow] = {}
        self._names: list[str] = []
        self._places: dict[str, int] = {}
        self._history: dict[str, deque[float]] = {}
        self._terms: list[FilterTerm] = []
        self._column = NAME
        self._order = Qt.SortOrder.AscendingOrder

    # What the page asks.

    @property
    def total(self) -> int:
        """Nodes before the filter."""
        return len(self._all)

    @property
    def terms(self) -> list[FilterTerm]:
        """The filter as parsed."""
        return self._terms

    def row_at(self, place: int) -> NodeRow:
        """The node in a table row."""
        return self._all[self._names[place]]

    def place_of(self, name: str) -> int | None:
        """The table row of a node; None when it is filtered out or unknown."""
        return self._places.get(name)

    # What changes it.

    def apply(self, lab: Lab, delta: Delta) -> None:
        """Take over what changed in the lab."""
        if not delta.nodes_touched:
            return
        for name in delta.nodes_gone:
            self._history.pop(name, None)
        self._remember(lab, delta.nodes)
        self._all = dict(lab.nodes)
        if delta.reset or self._wanted_names() != self._names:
            self._arrange()
        self._emit_range(delta.nodes)

    def set_filter(self, text: str) -> None:
        """Show only the nodes that match."""
        self._terms = parse_filter(text)
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; equal rows stay in name order."""
        self._column, self._order = column, order
        self._arrange()

    def _remember(self, lab: Lab, names: Iterable[str]) -> None:
        for name in names:
            row = lab.nodes.get(name)
            old = self._all.get(name)
            if row is None or (old is not None and old.sample == row.sample):
                continue
            load = reading.cpu_fraction(row)
            if load is not None:
                self._history.setdefault(name, deque(maxlen=HISTORY_LENGTH)).append(load)

    def _wanted_names(self) -> list[str]:
        rows = [row for row in self._all.values() if matches(row, self._terms)]
        rows.sort(key=lambda row: natural(row.name))
        descending = self._order is Qt.SortOrder.DescendingOrder
        key = SORT_KEYS.get(self._column)
        if key is not None:
            rows.sort(key=key, reverse=descending)
        elif descending:
            rows.reverse()
        return [row.name for row in rows]

    def _arrange(self) -> None:
        """New order, rows come or go: selection and current row stay with their nodes."""
        names = self._wanted_names()
        if names == self._names:
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        owners = [self._names[index.row()] for index in kept]
        self._names = names
        self._places = {name: place for place, name in enumerate(names)}
        for index, owner in zip(kept, owners, strict=True):
            place = self._places.get(owner)
            moved = QModelIndex() if place is None else self.index(place, index.column())
            self.changePersistentIndex(index, moved)
        self.layoutChanged.emit()

    def _emit_range(self, names: Iterable[str]) -> None:
        places = [self._places[name] for name in names if name in self._places]
        if places:
            top, bottom = self.index(min(places), 0), self.index(max(places), len(COLUMNS) - 1)
            self.dataChanged.emit(top, bottom)

    # What Qt asks.

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Nodes shown."""
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Columns, see COLUMNS."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Rows for the delegate, words for screen readers and copying."""
        if not index.isValid():
            return None
        row = self.row_at(index.row())
        if role == ROW_ROLE:
            return row
        if role == HISTORY_ROLE:
            return list(self._history.get(row.name, ()))
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (TEMPERATURE, POWER):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:  # noqa: ANN401 - Qt's signature
        """Column heads."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft
            if section in (TEMPERATURE, POWER):
                side = Qt.AlignmentFlag.AlignRight
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                self.tr("Node"),
                self.tr("CPU"),
                self.tr("Memory"),
                self.tr("GPUs"),
                self.tr("Max temp"),
                self.tr("Power"),
                self.tr("Environment"),
            )[section]
        return None

    def _words(self, row: NodeRow, column: int) -> str:
        if column == NAME:
            return row.name
        if column == ENVIRONMENT:
            return self.tr("Ready") if row.python else self.tr("Missing")
        if column == TEMPERATURE:
            return fmt.celsius(reading.hottest_celsius(row))
        if column == POWER:
            return fmt.power(reading.power_watts(row))
        loads = {
            CPU: reading.cpu_fraction(row),
            MEMORY: reading.memory_fraction(row),
            GPUS: reading.mean(reading.gpu_utilisation(row)),
        }
        return fmt.share(loads[column])

    def _tip(self, row: NodeRow, column: int) -> str | None:
        if column == NAME:
            return "\n".join(part for part in (row.name, row.address, row.reason, row.hint) if part)
        if column == ENVIRONMENT:
            return row.python_problem or row.python or None
        return None
