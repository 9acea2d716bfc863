"""One node in detail: identity, what is wrong, tabs. Runs in the window."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs import node_actions
from lepton_desktop.gui.models.event_list import EventListModel, event_from_activity
from lepton_desktop.gui.models.node_words import StateWords, state_words
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.pages.nodes.environment_tab import EnvironmentTab
from lepton_desktop.gui.pages.nodes.hardware_tab import HardwareTab
from lepton_desktop.gui.pages.nodes.live_tab import LiveTab
from lepton_desktop.gui.pages.nodes.processes_tab import ProcessesTab
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import Chip, ChipLook
from lepton_desktop.gui.widgets.choices import Tabs
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import clear, hbox, holder, vbox
from lepton_desktop.gui.widgets.scroll import Scroll
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.surfaces import Card, Rule, Surface
from lepton_desktop.gui.widgets.table import DENSE_ROW_HEIGHT, Column, DataTable
from lepton_desktop.wire.desk import LinkState, NodeRow

TAGS_SHOWN = 3
TAGS_FROM = 500


class NodeDetail(Card):
    """The right side of the Nodes page."""

    closed = Signal()

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(margins=(16, 12, 16, 12), gap=8, parent=parent)
        self.setObjectName("node-detail")
        self._context = context
        self._row: NodeRow | None = None
        self._icon = IconLabel("circle-check", "ok", 17)
        self._name = ElidedLabel("", "object")
        self._name.setObjectName("node-name")
        self._state = Chip("", "ok")
        self._tags = hbox(gap=6)
        self._drain = Button(self.tr("Drain"), "secondary", "hand", 28)
        self._drain.setObjectName("node-drain")
        self._drain.clicked.connect(self._on_drain)
        self._more = Button("", "secondary", "ellipsis", 28, self.tr("More actions"))
        self._more.setObjectName("node-more")
        self._more.clicked.connect(self._on_more)
        self._line = ElidedLabel("", "small", "t3")
        self._trouble = self._make_trouble()
        self._live = LiveTab(context)
        self._processes = ProcessesTab(context)
        self._hardware = HardwareTab()
        self._environment = EnvironmentTab(context)
        self._events = EventListModel(self)
        self._make_tabs()
        self._tag_box = holder(self._tags)
        head = hbox(
            self._icon,
            self._name,
            self._state,
            self._tag_box,
            None,
            self._drain,
            self._more,
            gap=8,
        )
        self.add(head)
        self.add(self._line)
        self.add(self._trouble)
        self.add(self._tabs)
        self.add(Rule())
        self.add(self._stack, 1)

    def _make_trouble(self) -> Surface:
        box = Surface("inset")
        box.setObjectName("node-trouble")
        self._reason = Label("", "small-medium", "t1", wrap=True)
        self._reason.setObjectName("node-reason")
        self._hint = Label("", "small", "t2", wrap=True)
        self._mend = Button(self.tr("Retry now"), "secondary", height=28)
        self._mend.setObjectName("node-mend")
        self._mend.clicked.connect(self._on_mend)
        self._trouble_icon = IconLabel("circle-x", "err", 16)
        words = vbox(self._reason, self._hint, gap=2)
        box.setLayout(
            hbox(self._trouble_icon, (words, 1), self._mend, gap=10, margins=(12, 9, 12, 9))
        )
        box.hide()
        return box

    def _make_tabs(self) -> None:
        titles = (
            self.tr("Live"),
            self.tr("Processes"),
            self.tr("Hardware"),
            self.tr("Environment"),
            self.tr("Events"),
        )
        self._tabs = Tabs(titles)
        self._tabs.setObjectName("node-tabs")
        self._stack = QStackedWidget()
        events = DataTable(
            self._events,
            (Column(92), Column(240, stretch=True), Column(150)),
            row_height=DENSE_ROW_HEIGHT,
            name=self.tr("Events"),
        )
        self._events_panel = StatePanel(events)
        self._pages = (self._live, self._processes, self._hardware, self._environment)
        for page in (
            Scroll(self._live),
            self._processes,
            Scroll(self._hardware),
            self._environment,
            self._events_panel,
        ):
            self._stack.addWidget(page)
        self._tabs.currentChanged.connect(self._on_tab_changed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tags go before the name is cut."""
        super().resizeEvent(event)
        self._tag_box.setVisible(self.width() >= theme().px(TAGS_FROM))

    @property
    def node(self) -> str:
        """Name of the node shown."""
        return self._row.name if self._row is not None else ""

    def apply(self, lab: Lab, delta: Delta) -> None:
        """Take over what changed of the node shown."""
        row = lab.nodes.get(self.node)
        if row is None:
            return
        if row.name in delta.nodes or delta.reset or delta.second:
            self.show_row(row)
        if delta.second:
            self._live.tick()
            self._processes.tick()
        if delta.activity or delta.reset:
            self._show_events(lab)

    def show_row(self, row: NodeRow) -> None:
        """Show a node: the head at once, of the tabs only the visible one."""
        other = row.name != self.node
        self._row = row
        now = time.time()
        words = state_words(row, now)
        self._icon.set_icon(words.icon, words.tone)
        self._name.set_text(row.name)
        self._state.set_look(ChipLook(self._state_text(row, words), words.tone))
        self._line.set_text(self._identity(row))
        self._show_trouble(row, words.detail)
        self._drain.setText(self.tr("Resume") if row.drained else self.tr("Drain"))
        self._drain.set_icon("play" if row.drained else "hand")
        if other:
            self._show_tags(row)
            self._show_events(self._context.refresh.lab)
        self._show_tab()

    def _show_tab(self) -> None:
        if self._row is None:
            return
        place = self._stack.currentIndex()
        if place < len(self._pages):
            self._pages[place].show_row(self._row)

    def _on_tab_changed(self, place: int) -> None:
        self._stack.setCurrentIndex(place)
        self._show_tab()

    def _state_text(self, row: NodeRow, words: StateWords) -> str:
        if words.tone == "ok" and row.facts is not None:
            return self.tr("Up {time}").format(time=fmt.duration(row.facts.uptime_seconds))
        return words.word

    def _identity(self, row: NodeRow) -> str:
        parts = [row.address]
        if row.facts is not None:
            parts += [row.facts.os, f"kernel {row.facts.kernel}"]
            drivers = {gpu.driver for gpu in row.facts.gpus if gpu.driver}
            parts += [f"driver {driver}" for driver in sorted(drivers)]
        return plain("  ·  ".join(part for part in parts if part))

    def _show_tags(self, row: NodeRow) -> None:
        clear(self._tags)
        for tag in row.tags[:TAGS_SHOWN]:
            self._tags.addWidget(Chip(plain(tag), "t2"))

    def _show_trouble(self, row: NodeRow, detail: str) -> None:
        down = row.state in (LinkState.BLOCKED, LinkState.RECONNECTING)
        connecting = row.state is LinkState.CONNECTING
        shown = down or connecting or row.drained
        self._trouble.setVisible(shown)
        if not shown:
            return
        tone = "err" if down else "info" if connecting else "warn"
        icon = "circle-x" if down else "loader-circle" if connecting else "hand"
        self._trouble_icon.set_icon(icon, tone)
        draining = self.tr("Takes no new jobs.")
        self._reason.set_text(detail if down or connecting else f"{draining} {detail}".strip())
        self._hint.set_text(plain(row.hint) if down else "")
        self._hint.setVisible(down and bool(row.hint))
        self._mend.setVisible(down)
        self._mend.setText(node_actions.mend_label(row))

    def _show_events(self, lab: Lab) -> None:
        rows = [row for row in lab.activity.values() if row.where == self.node]
        self._events.show([event_from_activity(row) for row in rows])
        if rows:
            self._events_panel.show_content()
        else:
            self._events_panel.show_empty("history", self.tr("Nothing happened yet"))

    def _on_drain(self) -> None:
        if self._row is None:
            return
        if self._row.drained:
            node_actions.resume(self._context, [self._row.name])
        else:
            node_actions.drain(self._context, [self._row])

    def _on_mend(self) -> None:
        if self._row is not None:
            node_actions.mend(self._context, self._row)

    def _on_more(self) -> None:
        row = self._row
        if row is None:
            return
        menu = QMenu(self)
        again = menu.addAction(self.tr("Reconnect now"))
        again.triggered.connect(lambda: node_actions.reconnect(self._context, row.name))
        remove = menu.addAction(self.tr("Remove node"))
        remove.setEnabled(row.address != "this computer")
        remove.triggered.connect(lambda: node_actions.remove(self._context, [row.name]))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))
