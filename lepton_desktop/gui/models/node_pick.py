"""The nodes of the New run sheet: which are chosen, which are fit and why not. In the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from lepton_desktop.gui.models.node_reading import gpu_count
from lepton_desktop.gui.models.node_table import natural
from lepton_desktop.gui.models.run_form import LOCAL_NODE, Fitness, fitness
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.wire.desk import NodeRow

AnyIndex = QModelIndex | QPersistentModelIndex

NODE, LOAD, STATE = range(3)


class NodePickModel(QAbstractTableModel):
    """Fit nodes first, this computer on top of them."""

    chosen_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[NodeRow] = []
        self._chosen: set[str] = set()

    def chosen(self) -> list[str]:
        """Names of the chosen nodes, in table order."""
        return [row.name for row in self._rows if row.name in self._chosen]

    def is_chosen(self, row: NodeRow) -> bool:
        """Whether the node takes part."""
        return row.name in self._chosen

    def choose(self, names: list[str]) -> None:
        """Choose these and no others."""
        self._chosen = set(names)
        self._emit_all()

    def toggle(self, place: int) -> None:
        """Choose a node or take it out; an unfit one can only be taken out."""
        row = self._rows[place]
        if row.name in self._chosen:
            self._chosen.discard(row.name)
        elif fitness(row).fit:
            self._chosen.add(row.name)
        else:
            return
        self._emit_all()

    def row_at(self, place: int) -> NodeRow:
        """The node in a table row."""
        return self._rows[place]

    def fitness_at(self, place: int) -> Fitness:
        """Whether the node in a row can take a rank."""
        return fitness(self._rows[place])

    def apply(self, lab: Lab, delta: Delta) -> None:
        """Take over what changed; the order stays while the sheet is open."""
        if not delta.nodes_touched:
            return
        names = [row.name for row in self._rows if row.name in lab.nodes]
        known = set(names)
        fresh = [row for row in lab.nodes.values() if row.name not in known]
        fresh.sort(key=lambda row: (row.name not in self._chosen, *_order(row)))
        rows = [lab.nodes[name] for name in names] + fresh
        if [row.name for row in rows] == [row.name for row in self._rows]:
            self._rows = rows
            self._emit_rows()
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()
        gone = self._chosen - set(lab.nodes)
        if gone:
            self._chosen -= gone
            self.chosen_changed.emit()

    def _emit_rows(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, STATE))

    def _emit_all(self) -> None:
        self._emit_rows()
        self.chosen_changed.emit()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Nodes."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Node, load, state."""
        return 0 if parent.isValid() else 3

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:  # noqa: ANN401 - Qt's signature
        """Column heads."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Node"), self.tr("Current load"), self.tr("State"))[section]
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Words for screen readers and tool tips; the page paints cells."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            chosen = self.tr("chosen") if row.name in self._chosen else ""
            return f"{row.name} {chosen} {fitness(row).reason}".strip()
        if role == Qt.ItemDataRole.ToolTipRole:
            return fitness(row).reason or None
        return None


def _order(row: NodeRow) -> tuple[object, ...]:
    no_gpu = gpu_count(row) == 0
    return (not fitness(row).fit, row.name != LOCAL_NODE, no_gpu, natural(row.name))
