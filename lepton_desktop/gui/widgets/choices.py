"""Controls that choose: segments, switch, check box, drop-down, tabs. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSizePolicy, QTabBar, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.focus import paint_focus_ring


@dataclass(frozen=True)
class Segment:
    """One choice of a segmented control; with an icon, the text is its tool tip."""

    key: str
    text: str
    icon: str = ""


class SegmentedControl(QWidget):
    """One of a few, side by side; arrow keys move."""

    changed = Signal(str)
    """The chosen key."""

    def __init__(
        self,
        segments: Sequence[Segment],
        current: str = "",
        height: int = 28,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._segments = list(segments)
        self._current = current or self._segments[0].key
        self._height = height
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._describe()
        theme().changed.connect(self.update)

    @property
    def current(self) -> str:
        """The chosen key."""
        return self._current

    def set_current(self, key: str) -> None:
        """Choose without a signal."""
        if key != self._current:
            self._current = key
            self._describe()
            self.update()

    def choose(self, key: str) -> None:
        """Choose as a click does."""
        if key != self._current:
            self.set_current(key)
            self.changed.emit(key)

    def sizeHint(self) -> QSize:
        """As wide as its words need."""
        return QSize(sum(self._widths()) + theme().px(4), theme().px(self._height))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the frame, the chosen segment and the words."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("line2"))
        painter.setBrush(theme().color("s2"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, px(6), px(6))
        for segment, rect in zip(self._segments, self._rects(), strict=True):
            self._paint_segment(painter, segment, rect)
        if self.hasFocus():
            paint_focus_ring(painter, self.rect(), px(6))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what is under the pointer."""
        segment = self._segment_at(event.position())
        if segment is not None:
            self.choose(segment.key)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Name the icon under the pointer."""
        segment = self._segment_at(event.position())
        self.setToolTip(segment.text if segment is not None and segment.icon else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right move."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step == 0:
            super().keyPressEvent(event)
            return
        keys = [segment.key for segment in self._segments]
        place = keys.index(self._current) + step
        self.choose(keys[min(len(keys) - 1, max(0, place))])

    def _paint_segment(self, painter: QPainter, segment: Segment, rect: QRectF) -> None:
        px = theme().px
        chosen = segment.key == self._current
        if chosen:
            painter.setPen(theme().color("line3", 0.5))
            painter.setBrush(theme().color("s3"))
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), px(4), px(4))
        tone = "t1" if chosen else "t3"
        if segment.icon:
            half = px(14) / 2
            corner = QPointF(rect.center().x() - half, rect.center().y() - half)
            painter.drawPixmap(corner, theme().pixmap(segment.icon, tone, 14))
            return
        painter.setFont(theme().font("small-medium"))
        painter.setPen(theme().color(tone))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, segment.text)

    def _widths(self) -> list[int]:
        metrics, px = theme().metrics("small-medium"), theme().px
        return [
            px(30) if segment.icon else metrics.horizontalAdvance(segment.text) + px(20)
            for segment in self._segments
        ]

    def _rects(self) -> list[QRectF]:
        inset = theme().px(2)
        rects, left = [], float(inset)
        for width in self._widths():
            rects.append(QRectF(left, inset, width, self.height() - 2 * inset))
            left += width
        return rects

    def _segment_at(self, position: QPointF) -> Segment | None:
        for segment, rect in zip(self._segments, self._rects(), strict=True):
            if rect.contains(position):
                return segment
        return None

    def _describe(self) -> None:
        chosen = next((s.text for s in self._segments if s.key == self._current), "")
        self.setAccessibleDescription(chosen)


class Switch(QAbstractButton):
    """On or off, at once."""

    def __init__(
        self, checked: bool = False, name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setChecked(checked)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Track and ring."""
        return QSize(theme().px(34), theme().px(20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw track and knob."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(px(2), px(2), px(30), px(16)).adjusted(0.5, 0.5, -0.5, -0.5)
        on = self.isChecked()
        painter.setPen(theme().color("accfill" if on else "line3"))
        painter.setBrush(theme().color("accfill" if on else "s2"))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("onacc" if on else "line3"))
        x = track.right() - track.height() / 2 if on else track.left() + track.height() / 2
        painter.drawEllipse(QPointF(x, track.center().y()), px(6), px(6))
        if self.hasFocus():
            paint_focus_ring(painter, self.rect(), self.height() / 2)


class Checkbox(QAbstractButton):
    """A box with a word."""

    def __init__(self, text: str, checked: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(checked)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Box, gap and word."""
        px = theme().px
        return QSize(px(28) + theme().metrics("small").horizontalAdvance(self.text()), px(22))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw box, tick and word."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(px(2), (self.height() - px(16)) / 2, px(16), px(16))
        on = self.isChecked()
        tone = "t1" if self.isEnabled() else "t4"
        painter.setPen(QPen(theme().color("accfill" if on else "line3"), 1))
        painter.setBrush(theme().color("accfill" if on else "input"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), px(4), px(4))
        if on:
            corner = QPointF(box.left() + px(2), box.top() + px(2))
            painter.drawPixmap(corner, theme().pixmap("check", "onacc", 12))
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color(tone))
        text = QRectF(px(26), 0, self.width() - px(26), self.height())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus():
            paint_focus_ring(painter, self.rect(), px(4))


class Combo(QComboBox):
    """A drop-down whose arrow follows the theme."""

    def __init__(
        self,
        items: Sequence[str] = (),
        height: int = 30,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.addItems(list(items))
        self.setFont(theme().font("small"))
        self.setFixedHeight(theme().px(height))
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Add the arrow."""
        super().paintEvent(event)
        px = theme().px
        tone = "t3" if self.isEnabled() else "t4"
        corner = QPointF(self.width() - px(22), (self.height() - px(14)) / 2)
        QPainter(self).drawPixmap(corner, theme().pixmap("chevron-down", tone, 14))

    def wheelEvent(self, event: QEvent) -> None:
        """A page that is scrolled must not change a setting under the pointer."""
        event.ignore()


class Tabs(QTabBar):
    """Words with a line under the chosen one."""

    def __init__(self, titles: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme().font("strong"))
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        for title in titles:
            self.addTab(title)
        self.setFixedHeight(theme().px(34))
