"""Chips, filter pills and key caps; delegates paint chips too. Runs in the window."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.focus import paint_focus_ring

NEUTRAL = frozenset({"t1", "t2", "t3"})
HEIGHT = 20


@dataclass(frozen=True)
class ChipLook:
    """A state or kind: word, tone and icon."""

    text: str
    tone: Tone = "t2"
    icon: str = ""


def chip_width(look: ChipLook) -> int:
    """Width in device-independent pixels."""
    px = theme().px
    width = theme().metrics("micro-medium").horizontalAdvance(look.text) + px(14)
    return width + (px(15) if look.icon else 0)


def paint_chip(painter: QPainter, x: float, y: float, look: ChipLook) -> None:
    """Draw a chip with its upper left corner at (x, y)."""
    px = theme().px
    rect = QRectF(x, y, chip_width(look), px(HEIGHT))
    fill, edge = _chip_colours(look.tone)
    painter.setPen(QPen(edge, 1))
    painter.setBrush(fill)
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), px(5), px(5))
    left = x + px(7)
    if look.icon:
        top = y + (px(HEIGHT) - px(12)) / 2
        painter.drawPixmap(QPointF(left - 1, top), theme().pixmap(look.icon, look.tone, 12))
        left += px(15)
    painter.setFont(theme().font("micro-medium"))
    painter.setPen(theme().color(look.tone))
    painter.drawText(
        QRectF(left, y, rect.right() - left, rect.height()),
        Qt.AlignmentFlag.AlignVCenter,
        look.text,
    )


def _chip_colours(tone: Tone) -> tuple[QColor, QColor]:
    if tone in NEUTRAL:
        return theme().color("s2"), theme().color("line2")
    return theme().color(tone, theme().tint), theme().color(tone, 0.30)


class Chip(QWidget):
    """A state or kind, 20 px high."""

    def __init__(
        self, text: str, tone: Tone = "t2", icon: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._look = ChipLook(text, tone, icon)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        theme().changed.connect(self.update)

    def set_look(self, look: ChipLook) -> None:
        """Show another state."""
        if look != self._look:
            self._look = look
            self.setAccessibleName(look.text)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as the word needs."""
        return QSize(chip_width(self._look), theme().px(HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_chip(painter, 0, 0, self._look)


class Pill(QWidget):
    """An active filter, with × to remove it, or a button such as ``+ Tag`` or ``Failed 2``."""

    clicked = Signal()
    removed = Signal()

    def __init__(
        self,
        text: str,
        active: bool = False,
        removable: bool = False,
        icon: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._text = text
        self._active = active
        self._removable = removable
        self._icon = icon
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(text)
        theme().changed.connect(self.update)

    @property
    def active(self) -> bool:
        """Whether it is drawn as chosen."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Draw it as chosen or not."""
        if active != self._active:
            self._active = active
            self.update()

    def set_text(self, text: str) -> None:
        """Change the text."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as the text needs."""
        px = theme().px
        width = theme().metrics("small-medium").horizontalAdvance(self._text) + px(20)
        width += px(16) if self._icon else 0
        width += px(16) if self._removable else 0
        return QSize(width, px(26))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        hovered = self.underMouse()
        plain = theme().color("hover") if hovered else QColor(0, 0, 0, 0)
        painter.setBrush(theme().color("acc", 0.16) if self._active else plain)
        painter.setPen(theme().color("acc", 0.6) if self._active else theme().color("line2"))
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        tone = "acc" if self._active else "t2"
        left = px(10)
        if self._icon:
            painter.drawPixmap(left - 1, px(7), theme().pixmap(self._icon, tone, 12))
            left += px(16)
        painter.setFont(theme().font("small-medium"))
        painter.setPen(theme().color(tone))
        painter.drawText(
            QRectF(left, 0, self.width() - left, self.height()),
            Qt.AlignmentFlag.AlignVCenter,
            self._text,
        )
        if self._removable:
            painter.drawPixmap(self.width() - px(21), px(7), theme().pixmap("x", "t3", 12))
        if self.hasFocus():
            paint_focus_ring(painter, self.rect(), self.height() / 2)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The × removes, the rest clicks."""
        if not self.rect().contains(event.position().toPoint()):
            return
        on_cross = self._removable and event.position().x() > self.width() - theme().px(26)
        (self.removed if on_cross else self.clicked).emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space and Enter click, Delete removes."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
        elif self._removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()


class KeyCap(QWidget):
    """A key to press, such as ``Ctrl K``."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As wide as the key's name needs."""
        px = theme().px
        width = theme().metrics("micro-medium").horizontalAdvance(self._text) + px(12)
        return QSize(max(width, px(20)), px(20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme().color("hover"))
        painter.setPen(theme().color("line2"))
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(rect, theme().px(4), theme().px(4))
        painter.setPen(theme().color("t3"))
        painter.setFont(theme().font("micro-medium"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
