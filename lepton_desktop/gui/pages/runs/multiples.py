"""The small plots under the main chart; a click swaps one into it. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.models.curves import CurveStore, smooth
from lepton_desktop.gui.models.run_words import metric_title
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.plot import Plot, share_crosshair
from lepton_desktop.gui.widgets.plot_card import PlotCard
from lepton_desktop.gui.widgets.plot_legend import LegendEntry, PlotLegend
from lepton_desktop.gui.widgets.plot_values import PlotLine
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import RunRow

SINGLE: dict[str, Callable[[float | None], str]] = {
    "train/policy_loss": fmt.significant,
    "train/approx_kl": fmt.significant,
    "train/entropy": fmt.significant,
    "time/steps_per_second": fmt.count,
}
TITLES = {"train/approx_kl": "KL", "time/steps_per_second": "Steps/s"}
"""Shorter than elsewhere: the card is narrow."""
HEIGHT = 132
ALL_FROM = 760
GIVE_WAY = ("train/approx_kl", "train/entropy")
SMOOTHING = 0.3


class Multiples(QWidget):
    """Policy loss, KL, entropy, speed, and the reward terms with their legend."""

    chosen = Signal(str)
    """A metric key for the main chart."""

    def __init__(self, curves: CurveStore, main: Plot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves = curves
        self._cards: dict[str, PlotCard] = {}
        for key in SINGLE:
            plot = Plot(metric_title(key), small=True, left_width=40)
            card = PlotCard(TITLES.get(key, metric_title(key)), plot, "card", HEIGHT)
            card.setObjectName(f"multiple-{key.split('/')[1]}")
            card.clicked.connect(lambda key=key: self.chosen.emit(key))
            self._cards[key] = card
        self._terms = TermsCard(curves)
        self.setFixedHeight(theme().px(HEIGHT))
        self.setLayout(
            hbox(*((card, 10) for card in self._cards.values()), (self._terms, 23), gap=10)
        )
        plots = [card.plot for card in self._cards.values()]
        share_crosshair([main, *plots, self._terms.plot])

    def keys(self, run: RunRow) -> list[str]:
        """Metric keys that are on screen."""
        return [*SINGLE, *reading.term_keys(run)]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow place the least watched ones give way to readable others."""
        super().resizeEvent(event)
        narrow = self.width() < theme().px(ALL_FROM)
        for key in GIVE_WAY:
            self._cards[key].setVisible(not narrow)

    def draw(self, run: RunRow) -> None:
        """Draw what is known now."""
        tone = f"series:{reading.colour_index(run)}"
        for key, card in self._cards.items():
            curve = self._curves.curve(run.run_id, key)
            lines = [PlotLine(key, metric_title(key), curve.x, curve.y, tone, 1.2)]
            card.plot.set_data(lines if len(curve) else [])
            card.plot.set_x_range(_x_range(run))
            card.set_value(SINGLE[key](run.metrics.get(key)))
        self._terms.draw(run)


class TermsCard(Surface):
    """One line per reward term; the legend hides and isolates them."""

    def __init__(self, curves: CurveStore, parent: QWidget | None = None) -> None:
        super().__init__("card", parent)
        self.setObjectName("multiple-terms")
        self.setAccessibleName(self.tr("Reward terms"))
        self._curves = curves
        self.plot = Plot(self.tr("Reward terms"), small=True, left_width=40)
        self._legend = PlotLegend()
        self._legend.setObjectName("terms-legend")
        self._legend.hidden_changed.connect(self.plot.set_hidden)
        self._value = Label("", "small-strong")
        title = ElidedLabel(self.tr("Reward terms"), "small-medium", "t2")
        head = hbox((title, 1), self._value, gap=10)
        self.setLayout(vbox(head, self._legend, (self.plot, 1), gap=1, margins=(10, 7, 8, 4)))
        self.setMinimumWidth(theme().px(100))

    def draw(self, run: RunRow) -> None:
        """Draw the terms of a run."""
        keys = reading.term_keys(run)
        lines = []
        for place, key in enumerate(keys):
            curve = self._curves.curve(run.run_id, key)
            if len(curve):
                y = smooth(curve.y, SMOOTHING)
                lines.append(PlotLine(key, metric_title(key), curve.x, y, f"series:{place}", 1.4))
        self._legend.set_entries(
            [
                LegendEntry(key, metric_title(key), f"series:{place}")
                for place, key in enumerate(keys)
            ]
        )
        self.plot.set_data(lines)
        self.plot.set_x_range(_x_range(run))
        if not keys:
            self._value.set_text(self.tr("the environment's own"))
        else:
            self._value.set_text("" if lines else fmt.EMPTY)


def _x_range(run: RunRow) -> tuple[float, float] | None:
    """From the first step to the newest, the same for every plot of the page."""
    return (0.0, float(run.step)) if run.step else None
