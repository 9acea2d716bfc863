"""What lies over the curves: gaps, limit, events, crosshair, readout card. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.theme.format import SPACE, significant
from lepton_desktop.gui.widgets.plot_values import PlotEvent, PlotLimit, Reading

MOST_READINGS = 10
OFFSET = 14
ROW = 18


class Overlay(QWidget):
    """Covers the plot area; takes no mouse."""

    def __init__(self, to_point: Callable[[float, float], QPointF], parent: QWidget) -> None:
        super().__init__(parent)
        self._to_point = to_point
        """Data coordinates to a point of this widget."""
        self.events: Sequence[PlotEvent] = ()
        self.limit: PlotLimit | None = None
        self.gaps: Sequence[tuple[float, float]] = ()
        self._at: float | None = None
        self._title = ""
        self._readings: Sequence[Reading] = ()
        self._with_card = False
        self.format_value: Callable[[float], str] = significant
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_crosshair(
        self, at: float | None, title: str, readings: Sequence[Reading], with_card: bool
    ) -> None:
        """Move the crosshair; only the strips that change are painted again."""
        if at is None and self._at is None:
            return
        self.update(self._crosshair_area())
        self._at, self._title = at, title
        self._readings = readings[:MOST_READINGS]
        self._with_card = with_card
        self.update(self._crosshair_area())

    @property
    def crosshair(self) -> float | None:
        """Where the crosshair stands."""
        return self._at

    @property
    def readings(self) -> Sequence[Reading]:
        """What the card shows."""
        return self._readings

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw all of it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_gaps(painter)
        self._paint_limit(painter)
        self._paint_events(painter)
        if self._at is not None:
            self._paint_crosshair(painter, self._at)

    def _x(self, value: float) -> float:
        return self._to_point(value, 0).x()

    @staticmethod
    def _line(painter: QPainter, pen: QPen, start: QPointF, end: QPointF) -> None:
        """A straight line without antialiasing, which makes dotted ones fifty times faster."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(pen)
        painter.drawLine(start, end)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _paint_gaps(self, painter: QPainter) -> None:
        painter.setFont(theme().font("micro"))
        text = self.tr("no data")
        width = theme().metrics("micro").horizontalAdvance(text)
        for low, high in self.gaps:
            left, right = max(0.0, self._x(low)), min(float(self.width()), self._x(high))
            area = QRectF(left, 0, right - left, self.height())
            painter.fillRect(area, theme().color("t4", 0.14))
            if area.width() > width + 8:
                painter.setPen(theme().color("t3"))
                lower = area.adjusted(0, area.height() * 0.55, 0, 0)
                painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_limit(self, painter: QPainter) -> None:
        if self.limit is None:
            return
        y = self._to_point(0, self.limit.y).y()
        if not 0 <= y <= self.height():
            return
        pen = QPen(theme().color(self.limit.tone), 1, Qt.PenStyle.DashLine)
        self._line(painter, pen, QPointF(0, y), QPointF(self.width(), y))
        painter.setPen(theme().color(self.limit.tone))
        painter.setFont(theme().font("micro-medium"))
        height = theme().px(15)
        top = y - height - 1 if y > height + 2 else y + 2
        place = QRectF(0, top, self.width() - theme().px(8), height)
        painter.drawText(
            place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.limit.text
        )

    def _paint_events(self, painter: QPainter) -> None:
        """Labels stand left of their lines; one that would cover another becomes its icon."""
        px, metrics = theme().px, theme().metrics("micro-medium")
        taken = 0.0
        painter.setFont(theme().font("micro-medium"))
        for event in sorted(self.events, key=lambda event: event.x):
            x = self._x(event.x)
            if not 0 <= x <= self.width():
                continue
            pen = QPen(theme().color(event.tone, 0.7), 1, Qt.PenStyle.DotLine)
            self._line(painter, pen, QPointF(x, 0), QPointF(x, self.height()))
            width = metrics.horizontalAdvance(event.text)
            if not event.text:
                continue
            if x - width - px(6) >= taken:
                painter.setPen(theme().color(event.tone))
                painter.drawText(
                    QRectF(x - width - px(5), px(1), width, px(15)),
                    Qt.AlignmentFlag.AlignVCenter,
                    event.text,
                )
                taken = x
            elif x - px(14) >= taken:
                icon = theme().pixmap(event.icon, event.tone, 11)
                painter.drawPixmap(QPointF(x - px(13), px(2)), icon)
                taken = x

    def _paint_crosshair(self, painter: QPainter, at: float) -> None:
        x = self._x(at)
        pen = QPen(theme().color("t2"), 1)
        self._line(painter, pen, QPointF(x, 0), QPointF(x, self.height()))
        for reading in self._readings:
            point = QPointF(x, self._to_point(at, reading.y).y())
            painter.setPen(QPen(theme().color("s1"), 2))
            painter.setBrush(theme().color(reading.tone))
            painter.drawEllipse(point, 4, 4)
        if self._with_card and self._readings:
            self._paint_card(painter, self._card_rect())

    def _paint_card(self, painter: QPainter, rect: QRectF) -> None:
        px = theme().px
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("shade", 0.05))
        for spread in range(2, 12, 2):
            grown = rect.adjusted(-spread, -spread + 2, spread, spread + 2)
            painter.drawRoundedRect(grown, px(8) + spread, px(8) + spread)
        painter.setPen(theme().color("line2"))
        painter.setBrush(theme().color("s3"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), px(8), px(8))
        row = QRectF(rect.left() + px(12), rect.top() + px(8), rect.width() - px(24), px(ROW))
        self._text(painter, row, self._title, "small-strong", "t1")
        for reading in self._readings:
            row.translate(0, px(ROW))
            self._paint_reading(painter, row, reading)

    def _paint_reading(self, painter: QPainter, row: QRectF, reading: Reading) -> None:
        px = theme().px
        style = Qt.PenStyle.DashLine if reading.dashed else Qt.PenStyle.SolidLine
        pen = QPen(theme().color(reading.tone), 2.2, style)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        middle = row.center().y()
        painter.drawLine(QPointF(row.left() + 1, middle), QPointF(row.left() + px(12), middle))
        value = self.format_value(reading.y)
        error = "" if reading.error is None else f"±{SPACE}{self.format_value(reading.error)}"
        right = row.right()
        if error:
            self._text(painter, row, error, "small", "t3", right=True)
            right -= theme().metrics("small").horizontalAdvance(error) + px(6)
        number = QRectF(row.left(), row.top(), right - row.left(), row.height())
        self._text(painter, number, value, "small-strong", "t1", right=True)
        used = theme().metrics("small-strong").horizontalAdvance(value) + px(8)
        name = QRectF(row.left() + px(18), row.top(), 0, row.height())
        name.setRight(right - used)
        self._text(painter, name, reading.name, "small", "t2")

    def _text(
        self,
        painter: QPainter,
        rect: QRectF,
        text: str,
        role: str,
        tone: Tone,
        right: bool = False,
    ) -> None:
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.setFont(theme().font(role))
        painter.setPen(theme().color(tone))
        shown = (
            theme()
            .metrics(role)
            .elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(rect.width())))
        )
        painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, shown)

    def _card_rect(self) -> QRectF:
        px = theme().px
        width = min(px(226), self.width() - px(8))
        height = px(16) + px(ROW) * (1 + len(self._readings))
        x = self._x(self._at or 0.0)
        left = x + px(OFFSET)
        if left + width > self.width() - 2:
            left = x - px(OFFSET) - width
        top = min(px(20), max(0, self.height() - height - 4))
        return QRectF(max(2.0, left), top, width, height)

    def _crosshair_area(self) -> QRectF:
        if self._at is None:
            return QRectF()
        x = self._x(self._at)
        strip = QRectF(x - 7, 0, 14, self.height())
        if self._with_card:
            strip = strip.united(self._card_rect().adjusted(-14, -14, 14, 16))
        return strip

    def update(self, area: QRectF | None = None) -> None:  # type: ignore[override]
        """Repaint an area, or everything."""
        if area is None:
            super().update()
        elif not area.isEmpty():
            super().update(area.toAlignedRect())
