"""The Live tab of a node: cores, accelerators, memory, network, disk. Runs in the window."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtWidgets import QGridLayout, QWidget

from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.curves import Curve
from lepton_desktop.gui.models.telemetry import TelemetryStore
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.choices import Combo
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.marks import CoreStrip
from lepton_desktop.gui.widgets.plot import Plot, share_crosshair
from lepton_desktop.gui.widgets.plot_card import PlotCard
from lepton_desktop.gui.widgets.plot_values import PlotBand, PlotLimit, PlotLine
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import NodeRow

Array = np.ndarray[tuple[int], np.dtype[np.float64]]
WINDOWS = (60.0, 600.0, 3600.0)
IDLE_MEGABYTES = 0.1
HEADROOM = 1.08
MOST_DEVICES = 16
"""Devices whose spread is drawn; of more, the mean alone says enough."""


@dataclass(frozen=True)
class Chart:
    """What one small plot shows."""

    key: str
    title: str
    keys: tuple[str, ...]
    """One line each; of several devices: per-device keys under one mean line."""
    names: tuple[str, ...]
    scale: float
    text: Callable[[NodeRow], str]
    unit: str = ""
    per_device: bool = False
    tone: str = "series:0"
    top: float | None = None
    """Fixed upper end, such as 100 for a percentage."""
    least: float | None = None
    """Smallest upper end: a few bytes of an idle node must not fill the plot."""


class LiveTab(QWidget):
    """Curves of the last minute or hour, asked for once a second while shown."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("node-live")
        self._telemetry = TelemetryStore(context.link, self)
        self._telemetry.changed.connect(self._draw)
        self._seconds = 60.0
        self._row: NodeRow | None = None
        self._charts: list[Chart] = []
        self._cards: list[PlotCard] = []
        self._shape: tuple[object, ...] = ()
        self._cores = CoreStrip(height=38)
        self._cores_title = Label(self.tr("CPU per core"), "small-medium", "t2")
        self._cores_meta = Label("", "small", "t3")
        self._cores_value = Label("", "small-strong")
        self._strip = Surface("inset")
        self._window = Combo(
            [self.tr("1 min"), self.tr("10 min"), self.tr("1 h")], 24, self.tr("Window of time")
        )
        self._window.setObjectName("node-window")
        self._window.currentIndexChanged.connect(self._on_window_changed)
        head = hbox(
            self._cores_title,
            (self._cores_meta, 1),
            self._window,
            self._cores_value,
            gap=8,
        )
        self._strip.setLayout(vbox(head, self._cores, gap=6, margins=(12, 8, 12, 10)))
        self._grid = QGridLayout()
        self._grid.setSpacing(theme().px(8))
        self.setLayout(vbox(self._strip, (self._grid, 1), gap=8))

    def _on_window_changed(self, place: int) -> None:
        self._seconds = WINDOWS[place]
        if self._row is not None:
            self._follow(self._row)

    def show_row(self, row: NodeRow) -> None:
        """Show a node; called again with every new sample of it."""
        other = self._row is None or self._row.name != row.name
        self._row = row
        shape = (reading.gpu_count(row), row.facts is None)
        if shape != self._shape:
            self._shape = shape
            self._rebuild(row)
            other = True
        if other:
            self._follow(row)
            self._draw()
        self._show_cores(row)
        self._show_values(row)

    def tick(self) -> None:
        """A second has passed."""
        if self.isVisible() and self._row is not None:
            self._telemetry.tick()

    def _follow(self, row: NodeRow) -> None:
        keys = list(dict.fromkeys(key for chart in self._charts for key in chart.keys))
        self._telemetry.show(row.name, keys, self._seconds)
        self._telemetry.tick()
        now = time.time()
        for card in self._cards:
            card.plot.reset_zoom()
            card.plot.set_x_range((now - self._seconds, now))

    def _rebuild(self, row: NodeRow) -> None:
        for card in self._cards:
            card.hide()
            card.deleteLater()
        count = reading.gpu_count(row)
        self._charts = [*self._gpu_charts(min(count, MOST_DEVICES))] if count else []
        self._charts += self._host_charts(bool(count))
        self._cards = [self._card(chart) for chart in self._charts]
        for place, card in enumerate(self._cards):
            self._grid.addWidget(card, place // 2, place % 2)
        for column in range(2):
            self._grid.setColumnStretch(column, 1)
        share_crosshair([card.plot for card in self._cards])

    def _card(self, chart: Chart) -> PlotCard:
        plot = Plot(chart.title, time_axis=True, y_from_zero=True, small=True, left_width=38)
        plot.unit = chart.unit
        if chart.top is not None:
            plot.set_y_range((0.0, chart.top))
        if chart.key == "temperature":
            plot.set_limit(PlotLimit(reading.HOT_CELSIUS, fmt.celsius(reading.HOT_CELSIUS)))
        card = PlotCard(chart.title, plot, height=96)
        card.setObjectName(f"live-{chart.key}")
        return card

    def _gpu_charts(self, count: int) -> list[Chart]:
        def keys(field: str) -> tuple[str, ...]:
            return tuple(f"gpu.{device}.{field}" for device in range(count))

        names = tuple(str(device) for device in range(count))
        return [
            Chart(
                "gpu",
                self.tr("GPU utilisation"),
                keys("utilisation_percent"),
                names,
                1.0,
                lambda row: fmt.share(reading.mean(reading.gpu_utilisation(row))),
                per_device=True,
                top=100.0,
            ),
            Chart(
                "gpu-memory",
                self.tr("GPU memory"),
                ("gpu.memory_used_bytes",),
                (self.tr("Memory"),),
                1e-9,
                _gpu_memory_text,
            ),
            Chart(
                "power",
                self.tr("GPU power"),
                ("gpu.power_watts",),
                (self.tr("Power"),),
                float(count),
                lambda row: fmt.power(reading.power_watts(row)),
            ),
            Chart(
                "temperature",
                self.tr("GPU temperature"),
                keys("temperature_celsius"),
                names,
                1.0,
                lambda row: self.tr("{temperature} max").format(
                    temperature=fmt.celsius(reading.hottest_celsius(row))
                ),
                per_device=True,
            ),
        ]

    def _host_charts(self, has_gpus: bool) -> list[Chart]:
        network = ("host.network_receive_bytes_per_second", "host.network_send_bytes_per_second")
        disk = ("host.disk_read_bytes_per_second", "host.disk_write_bytes_per_second")
        first = [] if has_gpus else [self._cpu_chart()]
        return [
            *first,
            Chart(
                "memory",
                self.tr("Memory"),
                ("host.memory_used_bytes",),
                (self.tr("Memory"),),
                1e-9,
                _memory_text,
                tone="cpu",
            ),
            Chart(
                "network",
                self.tr("Network"),
                network,
                (self.tr("in"), self.tr("out")),
                1e-6,
                _network_text,
                least=IDLE_MEGABYTES,
            ),
            Chart(
                "disk",
                self.tr("Disk"),
                disk,
                (self.tr("read"), self.tr("write")),
                1e-6,
                _disk_text,
                least=IDLE_MEGABYTES,
            ),
            *([self._cpu_chart()] if has_gpus else []),
        ]

    def _cpu_chart(self) -> Chart:
        return Chart(
            "cpu",
            self.tr("CPU"),
            ("host.cpu_percent",),
            (self.tr("CPU"),),
            1.0,
            lambda row: fmt.share(reading.cpu_fraction(row)),
            tone="cpu",
            top=100.0,
        )

    def _show_cores(self, row: NodeRow) -> None:
        loads = row.sample.host.cpu_per_core if row.sample is not None else []
        self._cores.setVisible(bool(loads))
        self._cores.set_loads([load / 100 for load in loads])
        self._cores_meta.set_text(self.tr("%n threads", "", len(loads)))
        self._cores_value.set_text(fmt.share(reading.cpu_fraction(row)))

    def _show_values(self, row: NodeRow) -> None:
        for chart, card in zip(self._charts, self._cards, strict=True):
            card.set_value(chart.text(row) if row.sample is not None else fmt.EMPTY)

    def _draw(self) -> None:
        now = time.time()
        for chart, card in zip(self._charts, self._cards, strict=True):
            curves = [self._telemetry.curve(key) for key in chart.keys]
            draw = _draw_spread if chart.per_device else _draw_lines
            draw(card.plot, chart, curves)
            card.plot.set_x_range((now - self._seconds, now))


def _draw_lines(plot: Plot, chart: Chart, curves: list[Curve]) -> None:
    several = len(curves) > 1
    plot.set_data(
        [
            PlotLine(
                key,
                name,
                curve.x,
                curve.y * chart.scale,
                f"series:{place}" if several else chart.tone,
                filled=not several,
            )
            for place, (key, name, curve) in enumerate(
                zip(chart.keys, chart.names, curves, strict=True)
            )
            if len(curve)
        ]
    )
    if chart.least is not None:
        highest = max((_highest(curve) for curve in curves), default=0.0) * chart.scale
        plot.set_y_range((0.0, max(chart.least, highest * HEADROOM)))


def _highest(curve: Curve) -> float:
    finite = curve.y[np.isfinite(curve.y)]
    return float(finite.max()) if len(finite) else 0.0


def _draw_spread(plot: Plot, chart: Chart, curves: list[Curve]) -> None:
    """Lowest to highest device as a band, their mean as a line."""
    known = [curve for curve in curves if len(curve)]
    shortest = min((len(curve) for curve in known), default=0)
    if not shortest:
        plot.set_data([])
        return
    x = known[0].x[-shortest:]
    rows = np.array([curve.y[-shortest:] for curve in known]) * chart.scale
    present = np.isfinite(rows)
    count = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, np.where(present, rows, 0.0).sum(axis=0) / count, np.nan)
    low = np.where(count > 0, np.where(present, rows, np.inf).min(axis=0), np.nan)
    high = np.where(count > 0, np.where(present, rows, -np.inf).max(axis=0), np.nan)
    bands = [PlotBand("spread", x, low, high, chart.tone, 0.28)] if len(known) > 1 else []
    plot.set_data([PlotLine("mean", chart.title, x, mean, chart.tone)], bands)


