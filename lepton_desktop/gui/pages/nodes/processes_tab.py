"""The Processes tab of a node. Runs in the window."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtWidgets import QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.models.process_table import ProcessTableModel
from lepton_desktop.gui.widgets.layouts import vbox
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.table import DENSE_ROW_HEIGHT, Column, DataTable
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.desk import LinkState, NodeRow
from lepton_desktop.wire.node import ProcessInfo

PACE_SECONDS = 4.0
WIDTHS = (
    Column(60),
    Column(88),
    Column(54, right=True),
    Column(70, right=True),
    Column(78, right=True),
    Column(160, stretch=True),
)


class ProcessesTab(QWidget):
    """Asks every few seconds while it is the visible tab."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("node-processes")
        self._context = context
        self._model = ProcessTableModel(self)
        self._table = DataTable(
            self._model, WIDTHS, row_height=DENSE_ROW_HEIGHT, name=self.tr("Processes")
        )
        self._panel = StatePanel(self._table)
        self._panel.action_pressed.connect(lambda _: self._ask())
        self._row: NodeRow | None = None
        self._asked_at = 0.0
        self._busy = False
        self.setLayout(vbox((self._panel, 1)))

    def show_row(self, row: NodeRow) -> None:
        """Show a node."""
        if self._row is None or self._row.name != row.name:
            self._asked_at = 0.0
            self._busy = False
            self._model.show([])
            self._panel.show_loading(self.tr("Asking the node"))
        self._row = row
        self.tick()

    def tick(self) -> None:
        """A second has passed."""
        if self._row is None or not self.isVisible():
            return
        if self._row.state is not LinkState.UP:
            self._panel.show_error(self.tr("Not connected"), self._row.reason, retry=False)
        elif not self._busy and time.monotonic() - self._asked_at >= PACE_SECONDS:
            self._ask()

    def _ask(self) -> None:
        if self._row is None:
            return
        self._busy = True
        self._asked_at = time.monotonic()
        name = self._row.name
        self._context.link.call(
            "nodes.processes",
            {"name": name},
            lambda result: self._on_processes(name, result),
            lambda error: self._on_error(name, error),
            self,
        )

    def _on_processes(self, name: str, result: dict[str, Any]) -> None:
        if self._row is None or self._row.name != name:
            return
        self._busy = False
        self._model.show([build(ProcessInfo, item) for item in result["processes"]])
        if self._model.rowCount():
            self._panel.show_content()
        else:
            self._panel.show_empty("terminal", self.tr("No process worth a line"))

    def _on_error(self, name: str, error: LeptonError) -> None:
        if self._row is not None and self._row.name == name:
            self._busy = False
            self._panel.show_error(error.message, error.hint)
