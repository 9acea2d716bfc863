"""The legend of a plot, for its card's header row. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.focus import paint_focus_ring

SAMPLE, GAP = 14, 14


@dataclass(frozen=True)
class LegendEntry:
    """One name with the sample of its line."""

    key: str
    name: str
    tone: Tone
    dashed: bool = False


class PlotLegend(QWidget):
    """Click hides a series, double click isolates it. Connect ``hidden_changed`` to the plot."""

    hidden_changed = Signal(object)
    """frozenset of keys that are hidden."""

    def __init__(self, entries: Sequence[LegendEntry] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries = list(entries)
        self._hidden: frozenset[str] = frozenset()
        self._before_click = self._hidden
        self._focused = 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Legend"))
        theme().changed.connect(self.update)

    def set_entries(self, entries: Sequence[LegendEntry]) -> None:
        """Show these names; what was hidden stays hidden."""
        if list(entries) != self._entries:
            self._entries = list(entries)
            self.updateGeometry()
            self.update()

    def toggle(self, key: str) -> None:
        """Hide or show a series."""
        self._set_hidden(self._hidden ^ {key})

    def isolate(self, key: str) -> None:
        """Hide every other series; again: show all."""
        others = frozenset(entry.key for entry in self._entries) - {key}
        self._set_hidden(frozenset() if self._hidden == others else others)

    def sizeHint(self) -> QSize:
        """As wide as its names need."""
        return QSize(sum(self._widths()), theme().px(20))

    def minimumSizeHint(self) -> QSize:
        """Cut at the right before it pushes the page wider."""
        return QSize(theme().px(40), theme().px(20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw samples and names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme().font("small"))
        left, middle, px = 0.0, self.height() / 2, theme().px
        for number, (entry, width) in enumerate(zip(self._entries, self._widths(), strict=True)):
            off = entry.key in self._hidden
            pen = QPen(theme().color("t4" if off else entry.tone), 2.2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            if entry.dashed:
                # Round caps would close the gaps of so short a sample.
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                pen.setDashPattern([1.8, 1.2])
            painter.setPen(pen)
            painter.drawLine(round(left) + 2, round(middle), round(left) + px(12), round(middle))
            painter.setPen(theme().color("t4" if off else "t2"))
            name = QRectF(left + px(SAMPLE + 5), 0, width - px(SAMPLE + 5), self.height())
            painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, entry.name)
            if self.hasFocus() and number == self._focused:
                ring = QRectF(left - 1, 0, width - px(GAP) + 4, self.height())
                paint_focus_ring(painter, ring, px(4))
            left += width

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hide or show."""
        key = self._key_at(event.position().x())
        if key is not None:
            self._before_click = self._hidden
            self.toggle(key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Isolate, whatever the first click of the two hid."""
        key = self._key_at(event.position().x())
        if key is not None:
            self._hidden = self._before_click
            self.isolate(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right move, Space toggles, Enter isolates."""
        key = Qt.Key(event.key())
        if not self._entries:
            return
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            self._focused = (self._focused + step) % len(self._entries)
            self.update()
        elif key == Qt.Key.Key_Space:
            self.toggle(self._entries[self._focused].key)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.isolate(self._entries[self._focused].key)
        else:
            super().keyPressEvent(event)

    def _set_hidden(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden
        self.update()
        self.hidden_changed.emit(hidden)

    def _widths(self) -> list[int]:
        metrics, px = theme().metrics("small"), theme().px
        return [
            px(SAMPLE + 5 + GAP) + metrics.horizontalAdvance(entry.name) for entry in self._entries
        ]

    def _key_at(self, x: float) -> str | None:
        left = 0.0
        for entry, width in zip(self._entries, self._widths(), strict=True):
            if left <= x < left + width:
                return entry.key
            left += width
        return None
