"""Active runs with their live return. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Signal
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.models import running_table as columns
from lepton_desktop.gui.models.curves import CurveStore
from lepton_desktop.gui.models.running_table import RunningTableModel
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.cells import BarCell, Cell, NameCell, SparkCell, TextCell
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.surfaces import Card
from lepton_desktop.gui.widgets.table import Column, DataTable
from lepton_desktop.wire.desk import RunRow

Index = QModelIndex | QPersistentModelIndex

WIDTHS = (
    Column(176),
    Column(124),
    Column(150, stretch=True),
    Column(72, right=True),
    Column(82, right=True),
    Column(120),
    Column(84, right=True),
)


class RunningCard(Card):
    """The table, or how to start a run."""

    opened = Signal(str)
    """A run id."""
    nodes_outlined = Signal(list)
    """Nodes of the run under the cursor."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(" ", margins=(0, 12, 0, 0), gap=4, parent=parent)
        self.title.set_text(self.tr("Running"))
        self.setAccessibleName(self.tr("Running"))
        self.header.setContentsMargins(14, 0, 14, 0)
        self._context = context
        self._curves = CurveStore(context.link, self)
        self._model = RunningTableModel(self._curves, self)
        self._table = DataTable(self._model, WIDTHS, self._cell, name=self.tr("Running"))
        self._table.setObjectName("running-table")
        self._table.opened.connect(self._on_opened)
        self._table.clicked.connect(self._on_opened)
        self._table.current_row_changed.connect(self._on_current_changed)
        self._panel = StatePanel(self._table)
        self._panel.action_pressed.connect(lambda _: context.actions.trigger("run.new"))
        view_all = Button(self.tr("View all"), "link", height=24)
        view_all.clicked.connect(lambda: context.navigate("runs", ""))
        self.add_to_header(view_all)
        self.add(self._panel, 1)

    def apply(self, lab: Lab, delta: Delta) -> None:
        """Take over what changed."""
        if not delta.runs_touched:
            return
        self._model.apply(lab, delta)
        count = self._model.rowCount()
        self.subtitle.set_text(fmt.number(count) if count else "")
        if count:
            self._panel.show_content()
        else:
            self._panel.show_empty(
                "activity",
                self.tr("No run is active"),
                self.tr("Choose an environment, a reward function and nodes."),
                self.tr("New run"),
            )

    def _on_opened(self, index: QModelIndex) -> None:
        self.opened.emit(self._model.rows[index.row()].run_id)

    def _on_current_changed(self, place: int) -> None:
        rows = self._model.rows
        self.nodes_outlined.emit(rows[place].nodes if 0 <= place < len(rows) else [])

    def _cell(self, index: Index) -> Cell | None:
        run = self._model.rows[index.row()]
        column = index.column()
        if column == columns.RUN:
            reward = reading.reward_name(run) or reading.environment(run)
            meta = f"{reading.algorithm(run)} · {reward}"
            return NameCell(run.name, meta, swatch=f"series:{reading.colour_index(run)}")
        if column == columns.NODES:
            return TextCell(self._where(run))
        if column == columns.PROGRESS:
            return self._progress(run)
        if column == columns.REWARD:
            tone = f"series:{reading.colour_index(run)}"
            values = self._model.spark(run)
            return SparkCell(values, "", tone, None, None) if len(values) > 1 else None
        if column == columns.CHANGE:
            return _change_cell(self._model.change(run))
        words = str(self._model.data(index))
        strong = column == columns.LAST and words != fmt.EMPTY
        return TextCell(words, "t1" if strong else "t2", "small-strong" if strong else "small")

    def _where(self, run: RunRow) -> str:
        if len(run.nodes) == 1:
            return run.nodes[0]
        words = self.tr("{nodes} nodes, {ranks} ranks")
        return words.format(nodes=len(run.nodes), ranks=run.world_size)

    @staticmethod
    def _progress(run: RunRow) -> Cell:
        share = reading.progress(run)
        if run.phase == "evaluating" or run.step == 0:
            return TextCell(run.phase or run.state.value.lower(), "t3")
        return BarCell(share, fmt.share(share))


def _change_cell(change: float | None) -> Cell | None:
    if change is None:
        return None
    tone = "ok" if change > 0 else "err" if change < 0 else "t3"
    return TextCell(fmt.significant(change, sign=True), tone)
