"""Processes of one node: accelerator users first, then by CPU. Runs in the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.cells import Cell, ChipCell, TextCell
from lepton_desktop.gui.widgets.chips import ChipLook
from lepton_desktop.gui.widgets.delegate import CELL_ROLE
from lepton_desktop.wire.node import ProcessInfo

AnyIndex = QModelIndex | QPersistentModelIndex

COLUMNS = ("pid", "user", "cpu", "memory", "gpu", "command")
PID, USER, CPU, MEMORY, GPU, COMMAND = range(len(COLUMNS))


class ProcessTableModel(QAbstractTableModel):
    """What ``nodes.processes`` answered last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[ProcessInfo] = []

    def show(self, processes: list[ProcessInfo]) -> None:
        """Replace the rows; a table of the same processes keeps its place."""
        rows = sorted(
            processes,
            key=lambda row: (-(row.gpu_memory_bytes or 0), -(row.cpu_percent or 0), row.pid),
        )
        if [row.pid for row in rows] == [row.pid for row in self._rows]:
            self._rows = rows
            if rows:
                last = self.index(len(rows) - 1, len(COLUMNS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Processes."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Columns, see COLUMNS."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:  # noqa: ANN401 - Qt's signature
        """Column heads."""
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            self.tr("PID"),
            self.tr("User"),
            self.tr("CPU"),
            self.tr("Memory"),
            self.tr("GPU"),
            self.tr("Command"),
        )[section]

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Cells for the delegate, words for everything else."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == CELL_ROLE:
            return self._cell(row, index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _words(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == COMMAND:
            return plain(row.command)
        return None

    def _cell(self, row: ProcessInfo, column: int) -> Cell:
        words = _words(row, column)
        if column == PID:
            return TextCell(words, "t3", "mono")
        if column == COMMAND:
            return TextCell(words, "t1", "mono")
        if column == USER and row.job_id:
            return ChipCell((ChipLook(self.tr("Lepton job"), "info"),))
        return TextCell(words)


def _words(row: ProcessInfo, column: int) -> str:
    if column == GPU:
        devices = ", ".join(map(str, row.gpu_indices))
        memory = fmt.byte_size(row.gpu_memory_bytes)
        return f"{devices}: {memory}" if devices else memory
    return {
        PID: str(row.pid),
        USER: plain(row.user),
        CPU: fmt.percent(row.cpu_percent),
        MEMORY: fmt.byte_size(row.memory_bytes),
        COMMAND: plain(row.command),
    }[column]
