"""The product's mark. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QIcon, QLinearGradient, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.theme.current import theme

UNITS = 28
WINDOW_ICON_PIXELS = 128


def paint_logo(painter: QPainter, size: float) -> None:
    """Two orbits around a core, on a rounded square of ``size`` pixels at the origin."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / UNITS, size / UNITS)
    ground = QLinearGradient(0, 0, UNITS, UNITS)
    ground.setColorAt(0, theme().color("logo1"))
    ground.setColorAt(1, theme().color("logo2"))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(0, 0, UNITS, UNITS), 7, 7)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.translate(UNITS / 2, UNITS / 2)
    orbit = QRectF(-9, -4.4, 18, 8.8)
    for turn, width, alpha in ((-35, 1.7, 0.92), (70, 1.4, 0.6)):
        painter.rotate(turn)
        painter.setPen(QPen(theme().color("onacc", alpha), width))
        painter.drawEllipse(orbit)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color("onacc"))
    painter.drawEllipse(QPointF(0, 0), 2.5, 2.5)
    painter.restore()


def window_icon() -> QIcon:
    """The mark for task bars."""
    pixmap = QPixmap(WINDOW_ICON_PIXELS, WINDOW_ICON_PIXELS)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_logo(painter, WINDOW_ICON_PIXELS)
    painter.end()
    return QIcon(pixmap)


class Logo(QWidget):
    """The mark as a widget."""

    def __init__(self, size: int = UNITS, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(theme().px(size), theme().px(size))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        paint_logo(QPainter(self), self.width())
