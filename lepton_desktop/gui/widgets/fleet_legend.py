"""The row under the fleet grid: ramp and state swatches. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLayout, QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.layouts import hbox, holder
from lepton_desktop.gui.widgets.marks import paint_bar


class RampStrip(QWidget):
    """The colours from low to high."""

    def __init__(self, width: int = 110, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(theme().px(width), theme().px(8))
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the gradient."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fade = QLinearGradient(0, 0, self.width(), 0)
        for step in range(0, 101, 25):
            fade.setColorAt(step / 100, theme().load_color(step / 100))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fade)
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)


class StateSwatch(QWidget):
    """A small tile in one state."""

    def __init__(self, state: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """16 by 12."""
        return QSize(theme().px(16), theme().px(12))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._state == "cpu":
            paint_bar(painter, QRectF(0, rect.center().y() - 2.5, rect.width(), 5), [(0.6, "cpu")])
        elif self._state == "down":
            painter.setPen(QPen(theme().color("err"), 1))
            painter.setBrush(theme().color("err", 0.2))
            painter.drawRoundedRect(rect, 3, 3)
            center = rect.center()
            painter.drawLine(QLineF(center.x() - 3, center.y() - 3, center.x() + 3, center.y() + 3))
            painter.drawLine(QLineF(center.x() + 3, center.y() - 3, center.x() - 3, center.y() + 3))
        else:
            dashed = self._state == "draining"
            style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.DotLine
            painter.setPen(QPen(theme().color("warn" if dashed else "t3"), 1, style))
            painter.drawRoundedRect(rect, 3, 3)


class FleetLegend(QWidget):
    """Metric with its ends at the left, states at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metric = Label("", "micro", "t3")
        self._low = Label("0", "micro", "t3")
        self._high = Label("", "micro", "t3")
        self._cpu = self._item("cpu", self.tr("CPU only"))
        states = (
            self._item("draining", self.tr("Draining")),
            self._item("down", self.tr("Down")),
            self._item("stale", self.tr("Stale")),
        )
        ramp = (self._metric, self._low, RampStrip(), self._high)
        self._states = holder(hbox(self._cpu, *states, gap=14))
        row = hbox(*ramp, None, self._states, gap=6)
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setLayout(row)

    def minimumSizeHint(self) -> QSize:
        """Gives way before it pushes the page wider."""
        return QSize(theme().px(120), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The states give way first, then the metric's name."""
        super().resizeEvent(event)
        ramp = theme().px(190)
        self._metric.setVisible(self.width() > ramp + self._metric.sizeHint().width())
        self._states.setVisible(
            self.width() > ramp + self._metric.sizeHint().width() + self._states.sizeHint().width()
        )

    def set_metric(self, label: str, low: str, high: str) -> None:
        """Name the metric and what the ends of the ramp stand for."""
        self._metric.set_text(label)
        self._low.set_text(low)
        self._high.set_text(high)

    @staticmethod
    def _item(state: str, text: str) -> QWidget:
        return holder(hbox(StateSwatch(state), Label(text, "micro", "t3"), gap=6))
