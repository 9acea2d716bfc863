"""The fleet card: every node as a tile, by the chosen metric. Runs in the window."""

from __future__ import annotations

import time

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs import node_actions
from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.fleet import FleetTiles
from lepton_desktop.gui.models.node_words import no_data_words, state_words
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.chips import ChipLook
from lepton_desktop.gui.widgets.choices import Segment, SegmentedControl
from lepton_desktop.gui.widgets.fleet import FleetGrid
from lepton_desktop.gui.widgets.fleet_layout import FleetGroup, arrange
from lepton_desktop.gui.widgets.fleet_legend import FleetLegend
from lepton_desktop.gui.widgets.hover_card import HoverInfo
from lepton_desktop.gui.widgets.surfaces import Card
from lepton_desktop.wire.desk import LinkState, NodeRow, RunRow

LEAST_HEIGHT = 96
LARGE_UP_TO = 430
"""Height up to which the card grows for large tiles; the page scrolls when it must."""


class FleetCard(Card):
    """Grid, metric switch, size switch, legend."""

    opened = Signal(str)
    """Name of a node."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(" ", parent=parent)
        self.title.set_text(self.tr("Fleet"))
        self.setAccessibleName(self.tr("Fleet"))
        self._context = context
        self._tiles = FleetTiles()
        self._shape: tuple[object, ...] = ()
        self._metric = SegmentedControl(
            [
                Segment("utilisation", self.tr("Utilisation")),
                Segment("memory", self.tr("Memory")),
                Segment("power", self.tr("Power")),
                Segment("temperature", self.tr("Temp")),
            ],
            name=self.tr("Metric"),
        )
        self._metric.setObjectName("fleet-metric")
        self._metric.changed.connect(lambda _: self._show(context.refresh.lab, Delta()))
        self._level = SegmentedControl(
            [
                Segment("large", self.tr("Large tiles"), "layout-grid"),
                Segment("small", self.tr("Small tiles"), "grid-3x3"),
            ],
            name=self.tr("Size of tiles"),
        )
        self._grid = FleetGrid()
        self._grid.setObjectName("fleet-grid")
        self._grid.info_of = self._info
        self._grid.node_opened.connect(self.opened)
        self._grid.menu_wanted.connect(self._on_menu_wanted)
        self._grid.level_changed.connect(self._level.set_current)
        self._level.changed.connect(self._grid.set_level)
        self._legend = FleetLegend()
        self.add_to_header(self._metric)
        self.add_to_header(self._level)
        self.add(self._grid, 1)
        self.add(self._legend)

    def apply(self, lab: Lab, delta: Delta) -> None:
        """Take over what changed."""
        if delta.nodes_touched or delta.second:
            self._show(lab, delta)

    def outline(self, names: list[str]) -> None:
        """Outline the nodes of a run."""
        self._grid.set_outlined(names)

    def _show(self, lab: Lab, delta: Delta) -> None:
        metric = self._metric.current
        found = self._tiles.update(lab, delta, metric)
        self._make_room(found)
        self._grid.set_fleet(found)
        gpus = sum(reading.gpu_count(row) for row in lab.nodes.values())
        nodes = self.tr("{count} nodes").format(count=fmt.number(len(lab.nodes)))
        devices = self.tr("{count} GPUs").format(count=fmt.number(gpus))
        self.subtitle.set_text(f"{nodes} · {devices}" if gpus else nodes)
        words = {
            "utilisation": (self.tr("Utilisation"), "0", fmt.percent(100)),
            "memory": (self.tr("Memory"), "0", fmt.percent(100)),
            "power": (self.tr("Power"), "0", self.tr("limit")),
            "temperature": (self.tr("Temperature"), fmt.celsius(20), fmt.celsius(95)),
        }
        self._legend.set_metric(*words[metric])

    def _make_room(self, found: list[FleetGroup]) -> None:
        """High enough for large tiles where that is not too much; small ones fit anywhere."""
        px = theme().px
        width = max(px(400), self._grid.viewport().width() - px(2))
        shape = (width, *((group.name, len(group.nodes)) for group in found))
        if shape == self._shape:
            return
        self._shape = shape
        wanted = arrange(found, width, "large", px).height + 4
        if wanted > px(LARGE_UP_TO):
            wanted = min(px(LARGE_UP_TO), arrange(found, width, "small", px).height + 4)
        self._grid.setMinimumHeight(max(px(LEAST_HEIGHT), round(wanted)))

    def _info(self, name: str) -> HoverInfo:
        lab = self._context.refresh.lab
        row = lab.nodes[name]
        now = time.time()
        words = state_words(row, now)
        return HoverInfo(
            title=row.name,
            chip=ChipLook(words.word, words.tone, words.icon),
            meta=reading.hardware_line(row),
            loads=reading.gpu_utilisation(row),
            rows=self._rows(row, lab, words.detail),
            foot=self.tr("Enter opens the node, right click for actions"),
        )

    def _rows(self, row: NodeRow, lab: Lab, detail: str) -> list[tuple[str, str]]:
        if row.state is not LinkState.UP or row.sample is None:
            return [(self.tr("State"), detail or no_data_words(row))]
        rows = [
            (self.tr("CPU"), fmt.share(reading.cpu_fraction(row))),
            (self.tr("Memory"), fmt.share(reading.memory_fraction(row))),
        ]
        power, hottest = reading.power_watts(row), reading.hottest_celsius(row)
        if power is not None:
            warm = self.tr("{temperature} max").format(temperature=fmt.celsius(hottest))
            rows.append((self.tr("Power"), f"{fmt.power(power)} · {warm}"))
        runs = [run.name for run in lab.runs.values() if _is_on(run, row.name)]
        if runs:
            rows.append((self.tr("Run"), ", ".join(runs)))
        return rows

    def _on_menu_wanted(self, name: str, position: QPoint) -> None:
        row = self._context.refresh.lab.nodes.get(name)
        if row is None:
            return
        menu = QMenu(self)
        menu.addAction(self.tr("Open")).triggered.connect(lambda: self.opened.emit(name))
        if row.drained:
            resume = menu.addAction(self.tr("Resume"))
            resume.triggered.connect(lambda: node_actions.resume(self._context, [name]))
        else:
            drain = menu.addAction(self.tr("Drain…"))
            drain.triggered.connect(lambda: node_actions.drain(self._context, [row]))
        again = menu.addAction(self.tr("Reconnect now"))
        again.triggered.connect(lambda: node_actions.reconnect(self._context, name))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)


def _is_on(run: RunRow, name: str) -> bool:
    return not run.state.is_final and name in run.nodes
