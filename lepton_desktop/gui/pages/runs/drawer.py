"""The drawer of a run: ranks, logs, events, config, checkpoints. Runs in the window."""

from __future__ import annotations

import json
import time
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs.plan_panel import CommandWell, command_text
from lepton_desktop.gui.models import rank_table as columns
from lepton_desktop.gui.models.event_list import Event, EventListModel, event_from_run
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.models.rank_table import RankRow, RankTableModel, rank_rows
from lepton_desktop.gui.models.run_reading import is_active
from lepton_desktop.gui.models.run_words import state_look
from lepton_desktop.gui.pages.runs.log_view import LogTab
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.cells import BarCell, Cell, ChipCell, NameCell, TextCell
from lepton_desktop.gui.widgets.choices import Tabs
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.surfaces import Card, Rule
from lepton_desktop.gui.widgets.table import DENSE_ROW_HEIGHT, Column, DataTable
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.desk import Plan, RunRow

Index = QModelIndex | QPersistentModelIndex
NODES, LOGS, EVENTS, CONFIG, CHECKPOINTS = range(5)
EVENT_PACE_SECONDS = 2.0
RANK_WIDTHS = (
    Column(52),
    Column(116),
    Column(70),
    Column(104),
    Column(90),
    Column(90),
    Column(90),
    Column(82, right=True),
    Column(68, right=True),
    Column(60, stretch=True),
)
LEAST_ROOM = {columns.KIND: 840, columns.PID: 800, columns.HEARD: 720, columns.MEMORY: 640}
"""Width of the drawer from which on a column is shown."""
EVENT_WIDTHS = (Column(96), Column(300, stretch=True), Column(240))


class Drawer(Card):
    """Tabs at the bottom of the Runs page; only the visible one works."""

    events_changed = Signal(object)
    """list[Event] of the run shown."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(margins=(0, 0, 0, 0), gap=0, parent=parent)
        self.setObjectName("run-drawer")
        self._context = context
        self._run: RunRow | None = None
        self._ranks = RankTableModel(self)
        self._logs = LogTab(context)
        self._events = EventListModel(self)
        self._checkpoints = EventListModel(self)
        self._config = ConfigTab(context)
        self._asked_at = 0.0
        self._busy = False
        self._told: list[Event] = []
        self._tabs = Tabs(
            (
                self.tr("Nodes"),
                self.tr("Logs"),
                self.tr("Events"),
                self.tr("Config"),
                self.tr("Checkpoints"),
            )
        )
        self._tabs.setObjectName("run-tabs")
        self._meta = Label("", "small", "t3")
        self._stack = QStackedWidget()
        self._rank_table = DataTable(
            self._ranks, RANK_WIDTHS, self._rank_cell, DENSE_ROW_HEIGHT, self.tr("Ranks")
        )
        self._rank_panel = StatePanel(self._rank_table)
        self._event_panel = StatePanel(self._event_table(self._events, self.tr("Events")))
        checkpoints = self._event_table(self._checkpoints, self.tr("Checkpoints"))
        self._checkpoint_panel = StatePanel(checkpoints)
        pages = (
            self._rank_panel,
            self._logs,
            self._event_panel,
            self._config,
            self._checkpoint_panel,
        )
        for page in pages:
            self._stack.addWidget(page)
        self._tabs.currentChanged.connect(self._on_tab_changed)
        self.add(hbox((self._tabs, 1), self._meta, gap=8, margins=(14, 2, 14, 0)))
        self.add(Rule())
        self.add(self._stack, 1)

    @staticmethod
    def _event_table(model: EventListModel, name: str) -> DataTable:
        return DataTable(model, EVENT_WIDTHS, row_height=DENSE_ROW_HEIGHT, name=name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give up the least needed columns before one is cut at the edge."""
        super().resizeEvent(event)
        for column, least in LEAST_ROOM.items():
            self._rank_table.setColumnHidden(column, self.width() < theme().px(least))

    def open_tab(self, place: int) -> None:
        """Show a tab."""
        self._tabs.setCurrentIndex(place)

    def show_run(self, run: RunRow, lab: Lab) -> None:
        """Show a run; called again whenever it or its nodes changed."""
        if self._run is None or self._run.run_id != run.run_id:
            self._asked_at, self._busy, self._told = 0.0, False, []
            self._events.show([])
            self._checkpoints.show([])
            self.events_changed.emit([])
        self._run = run
        rows = rank_rows(run, lab)
        self._ranks.show(rows)
        one = run.world_size == 1
        self._meta.set_text(self.tr("1 rank") if one else self.tr("%n ranks", "", run.world_size))
        if rows:
            self._rank_panel.show_content()
        else:
            self._rank_panel.show_empty("server", self.tr("No job was started yet"))
        self._show_events()
        self._show_tab()
        self.tick()

    def tick(self) -> None:
        """A second has passed: events are few, so they are asked for whole."""
        run = self._run
        if run is None:
            return
        self._logs.tick()
        pace = EVENT_PACE_SECONDS if is_active(run) else 30.0
        if not self._busy and time.monotonic() - self._asked_at >= pace:
            self._busy = True
            self._asked_at = time.monotonic()
            self._context.link.call(
                "runs.events",
                {"run_id": run.run_id},
                lambda result: self._on_events(run.run_id, result),
                lambda _: self._on_events_failed(run.run_id),
                self,
            )

    def _on_events(self, run_id: str, result: dict[str, Any]) -> None:
        if self._run is None or self._run.run_id != run_id:
            return
        self._busy = False
        events = [event_from_run(item) for item in result["events"]]
        if events != self._told:
            self._told = events
            self._show_events()
            self.events_changed.emit(events)

    def _on_events_failed(self, run_id: str) -> None:
        """The line to the engine says what is wrong; the old events stay."""
        if self._run is not None and self._run.run_id == run_id:
            self._busy = False

    def _show_events(self) -> None:
        shown = [event for event in self._told if event.kind != "progress"]
        self._events.show(shown)
        if shown:
            self._event_panel.show_content()
        else:
            self._event_panel.show_empty("history", self.tr("Nothing happened yet"))
        saved = [event for event in shown if event.kind == "checkpoint"]
        self._checkpoints.show(saved)
        if saved:
            self._checkpoint_panel.show_content()
        else:
            self._checkpoint_panel.show_empty("save", self.tr("No checkpoint yet"), self._kept())

    def _kept(self) -> str:
        path = plain(self._run.checkpoint) if self._run is not None else ""
        return self.tr("Kept: {path}").format(path=path) if path else ""

    def _on_tab_changed(self, place: int) -> None:
        self._stack.setCurrentIndex(place)
        self._show_tab()

    def _show_tab(self) -> None:
        if self._run is None:
            return
        place = self._stack.currentIndex()
        if place == LOGS:
            self._logs.show_run(self._run)
        elif place == CONFIG:
            self._config.show_run(self._run)

    def _rank_cell(self, index: Index) -> Cell | None:
        row: RankRow = self._ranks.row_at(index.row())
        column = index.column()
        words = str(self._ranks.data(index))
        if column == columns.STATE:
            return ChipCell((state_look(row.job.state),))
        if column == columns.NODE:
            return NameCell(row.job.node)
        if column == columns.RANKS:
            return TextCell(words, "t1", "mono")
        if column in (columns.CPU, columns.MEMORY, columns.GPU):
            load = self._ranks.load(row, column)
            tone = "series:2" if column == columns.GPU else "cpu"
            return None if load is None else BarCell(load, fmt.share(load), tone)
        return TextCell(words) if words != fmt.EMPTY else None


