"""A turning ring for work of unknown length; rests with reduced motion. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.theme.current import Tone, theme

STEP_MS = 80
STEP_DEGREES = 30


class Spinner(QWidget):
    """Turns while it is visible."""

    def __init__(self, size: int = 14, tone: Tone = "acc", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = tone
        self._angle = 0
        self.setFixedSize(theme().px(size), theme().px(size))
        self._timer = QTimer(self)
        self._timer.setInterval(STEP_MS)
        self._timer.timeout.connect(self._on_timeout)
        theme().motion_changed.connect(self._run_or_rest)
        theme().changed.connect(self.update)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to turn."""
        super().showEvent(event)
        self._run_or_rest()

    def hideEvent(self, event: QHideEvent) -> None:
        """A hidden spinner costs nothing."""
        super().hideEvent(event)
        self._timer.stop()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Three quarters of a ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = max(1.4, self.width() / 9)
        inset = width / 2 + self.width() / 16
        rect = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        pen = QPen(theme().color(self._tone), width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(rect, (90 - self._angle) * 16, -270 * 16)

    def _run_or_rest(self) -> None:
        if self.isVisible() and not theme().reduced_motion:
            self._timer.start()
        else:
            self._timer.stop()

    def _on_timeout(self) -> None:
        self._angle = (self._angle + STEP_DEGREES) % 360
        self.update()
