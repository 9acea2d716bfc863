"""The Nodes page itself: filter, table, batch bar, detail. Runs in the window."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QT_TRANSLATE_NOOP, QModelIndex, QPoint, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QWidget

from lepton_desktop.gui.context import Page, PageContext
from lepton_desktop.gui.dialogs import lab_actions, node_actions
from lepton_desktop.gui.dialogs.add_node import AddNodeSheet
from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.node_filter import FilterTerm
from lepton_desktop.gui.models.node_table import MEMORY, NAME, POWER, TEMPERATURE, NodeTableModel
from lepton_desktop.gui.models.sample_gate import SampleGate
from lepton_desktop.gui.pages.nodes.cells import WIDTHS, node_cell
from lepton_desktop.gui.pages.nodes.detail import NodeDetail
from lepton_desktop.gui.pages.nodes.filter_bar import FilterBar
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import ElidedLabel
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.surfaces import Card, Rule
from lepton_desktop.gui.widgets.table import DataTable
from lepton_desktop.wire.desk import NodeRow

DETAIL_WIDTH, DETAIL_LEAST = 560, 444
STATES = ("up", "down", "drained", "connecting")
MOST_CHOICES = 14
LEAST_ROOM = {POWER: 790, TEMPERATURE: 710, MEMORY: 630}
"""Width of the table from which on a column is shown."""


class NodesPage(Page):
    """Every node of the lab."""

    page_id: ClassVar[str] = "nodes"
    title: ClassVar[str] = str(QT_TRANSLATE_NOOP("pages", "Nodes"))
    icon: ClassVar[str] = "server"
    group: ClassVar[str] = "cluster"

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        lab_actions.register(context)
        self._model = NodeTableModel(self)
        self._filter = FilterBar()
        self._table = DataTable(self._model, WIDTHS, node_cell, name=self.tr("Nodes"))
        self._table.setObjectName("nodes-table")
        self._table.make_sortable(NAME)
        self._table.make_columns_hideable()
        self._panel = StatePanel(self._table)
        self._panel.show_loading(self.tr("Asking the engine"))
        self._panel.action_pressed.connect(self._on_panel_action)
        self._detail = NodeDetail(context)
        self._batch = self._make_batch_bar()
        card = Card(margins=(0, 0, 0, 0), gap=0)
        card.add(self._panel, 1)
        card.add(Rule())
        card.add(self._batch)
        left = holder(vbox(self._filter, (card, 1), gap=10))
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(theme().px(12))
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(left)
        self._splitter.addWidget(self._detail)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self._detail.setMinimumWidth(theme().px(DETAIL_LEAST))
        left.setMinimumWidth(theme().px(360))
        self._detail.hide()
        self._wanted = ""
        self._gate = SampleGate()
        self._divider_moved = False
        self._given_up: set[int] = set()
        self._splitter.splitterMoved.connect(self._on_divider_moved)
        self.setLayout(vbox((self._splitter, 1), margins=(16, 14, 16, 14)))
        self._connect()

    def _make_batch_bar(self) -> QWidget:
        self._selected = ElidedLabel("", "small", "t2")
        self._selected.setObjectName("nodes-selected")
        self._drain = Button(self.tr("Drain"), "ghost", "hand", 28)
        self._drain.setObjectName("batch-drain")
        self._resume = Button(self.tr("Resume"), "ghost", "play", 28)
        self._resume.setObjectName("batch-resume")
        self._remove = Button(self.tr("Remove"), "ghost", "trash-2", 28)
        self._remove.setObjectName("batch-remove")
        bar = hbox(
            (self._selected, 1),
            self._drain,
            self._resume,
            self._remove,
            gap=4,
            margins=(14, 0, 8, 0),
        )
        box = holder(bar, "nodes-batch")
        box.setFixedHeight(theme().px(42))
        return box

    def _connect(self) -> None:
        self._filter.changed.connect(self._on_filter_changed)
        self._table.current_row_changed.connect(self._on_current_changed)
        self._table.opened.connect(self._on_opened)
        self._table.menu_wanted.connect(self._on_menu_wanted)
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._show_selection())
        self._drain.clicked.connect(self._on_drain)
        self._resume.clicked.connect(self._on_resume)
        self._remove.clicked.connect(self._on_remove)
        self.context.refresh.subscribe(self, self._on_refreshed)
        self._show_selection()

    # The frame asks.

    def primary_action(self) -> str:
        """Add node."""
        return "node.add"

    def open_key(self, key: str) -> None:
        """Select a node, or filter when the key is a filter such as ``state:down``."""
        if ":" in key:
            self._filter.set_text(key)
            return
        self._wanted = key
        if self._model.place_of(key) is None and key in self.context.refresh.lab.nodes:
            self._filter.set_text("")
        self._select_wanted()

    def focus_filter(self) -> None:
        """The filter field."""
        self._filter.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._filter.field.selectAll()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The detail takes its width once, the user may change it then."""
        super().resizeEvent(event)
        self._place_detail()
        self._fit_columns()

    def _on_divider_moved(self) -> None:
        self._divider_moved = True
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Give up the least needed columns before one is cut at the edge."""
        room = self._splitter.sizes()[0]
        for column, least in LEAST_ROOM.items():
            narrow = room < theme().px(least)
            if narrow != (column in self._given_up):
                self._given_up ^= {column}
                self._table.setColumnHidden(column, narrow)

    def _place_detail(self) -> None:
        """Its own width, until the user moves the divider."""
        if self._divider_moved or not self._detail.isVisibleTo(self):
            return
        width = self._splitter.width()
        detail = min(theme().px(DETAIL_WIDTH), max(theme().px(DETAIL_LEAST), width * 42 // 100))
        self._splitter.setSizes([width - detail, detail])
        self._fit_columns()

    # Changes.

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        due = self._gate.take(lab, delta)
        if due is not None:
            self._model.apply(lab, due)
            self._show_panel()
            self._filter.set_choices(filter_choices(lab))
            self._select_wanted()
        if delta.second and not delta.nodes_touched:
            self._table.viewport().update()
        self._detail.apply(lab, delta)
        if self._detail.node and self._detail.node not in lab.nodes:
            self._detail.hide()

    def _show_panel(self) -> None:
        self._filter.set_count(self._model.rowCount(), self._model.total)
        if not self._model.total:
            self._panel.show_empty(
                "server",
                self.tr("No nodes yet"),
                self.tr("Add a machine that you reach by SSH."),
                self.tr("Add node"),
            )
        elif not self._model.rowCount():
            self._panel.show_filtered_empty(self._filter.field.text())
        else:
            self._panel.show_content()
        self._batch.setVisible(self._model.rowCount() > 0)

    def _select_wanted(self) -> None:
        place = self._model.place_of(self._wanted) if self._wanted else None
        if place is not None:
            self._wanted = ""
            self._table.select_row(place)
            self._table.scrollTo(self._model.index(place, 0))
        elif not self._table.currentIndex().isValid() and self._model.rowCount():
            self._table.select_row(0)

    # Gestures.

    def _on_filter_changed(self, text: str) -> None:
        self._model.set_filter(text)
        self._show_panel()
        self._show_selection()

    def _on_panel_action(self, action: str) -> None:
        if action == "clear-filter":
            self._filter.set_text("")
        elif action == "empty":
            self.context.sheets.open(AddNodeSheet(self.context))

    def _on_current_changed(self, place: int) -> None:
        if place < 0 or place >= self._model.rowCount():
            return
        self._detail.show_row(self._model.row_at(place))
        self._detail.show()
        self._place_detail()
        self.crumb_changed.emit(self._detail.node)

    def _on_opened(self, index: QModelIndex) -> None:
        row = self._model.row_at(index.row())
        if row.code:
            node_actions.mend(self.context, row)

    def _rows(self) -> list[NodeRow]:
        return [self._model.row_at(place) for place in self._table.selected_rows()]

    def _show_selection(self) -> None:
        rows = self._rows()
        self._selected.set_text(
            self.tr("%n selected", "", len(rows))
            if rows
            else self.tr("Shift-click selects a range, Space toggles")
        )
        self._drain.setEnabled(any(not row.drained for row in rows))
        self._resume.setEnabled(any(row.drained for row in rows))
        self._remove.setEnabled(any(_is_remote(row) for row in rows))

    def _on_drain(self) -> None:
        node_actions.drain(self.context, [row for row in self._rows() if not row.drained])

    def _on_resume(self) -> None:
        node_actions.resume(self.context, [row.name for row in self._rows() if row.drained])

    def _on_remove(self) -> None:
        node_actions.remove(self.context, [row.name for row in self._rows() if _is_remote(row)])

    def _on_menu_wanted(self, index: QModelIndex, position: QPoint) -> None:
        if index.row() not in self._table.selected_rows():
            self._table.select_row(index.row())
        menu = QMenu(self)
        rows = self._rows()
        if any(not row.drained for row in rows):
            menu.addAction(self.tr("Drain…")).triggered.connect(self._on_drain)
        if any(row.drained for row in rows):
            menu.addAction(self.tr("Resume")).triggered.connect(self._on_resume)
        menu.addAction(self.tr("Reconnect now")).triggered.connect(self._on_reconnect)
        remove = menu.addAction(self.tr("Remove"))
        remove.setEnabled(any(_is_remote(row) for row in rows))
        remove.triggered.connect(self._on_remove)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def _on_reconnect(self) -> None:
        for row in self._rows():
            node_actions.reconnect(self.context, row.name)


def _is_remote(row: NodeRow) -> bool:
    return row.address != "this computer"


def filter_choices(lab: Lab) -> list[FilterTerm]:
    """States, accelerators and tags that occur, for the filter menu."""
    rows = lab.nodes.values()
    models = {
        reading.short_gpu(gpu.name).split("-")[0].split(" ")[-1]
        for row in rows
        if row.facts is not None
        for gpu in row.facts.gpus
    }
    tags = {tag for row in rows for tag in row.tags}
    found = [FilterTerm("state", state) for state in STATES]
    found += [FilterTerm("gpu", model.lower()) for model in sorted(models)]
    found += [FilterTerm("tag", tag.lower()) for tag in sorted(tags)]
    return found[:MOST_CHOICES]
