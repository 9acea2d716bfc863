"""The card that follows the pointer over the fleet grid. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.theme.format import share
from lepton_desktop.gui.widgets.chips import ChipLook, chip_width, paint_chip
from lepton_desktop.gui.widgets.marks import paint_bar

WIDTH, MARGIN, SHADOW = 268, 14, 14
ROW = 18
MOST_LOADS = 16


@dataclass(frozen=True)
class HoverInfo:
    """What the card says of a node."""

    title: str
    chip: ChipLook | None = None
    meta: str = ""
    loads: Sequence[float | None] = ()
    rows: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """Label and text, such as ("Power", "4.1 kW · 71 °C max")."""
    foot: str = ""


class HoverCard(QWidget):
    """Painted in one go; never takes the pointer or the focus."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = parent
        self._info = HoverInfo("")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setObjectName("hover-card")
        self.hide()

    def show_at(self, info: HoverInfo, anchor: QPoint) -> None:
        """Show beside a point of the parent, inside the parent."""
        self._info = info
        px = theme().px
        self.resize(self.sizeHint())
        left = min(anchor.x() + px(4), self._area.width() - self.width())
        below = anchor.y() + px(8)
        fits = below + self.height() <= self._area.height()
        top = below if fits else anchor.y() - px(24) - self.height()
        self.move(max(0, left), max(0, top))
        self.show()
        self.raise_()
        self.update()

    def sizeHint(self) -> QSize:
        """As tall as its rows need."""
        info = self._info
        shown = min(len(info.loads), MOST_LOADS)
        height = MARGIN * 2 + 22 + (20 if info.meta else 0) + ROW * -(-shown // 2)
        height += 20 * len(info.rows) + (20 if info.foot else 0) + (6 if info.loads else 0)
        px = theme().px
        return QSize(px(WIDTH + 2 * SHADOW), px(height + 2 * SHADOW))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw shadow, frame and rows."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(px(SHADOW), px(SHADOW), -px(SHADOW), -px(SHADOW))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("shade", 0.04))
        for spread in range(2, SHADOW, 2):
            grown = frame.adjusted(-spread, -spread, spread, spread)
            painter.drawRoundedRect(grown, px(8) + spread, px(8) + spread)
        painter.setPen(theme().color("line2"))
        painter.setBrush(theme().color("s3"))
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), px(8), px(8))
        margin = px(MARGIN)
        self._paint_rows(painter, frame.adjusted(margin, margin, -margin, -margin))

    def _paint_rows(self, painter: QPainter, area: QRectF) -> None:
        px, info = theme().px, self._info
        top = area.top()
        self._line(painter, QRectF(area.left(), top, area.width(), px(18)), info.title, "section")
        if info.chip is not None:
            paint_chip(painter, area.right() - chip_width(info.chip), top - px(1), info.chip)
        top += px(22)
        if info.meta:
            meta = QRectF(area.left(), top, area.width(), px(18))
            self._line(painter, meta, info.meta, "small", "t3")
            top += px(20)
        top = self._paint_loads(painter, area, top)
        for label, text in info.rows:
            self._line(painter, QRectF(area.left(), top, px(60), px(18)), label, "small", "t3")
            value = QRectF(area.left() + px(64), top, area.width() - px(64), px(18))
            self._line(painter, value, text, "small")
            top += px(20)
        if info.foot:
            foot = QRectF(area.left(), top, area.width(), px(18))
            self._line(painter, foot, info.foot, "micro", "t3")

    def _paint_loads(self, painter: QPainter, area: QRectF, top: float) -> float:
        px = theme().px
        loads = list(self._info.loads)[:MOST_LOADS]
        rows = -(-len(loads) // 2)
        half = (area.width() - px(10)) / 2
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number, load in enumerate(loads):
            column, row = divmod(number, rows)
            left, y = area.left() + column * (half + px(10)), top + row * px(ROW)
            self._line(painter, QRectF(left, y, px(18), px(ROW)), str(number), "small", "t3")
            tone = f"seq:{0.35 + 0.65 * (load or 0):.2f}"
            bar = QRectF(left + px(16), y + px(6), half - px(16) - px(42), px(6))
            paint_bar(painter, bar, [(load or 0.0, tone)])
            painter.setPen(theme().color("t1"))
            painter.drawText(QRectF(left, y, half, px(ROW)), right, share(load))
        return top + rows * px(ROW) + (px(6) if loads else 0)

    def _line(
        self, painter: QPainter, rect: QRectF, text: str, role: str, tone: str = "t1"
    ) -> None:
        painter.setFont(theme().font(role))
        painter.setPen(theme().color(tone))
        shown = (
            theme().metrics(role).elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
        )
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, shown)
