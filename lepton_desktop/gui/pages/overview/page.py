"""The Overview page itself: tiles, fleet, attention, running runs, utilisation. In the window."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QT_TRANSLATE_NOOP
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from lepton_desktop.gui.context import Page, PageContext
from lepton_desktop.gui.dialogs import lab_actions
from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.overview import attention
from lepton_desktop.gui.models.sample_gate import SampleGate
from lepton_desktop.gui.models.telemetry import CLUSTER, TelemetryStore
from lepton_desktop.gui.pages.overview.attention_card import AttentionCard
from lepton_desktop.gui.pages.overview.fleet_card import FleetCard
from lepton_desktop.gui.pages.overview.running_card import RunningCard
from lepton_desktop.gui.pages.overview.tiles import Tiles
from lepton_desktop.gui.pages.overview.usage_card import CPU, GPU, UsageCard
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.layouts import holder, vbox
from lepton_desktop.gui.widgets.scroll import Scroll
from lepton_desktop.gui.widgets.states import StatePanel

HISTORY_SECONDS = 3600.0
KEYS = [GPU, CPU, "gpu.power_watts", "host.memory_used_bytes"]
RIGHT_WIDTH = 356
QWIDGETSIZE_MAX = 16_777_215
"""Qt's word for no limit."""
NARROW_BELOW = 1100
"""Width of the page under which the right column goes below the left one."""


class OverviewPage(Page):
    """The map people point at."""

    page_id: ClassVar[str] = "overview"
    title: ClassVar[str] = str(QT_TRANSLATE_NOOP("pages", "Overview"))
    icon: ClassVar[str] = "layout-dashboard"
    group: ClassVar[str] = "cluster"

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        lab_actions.register(context)
        self._telemetry = TelemetryStore(context.link, self)
        self._telemetry.show(CLUSTER, KEYS, HISTORY_SECONDS)
        self._tiles = Tiles()
        self._fleet = FleetCard(context)
        self._attention = AttentionCard(context)
        self._running = RunningCard(context)
        self._usage = UsageCard(self._telemetry)
        self._gate = SampleGate()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme().px(12))
        self._narrow: bool | None = None
        body = holder(vbox(self._tiles, (holder(self._grid), 1), gap=12, margins=(16, 14, 16, 14)))
        self._panel = StatePanel(Scroll(body))
        self._panel.show_loading(self.tr("Asking the engine"))
        self.setLayout(vbox((self._panel, 1)))
        self._place(False)
        self._connect()

    def _connect(self) -> None:
        self._tiles.chosen.connect(self.context.navigate)
        self._fleet.opened.connect(lambda name: self.context.navigate("nodes", name))
        self._running.opened.connect(lambda run_id: self.context.navigate("runs", run_id))
        self._running.nodes_outlined.connect(self._fleet.outline)
        self._telemetry.changed.connect(self._on_telemetry_changed)
        self.context.refresh.subscribe(self, self._on_refreshed)

    def primary_action(self) -> str:
        """New run."""
        return "run.new"

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One column or two."""
        super().resizeEvent(event)
        self._place(self.width() < theme().px(NARROW_BELOW))

    def _place(self, narrow: bool) -> None:
        if narrow == self._narrow:
            return
        self._narrow = narrow
        px = theme().px
        grid = self._grid
        for card in (self._fleet, self._attention, self._running, self._usage):
            grid.removeWidget(card)
        self._running.setMinimumHeight(px(150))
        for card in (self._attention, self._usage):
            card.setMinimumWidth(px(200 if narrow else RIGHT_WIDTH))
            card.setMaximumWidth(QWIDGETSIZE_MAX if narrow else px(RIGHT_WIDTH))
            card.setMinimumHeight(px(250))
        self._usage.setMinimumHeight(px(250 if narrow else 150))
        if narrow:
            grid.addWidget(self._fleet, 0, 0, 1, 2)
            grid.addWidget(self._attention, 1, 0)
            grid.addWidget(self._usage, 1, 1)
            grid.addWidget(self._running, 2, 0, 1, 2)
        else:
            grid.addWidget(self._fleet, 0, 0)
            grid.addWidget(self._attention, 0, 1)
            grid.addWidget(self._running, 1, 0)
            grid.addWidget(self._usage, 1, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1 if narrow else 0)
        for row, stretch in enumerate((0, 0, 1) if narrow else (0, 1, 0)):
            grid.setRowStretch(row, stretch)

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        self._panel.show_content()
        due = self._gate.take(lab, delta)
        if due is not None:
            self._fleet.apply(lab, due)
        if due is not None or delta.runs_touched or delta.activity:
            items = attention(lab.nodes.values(), lab.runs.values())
            self._tiles.show_lab(lab, items)
            self._attention.show_lab(lab, items)
        self._running.apply(lab, delta)
        if delta.second or delta.reset:
            self._telemetry.tick()

    def _on_telemetry_changed(self) -> None:
        nodes = self.context.refresh.lab.nodes.values()
        self._usage.draw(any(reading.gpu_count(row) for row in nodes))
        self._tiles.show_curves(self._telemetry)