class ConfigTab(QWidget):
    """The spec as stored, and the commands that a start of it executes."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-config")
        self._context = context
        self._run_id = ""
        self._spec = CommandWell("config-spec")
        self._commands = CommandWell("config-commands")
        self._error = ElidedLabel("", "small", "t3")
        copy_spec = Button("", "ghost", "copy", 24, self.tr("Copy the spec"))
        copy_spec.clicked.connect(self._spec.copy)
        copy_commands = Button("", "ghost", "copy", 24, self.tr("Copy the commands"))
        copy_commands.clicked.connect(self._commands.copy)
        left = vbox(
            hbox((Label(self.tr("Spec"), "small-medium", "t2"), 1), copy_spec),
            (self._spec, 1),
            gap=4,
        )
        right = vbox(
            hbox(Label(self.tr("Commands"), "small-medium", "t2"), (self._error, 1), copy_commands),
            (self._commands, 1),
            gap=4,
        )
        self.setLayout(hbox((left, 1), (right, 1), gap=12, margins=(14, 6, 14, 10)))

    def show_run(self, run: RunRow) -> None:
        """Show a run's spec; the plan is asked for once."""
        if run.run_id == self._run_id:
            return
        self._run_id = run.run_id
        self._spec.set_text(json.dumps(run.spec, indent=2, ensure_ascii=False))
        self._commands.set_text("")
        self._error.set_text("")
        self._context.link.call(
            "runs.plan",
            {"spec": run.spec},
            lambda result: self._on_plan(run.run_id, result),
            lambda error: self._on_error(run.run_id, error),
            self,
        )

    def _on_plan(self, run_id: str, result: dict[str, Any]) -> None:
        if run_id == self._run_id:
            self._commands.set_text(command_text(build(Plan, result)))

    def _on_error(self, run_id: str, error: LeptonError) -> None:
        if run_id == self._run_id:
            self._error.set_text(str(error))
