"""The node list of the New run sheet: a click or Space chooses. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QWidget

from lepton_desktop.gui.models import node_pick as columns
from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.node_pick import NodePickModel
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.cells import BarCell, Cell, ChipCell, GpuCell, NameCell
from lepton_desktop.gui.widgets.chips import ChipLook
from lepton_desktop.gui.widgets.table import DENSE_ROW_HEIGHT, HEAD_HEIGHT, Column, DataTable

Index = QModelIndex | QPersistentModelIndex
ROWS_SHOWN = 5


class NodePicker(DataTable):
    """Nodes with their load and state; unfit ones say why."""

    def __init__(self, model: NodePickModel, parent: QWidget | None = None) -> None:
        widths = [Column(190), Column(170), Column(150, stretch=True)]
        super().__init__(
            model, widths, self._cell, DENSE_ROW_HEIGHT, "new-run-nodes", parent=parent
        )
        self._pick = model
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.clicked.connect(lambda index: model.toggle(index.row()))
        self.fit_rows()
        model.modelReset.connect(self.fit_rows)

    def fit_rows(self) -> None:
        """As high as a few rows need, no higher."""
        rows = min(max(self._pick.rowCount(), 1), ROWS_SHOWN)
        self.setFixedHeight(theme().px(HEAD_HEIGHT + rows * DENSE_ROW_HEIGHT) + 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space chooses the current node."""
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self._pick.toggle(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def _cell(self, index: Index) -> Cell | None:
        row = self._pick.row_at(index.row())
        fit = self._pick.fitness_at(index.row())
        if index.column() == columns.NODE:
            chosen = self._pick.is_chosen(row)
            icon = "circle-check" if chosen else "circle" if fit.fit else "ban"
            return NameCell(row.name, icon=icon, icon_tone="acc" if chosen else "t3")
        if index.column() == columns.STATE:
            look = ChipLook(fit.reason, "warn", "triangle-alert")
            return ChipCell(
                (ChipLook(self.tr("Ready"), "ok", "circle-check") if fit.fit else look,)
            )
        loads = reading.gpu_utilisation(row)
        if loads:
            return GpuCell(loads, fmt.share(reading.mean(loads)))
        load = reading.cpu_fraction(row)
        return None if load is None else BarCell(load, fmt.share(load), "cpu")
