"""The focus ring: 2 px of accent on whatever the keyboard is on. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from lepton_desktop.gui.theme.current import theme


def paint_focus_ring(painter: QPainter, rect: QRect | QRectF, radius: float) -> None:
    """Draw the ring just inside ``rect``."""
    painter.setPen(QPen(theme().color("acc"), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), radius, radius)
