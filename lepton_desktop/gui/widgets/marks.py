"""Inline marks as painters and widgets: bars, sparklines, GPU cells. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import Tone, theme

Segment = tuple[float, Tone]
"""Share of the bar, and its tone."""


def paint_bar(painter: QPainter, rect: QRectF, segments: Sequence[Segment]) -> None:
    """A rounded track with segments from the left."""
    radius = rect.height() / 2
    clip = QPainterPath()
    clip.addRoundedRect(rect, radius, radius)
    painter.save()
    painter.setClipPath(clip)
    painter.fillRect(rect, theme().color("track"))
    left = rect.left()
    for share, tone in segments:
        width = min(max(share, 0.0), 1.0) * rect.width()
        painter.fillRect(QRectF(left, rect.top(), width, rect.height()), theme().color(tone))
        left += width + (1 if len(segments) > 1 else 0)
    painter.restore()


def spark_points(
    rect: QRectF, values: Sequence[float], low: float | None, high: float | None, margin: float
) -> list[QPointF]:
    """Where the values of a sparkline lie."""
    bottom = min(values) if low is None else low
    top = max(values) if high is None else high
    span = (top - bottom) or 1.0
    step = (rect.width() - margin) / max(1, len(values) - 1)
    height = rect.height() - 2 * margin
    return [
        QPointF(
            rect.left() + index * step,
            rect.bottom() - margin - min(1.0, max(0.0, (value - bottom) / span)) * height,
        )
        for index, value in enumerate(values)
    ]


def paint_spark(
    painter: QPainter,
    rect: QRectF,
    values: Sequence[float],
    tone: Tone = "acc",
    limits: tuple[float | None, float | None] = (None, None),
    dot: bool = False,
) -> None:
    """A small curve with a fading fill; ``limits`` fix its scale."""
    if len(values) < 2:
        return
    points = spark_points(rect, values, *limits, 3.0 if dot else 1.5)
    colour = theme().color(tone)
    area = QPolygonF([*points, QPointF(points[-1].x(), rect.bottom())])
    area.append(QPointF(points[0].x(), rect.bottom()))
    fade = QLinearGradient(0, rect.top(), 0, rect.bottom())
    fade.setColorAt(0, theme().color(tone, 0.28))
    fade.setColorAt(1, theme().color(tone, 0.02))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fade)
    painter.drawPolygon(area)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(colour, 1.5)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawPolyline(points)
    if dot:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(points[-1], 2.5, 2.5)


def paint_cells(painter: QPainter, rect: QRectF, loads: Sequence[float | None]) -> None:
    """One column a GPU, filled to its load and coloured by it; an unknown load stays empty."""
    gap = 2.0
    width = (rect.width() - gap * (len(loads) - 1)) / max(1, len(loads))
    painter.setPen(Qt.PenStyle.NoPen)
    for index, load in enumerate(loads):
        cell = QRectF(rect.left() + index * (width + gap), rect.top(), width, rect.height())
        painter.setBrush(theme().load_color(0))
        painter.drawRoundedRect(cell, 2, 2)
        if load is None:
            continue
        height = max(1.5, min(load, 1.0) * cell.height())
        painter.setBrush(theme().load_color(0.35 + 0.65 * load))
        radius = min(2.0, height / 2)
        fill = QRectF(cell.left(), cell.bottom() - height, width, height)
        painter.drawRoundedRect(fill, radius, radius)


def paint_hatch(painter: QPainter, rect: QRectF, colour: QColor, radius: float = 3) -> None:
    """Slanted lines: a node that is down."""
    clip = QPainterPath()
    clip.addRoundedRect(rect, radius, radius)
    painter.save()
    painter.setClipPath(clip)
    painter.setPen(QPen(colour, 1.4))
    x = rect.left() - rect.height()
    while x < rect.right():
        painter.drawLine(QLineF(x, rect.bottom(), x + rect.height(), rect.top()))
        x += 6
    painter.restore()


class Bar(QWidget):
    """A bar of one or more segments."""

    def __init__(
        self,
        segments: Sequence[Segment] = (),
        height: int = 6,
        width: int = 0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._segments = tuple(segments)
        self.setFixedHeight(theme().px(height))
        if width:
            self.setFixedWidth(theme().px(width))
        else:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def set_segments(self, segments: Sequence[Segment]) -> None:
        """Show other shares."""
        if tuple(segments) != self._segments:
            self._segments = tuple(segments)
            self.update()

    def set_share(self, share: float, tone: Tone = "acc") -> None:
        """Show one share."""
        self.set_segments(((share, tone),))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_bar(painter, QRectF(self.rect()), self._segments)


class Sparkline(QWidget):
    """A small curve with a dot at its newest value."""

    def __init__(
        self,
        values: Sequence[float] = (),
        tone: Tone = "acc",
        height: int = 34,
        width: int = 84,
        limits: tuple[float | None, float | None] = (None, None),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._values = list(values)
        self._tone = tone
        self._limits = limits
        self.setFixedSize(theme().px(width), theme().px(height))
        theme().changed.connect(self.update)

    def set_values(self, values: Sequence[float], tone: Tone = "") -> None:
        """Show another curve."""
        self._values = list(values)
        self._tone = tone or self._tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        paint_spark(painter, rect, self._values, self._tone, self._limits, dot=True)


class CoreStrip(QWidget):
    """CPU load per core as bars; more than 64 are merged in pairs, quads and so on."""

    def __init__(self, height: int = 40, most: int = 64, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = most
        self._loads: list[float] = []
        self.setFixedHeight(theme().px(height))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def set_loads(self, loads: Sequence[float]) -> None:
        """Show loads of 0 … 1, one a logical CPU."""
        merge = -(-len(loads) // self._most) or 1
        groups = [loads[start : start + merge] for start in range(0, len(loads), merge)]
        merged = [sum(group) / len(group) for group in groups]
        if merged != self._loads:
            self._loads = merged
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._loads:
            return
        gap, height = 2.0, float(self.height())
        width = min(theme().px(24), (self.width() + gap) / len(self._loads) - gap)
        for index, load in enumerate(self._loads):
            left = index * (width + gap)
            fill = max(1.0, load * height)
            painter.fillRect(QRectF(left, 0, width, height), theme().load_color(0))
            painter.fillRect(
                QRectF(left, height - fill, width, fill), theme().load_color(0.35 + 0.6 * load)
            )
