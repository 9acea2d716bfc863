"""The main chart of a run: one metric over steps or time, smoothed, with events. In the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSlider, QStackedWidget, QWidget

from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.models.curves import Curve, CurveStore, smooth
from lepton_desktop.gui.models.event_list import Event
from lepton_desktop.gui.models.run_words import metric_title
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.choices import Combo, Segment, SegmentedControl
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.layouts import hbox
from lepton_desktop.gui.widgets.plot import Plot
from lepton_desktop.gui.widgets.plot_legend import LegendEntry, PlotLegend
from lepton_desktop.gui.widgets.plot_values import PlotEvent, PlotLimit, PlotLine
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.surfaces import Card
from lepton_desktop.wire.desk import RunRow

BOTH = "return"
"""Key of the picture with the designed return and the true objective."""
FIRST_SMOOTHING = 60
EVENT_TONES = {"checkpoint": ("t3", "save"), "error": ("err", "circle-x")}
EVENT_TONES |= {"notice": ("warn", "triangle-alert"), "started": ("info", "rotate-ccw")}
EVENT_TEXT = 28
WORDS_FROM = 800


@dataclass(frozen=True)
class _Drawn:
    """One curve to draw."""

    run: RunRow
    key: str
    name: str
    dashed: bool


class ChartCard(Card):
    """Key picker, legend, smoothing, step or time."""

    keys_changed = Signal()
    """Other metrics are needed."""

    def __init__(self, curves: CurveStore, parent: QWidget | None = None) -> None:
        super().__init__(margins=(14, 10, 12, 8), gap=6, parent=parent)
        self.setAccessibleName(self.tr("Chart"))
        self._curves = curves
        self._run: RunRow | None = None
        self._others: list[RunRow] = []
        self._events: list[Event] = []
        self._picker = Combo([self.tr("Return")], 28, self.tr("Metric"))
        self._picker.setObjectName("chart-metric")
        self._picker.setItemData(0, BOTH)
        self._picker.setFixedWidth(theme().px(150))
        self._picker.currentIndexChanged.connect(self._on_key_chosen)
        self._legend = PlotLegend()
        self._smoothing_word = Label(self.tr("Smoothing"), "small", "t3")
        self._smoothing = QSlider(Qt.Orientation.Horizontal)
        self._smoothing.setObjectName("chart-smoothing")
        self._smoothing.setAccessibleName(self.tr("Smoothing"))
        self._smoothing.setToolTip(self.tr("Smoothing"))
        self._smoothing.setRange(0, 99)
        self._smoothing.setValue(FIRST_SMOOTHING)
        self._smoothing.setFixedWidth(theme().px(84))
        self._smoothing.valueChanged.connect(self._on_smoothing_changed)
        self._amount = Label("0.60", "small-medium", "t2")
        self._amount.setFixedWidth(theme().px(28))
        self._axis = SegmentedControl(
            [Segment("step", self.tr("Step")), Segment("time", self.tr("Time"))],
            name=self.tr("Horizontal axis"),
        )
        self._axis.setObjectName("chart-axis")
        self._axis.changed.connect(self._on_axis_changed)
        self.step_plot = Plot(self.tr("Metric over steps"), left_width=46)
        self.step_plot.setObjectName("chart-steps")
        self.time_plot = Plot(self.tr("Metric over time"), time_axis=True, left_width=46)
        self.time_plot.setObjectName("chart-time")
        self._stack = QStackedWidget()
        for plot in (self.step_plot, self.time_plot):
            plot.set_value_format(fmt.significant)
            self._legend.hidden_changed.connect(plot.set_hidden)
            self._stack.addWidget(plot)
        self._panel = StatePanel(self._stack)
        self.add(
            hbox(
                self._picker,
                4,
                (self._legend, 1),
                self._smoothing_word,
                self._smoothing,
                self._amount,
                self._axis,
                gap=8,
            )
        )
        self.add(self._panel, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The word goes before the legend does; the slider has it as its tool tip."""
        super().resizeEvent(event)
        self._smoothing_word.setVisible(self.width() >= theme().px(WORDS_FROM))

    # What the page says.

    @property
    def key(self) -> str:
        """What is drawn: a metric key, or BOTH."""
        return str(self._picker.currentData())

    def keys(self) -> list[str]:
        """Metric keys that are on screen."""
        return [reading.RETURN, reading.OBJECTIVE] if self.key == BOTH else [self.key]

    def show_key(self, key: str) -> None:
        """Draw a metric, as a click on a small plot asks for."""
        place = self._picker.findData(key)
        if place >= 0:
            self._picker.setCurrentIndex(place)

    def show_run(self, run: RunRow, others: list[RunRow]) -> None:
        """Draw a run and, beside it, others."""
        changed = self._run is None or self._run.run_id != run.run_id
        self._run, self._others = run, [other for other in others if other.run_id != run.run_id]
        self._offer_keys(run)
        if changed:
            for plot in (self.step_plot, self.time_plot):
                plot.reset_zoom()
        self.draw()

    def show_events(self, events: list[Event]) -> None:
        """Mark checkpoints, notices, errors."""
        self._events = events
        self._draw_events()

    def draw(self) -> None:
        """Draw what is known now."""
        run = self._run
        if run is None:
            return
        drawn = self._drawn(run)
        present = [item for item in drawn if self._length(item) > 1]
        self._legend.set_entries([self._entry(item) for item in present])
        if not present:
            self._show_missing(run)
            return
        self._panel.show_content()
        lines = [line for item in present for line in self._lines(item)]
        self._plot().set_data(lines)
        self._plot().set_limit(self._limit(run))
        self._draw_events()

    # Inside.

    def _plot(self) -> Plot:
        return self.time_plot if self._axis.current == "time" else self.step_plot

    def _drawn(self, run: RunRow) -> list[_Drawn]:
        if self.key == BOTH:
            own = [
                _Drawn(run, reading.OBJECTIVE, metric_title(reading.OBJECTIVE), dashed=False),
                _Drawn(run, reading.RETURN, metric_title(reading.RETURN), dashed=True),
            ]
            key = reading.OBJECTIVE
        else:
            own = [_Drawn(run, self.key, run.name, dashed=False)]
            key = self.key
        return own + [_Drawn(other, key, other.name, dashed=False) for other in self._others]

    def _length(self, item: _Drawn) -> int:
        return len(self._curves.curve(item.run.run_id, item.key))

    def _entry(self, item: _Drawn) -> LegendEntry:
        tone = f"series:{reading.colour_index(item.run)}"
        return LegendEntry(f"{item.run.run_id} {item.key}", item.name, tone, item.dashed)

    def _lines(self, item: _Drawn) -> list[PlotLine]:
        """The smoothed curve, and the raw one faintly under it."""
        curve = self._curves.curve(item.run.run_id, item.key)
        x = curve.time if self._axis.current == "time" else curve.x
        entry = self._entry(item)
        amount = self._smoothing.value() / 100
        main = PlotLine(
            entry.key,
            entry.name,
            x,
            smooth(curve.y, amount),
            entry.tone,
            width=1.4 if item.dashed else 2.0,
            dashed=item.dashed,
        )
        if amount <= 0:
            return [main]
        raw = PlotLine(entry.key, entry.name, x, curve.y, entry.tone, 1.0, 0.28, in_readout=False)
        return [raw, main]

    def _limit(self, run: RunRow) -> PlotLimit | None:
        mean = run.result.get(reading.EVALUATION)
        if mean is None or self.key not in (BOTH, reading.OBJECTIVE):
            return None
        words = self.tr("evaluated {value}").format(value=fmt.significant(mean))
        return PlotLimit(mean, words, "ok")

    def _draw_events(self) -> None:
        if self._run is None:
            return
        by_time = self._axis.current == "time"
        marks = []
        for event in self._events:
            if event.kind not in EVENT_TONES or (event.kind == "started" and not event.step):
                continue
            x = event.time if by_time else self._step_of(event)
            if x is not None:
                tone, icon = EVENT_TONES[event.kind]
                marks.append(PlotEvent(float(x), self._event_text(event), tone, icon))
        self._plot().set_events(marks)

    def _event_text(self, event: Event) -> str:
        if event.kind == "checkpoint" and event.step is not None:
            return self.tr("ckpt {step}").format(step=fmt.count(event.step))
        short = len(event.text) <= EVENT_TEXT
        return event.text if short else event.text[:EVENT_TEXT] + "…"

    def _step_of(self, event: Event) -> float | None:
        """The step of an event, or of the metric point nearest in time."""
        if event.step is not None:
            return float(event.step)
        run = self._run
        curve = self._curves.curve(run.run_id, self.keys()[0]) if run is not None else Curve()
        if event.time is None or not len(curve) or not np.isfinite(curve.time).all():
            return None
        place = int(np.searchsorted(curve.time, event.time))
        return float(curve.x[min(place, len(curve) - 1)])

    def _show_missing(self, run: RunRow) -> None:
        first = self._curves.curve(run.run_id, self.keys()[-1]).last
        if first is not None:
            title = self.tr("First point: {value}").format(value=fmt.significant(first))
            words = self.tr("The curve begins with the next one.")
            self._panel.show_empty("chart-line", title, words)
        elif not run.metric_count:
            waiting = self.tr("The first point comes after the first rollout.")
            ended = self.tr("It ended before the first rollout.")
            self._panel.show_empty(
                "chart-line",
                self.tr("No points yet"),
                waiting if reading.is_active(run) else ended,
            )
        elif all(self._curves.is_loaded(run.run_id, key) for key in self.keys()):
            self._panel.show_empty(
                "chart-line", self.tr("This run does not log it"), metric_title(self.keys()[0])
            )
        else:
            self._panel.show_loading(self.tr("Asking for points"))

    def _offer_keys(self, run: RunRow) -> None:
        known = {self._picker.itemData(place) for place in range(self._picker.count())}
        for key in sorted(run.metrics):
            if key not in known and not key.startswith("eval/"):
                self._picker.addItem(metric_title(key), key)

    def _on_key_chosen(self) -> None:
        self.keys_changed.emit()
        self.draw()

    def _on_smoothing_changed(self, value: int) -> None:
        self._amount.set_text(fmt.number(value / 100, 2))
        self.draw()

    def _on_axis_changed(self) -> None:
        self._stack.setCurrentWidget(self._plot())
        self.draw()