def _gpu_memory_text(row: NodeRow) -> str:
    if row.sample is None or row.facts is None:
        return fmt.EMPTY
    used = reading.mean(row.sample.gpu.memory_used_bytes)
    total = reading.mean([gpu.memory_bytes for gpu in row.facts.gpus])
    return fmt.byte_pair(used, total)


def _memory_text(row: NodeRow) -> str:
    if row.sample is None:
        return fmt.EMPTY
    host = row.sample.host
    return fmt.byte_pair(host.memory_used_bytes, host.memory_total_bytes)


def _network_text(row: NodeRow) -> str:
    if row.sample is None:
        return fmt.EMPTY
    host = row.sample.host
    received = _megabytes(host.network_receive_bytes_per_second)
    return f"↓ {received}  ↑ {_megabytes(host.network_send_bytes_per_second)} MB/s"


def _disk_text(row: NodeRow) -> str:
    if row.sample is None:
        return fmt.EMPTY
    host = row.sample.host
    read = _megabytes(host.disk_read_bytes_per_second)
    return f"R {read}  W {_megabytes(host.disk_write_bytes_per_second)} MB/s"


def _megabytes(value: float | None) -> str:
    """Without the unit: both numbers of a plot share the one of its axis."""
    if value is None:
        return fmt.EMPTY
    return fmt.number(value / 1e6, 0 if value >= 1e7 else 1)
