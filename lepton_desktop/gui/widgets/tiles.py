"""Stat tiles: one number of the lab with its line of context. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.focus import paint_focus_ring
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, set_margins, vbox
from lepton_desktop.gui.widgets.marks import Bar, Segment, paint_spark
from lepton_desktop.gui.widgets.surfaces import Card

ContextPart = tuple[str, Tone]
HEIGHT = 102
WIDE, NARROW = 84, 56


class StatTile(Card):
    """Icon and label, a value of 26 px, a unit, one line that names what is wrong.

    Fill it with ``set_value``, ``set_context`` and either ``set_spark`` or ``set_segments``. A
    click or Enter emits ``clicked``; the page opens its filtered list then.
    """

    clicked = Signal()

    def __init__(self, label: str, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(margins=(14, 11, 14, 11), gap=0, parent=parent)
        self.setFixedHeight(theme().px(HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._label = label
        self._value = Label("—", "value")
        self._unit = Label("", "body", "t3")
        self._bar = Bar()
        self._bar.hide()
        self._context = _ContextLine()
        self._spark: tuple[list[float], Tone] = ([], "acc")
        self._stale = False
        head = Label(label, "small-medium", "t2")
        row = hbox(self._value, vbox(None, self._unit, 5, gap=0), None, gap=5)
        self.add(hbox(IconLabel(icon, "t3", 14), head, None, gap=6))
        self.body.addSpacing(theme().px(1))
        self.add(row)
        self.add(self._bar)
        self.body.addStretch(1)
        self.add(self._context)
        set_margins(self.body, (14, 10, 14, 11))

    def set_value(self, value: str, unit: str = "") -> None:
        """The number, and what follows it in a lighter tone."""
        self._value.set_text(value)
        self._unit.set_text(unit)
        self.setAccessibleName(f"{self._label}: {value} {unit}".strip())
        self.update()

    def set_context(self, *parts: ContextPart) -> None:
        """The line below, in parts of their own tone."""
        self._context.set_parts(parts)

    def set_spark(self, values: Sequence[float], tone: Tone = "series:0") -> None:
        """A curve at the right; it gives way before a number is cut."""
        self._spark = (list(values), tone)
        self.update()

    def set_segments(self, segments: Sequence[Segment]) -> None:
        """A segmented bar under the value."""
        self._bar.set_segments(segments)
        self._bar.show()

    def set_stale(self, stale: bool) -> None:
        """A dotted outline: the number is old."""
        if stale != self._stale:
            self._stale = stale
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the curve beside the labels."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        values, tone = self._spark
        width = self._spark_width() if len(values) > 1 else 0
        if width:
            px = theme().px
            rect = QRectF(self.width() - px(14) - width, px(25), width, px(34))
            paint_spark(painter, rect, values, tone, dot=True)
        if self._stale:
            pen = painter.pen()
            pen.setColor(theme().color("t4"))
            pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        if self.hasFocus():
            paint_focus_ring(painter, self.rect(), theme().px(8))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The curve may have become too wide."""
        super().resizeEvent(event)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Click."""
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space click."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def _spark_width(self) -> int:
        used = self._value.sizeHint().width() + self._unit.sizeHint().width()
        free = self.width() - used - theme().px(14 + 5 + 10 + 14)
        for width in (WIDE, NARROW):
            if free >= theme().px(width):
                return theme().px(width)
        return 0


class _ContextLine(QWidget):
    """Parts in their own tones with a dot between, cut at the right end."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[ContextPart, ...] = ()
        self.setFixedHeight(theme().px(18))
        theme().changed.connect(self.update)

    def set_parts(self, parts: tuple[ContextPart, ...]) -> None:
        if parts != self._parts:
            self._parts = parts
            self.setToolTip(" · ".join(text for text, _ in parts))
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme().font("small"))
        metrics = theme().metrics("small")
        left = 0
        dotted: list[ContextPart] = []
        for part in self._parts:
            dotted += [("·", "t3"), part] if dotted else [part]
        for text, tone in dotted:
            room = self.width() - left
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.setPen(theme().color(tone))
            painter.drawText(
                QRectF(left, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, shown
            )
            left += metrics.horizontalAdvance(text) + theme().px(5)
            if left >= self.width():
                break
