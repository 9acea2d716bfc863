"""Utilisation of the whole lab over the last hour. Runs in the window."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.models.telemetry import TelemetryStore
from lepton_desktop.gui.widgets.plot import Plot
from lepton_desktop.gui.widgets.plot_legend import LegendEntry, PlotLegend
from lepton_desktop.gui.widgets.plot_values import PlotLine
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.surfaces import Card

GPU, CPU = "gpu.utilisation_percent", "host.cpu_percent"


class UsageCard(Card):
    """Mean GPU and CPU load of the nodes that report."""

    def __init__(self, telemetry: TelemetryStore, parent: QWidget | None = None) -> None:
        super().__init__(" ", parent=parent)
        self.title.set_text(self.tr("Utilisation"))
        self.subtitle.set_text(self.tr("1 h"))
        self.setAccessibleName(self.tr("Utilisation"))
        self._telemetry = telemetry
        self._plot = Plot(self.tr("Utilisation"), time_axis=True, y_from_zero=True, left_width=44)
        self._plot.setObjectName("usage-plot")
        self._plot.unit = "%"
        self._plot.set_y_range((0.0, 100.0))
        self._legend = PlotLegend()
        self._legend.hidden_changed.connect(self._plot.set_hidden)
        self._panel = StatePanel(self._plot)
        self._panel.show_loading()
        self.add_to_header(self._legend)
        self.add(self._panel, 1)

    def draw(self, has_gpus: bool) -> None:
        """Show the newest answer."""
        keys = {CPU: (self.tr("CPU"), "cpu")}
        if has_gpus:
            keys = {GPU: (self.tr("GPU"), "series:0")} | keys
        self._legend.set_entries(
            [LegendEntry(key, name, tone) for key, (name, tone) in keys.items()]
        )
        lines = [
            PlotLine(key, name, curve.x, curve.y, tone, filled=key == next(iter(keys)))
            for key, (name, tone) in keys.items()
            if len(curve := self._telemetry.curve(key))
        ]
        if not lines:
            self._panel.show_empty("chart-line", self.tr("No history yet"))
            return
        now = time.time()
        self._panel.show_content()
        self._plot.set_data(lines)
        self._plot.set_x_range((now - self._telemetry.seconds, now))
