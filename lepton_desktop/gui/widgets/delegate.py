"""The one delegate that paints every table. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.theme.format import EMPTY
from lepton_desktop.gui.widgets import cells
from lepton_desktop.gui.widgets.chips import HEIGHT as CHIP_HEIGHT
from lepton_desktop.gui.widgets.chips import chip_width, paint_chip
from lepton_desktop.gui.widgets.marks import paint_bar, paint_cells, paint_spark

Index = QModelIndex | QPersistentModelIndex
CellOf = Callable[[Index], cells.Cell | None]
CELL_ROLE = Qt.ItemDataRole.UserRole + 100
PADDING = 10

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def cell_from_role(index: Index) -> cells.Cell | None:
    """The cell that a model answers for CELL_ROLE."""
    cell: cells.Cell | None = index.data(CELL_ROLE)
    return cell


class CellDelegate(QStyledItemDelegate):
    """Paints row background, rule, focus and the cell's own marks."""

    def __init__(self, view: QTableView, cell_of: CellOf = cell_from_role) -> None:
        super().__init__(view)
        self._view = view
        self.cell_of = cell_of
        self.hovered_row = -1
        self.right_columns: frozenset[int] = frozenset()
        self._selected = False
        self._right = False
        self._painters: dict[type, Callable[[QPainter, QRectF, Any], None]] = {
            cells.NameCell: self._paint_name,
            cells.TextCell: self._paint_text_cell,
            cells.SparkCell: self._paint_spark,
            cells.BarCell: self._paint_bar,
            cells.GpuCell: self._paint_gpus,
            cells.ChipCell: self._paint_chips,
            cells.DeadCell: self._paint_dead,
            cells.BlankCell: _paint_nothing,
        }

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell."""
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._selected = bool(option.state & QStyle.StateFlag.State_Selected)
        self._right = index.column() in self.right_columns
        self._paint_ground(painter, rect, index)
        pad = theme().px(PADDING)
        inner = rect.adjusted(pad, 0, -pad, -1)
        cell = self.cell_of(index)
        if cell is None:
            self._text(painter, inner, EMPTY, "t4", "small")
        else:
            painter.setClipRect(self._clip(rect, cell))
            self._painters[type(cell)](painter, inner, cell)
        painter.restore()

    def _clip(self, rect: QRectF, cell: cells.Cell) -> QRectF:
        if isinstance(cell, cells.DeadCell):
            return rect.adjusted(0, 0, self._view.viewport().width(), 0)
        return rect

    def _paint_ground(self, painter: QPainter, rect: QRectF, index: Index) -> None:
        if self._selected:
            painter.fillRect(rect, theme().color("acc", 0.13))
        elif index.row() == self.hovered_row:
            painter.fillRect(rect, theme().color("s2"))
        painter.fillRect(
            QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme().color("line")
        )
        header = self._view.horizontalHeader()
        first = header.visualIndex(index.column()) == 0
        if self._selected and first:
            painter.fillRect(
                QRectF(rect.left(), rect.top(), 2, rect.height()), theme().color("acc")
            )
        if self._view.hasFocus() and index.row() == self._view.currentIndex().row():
            self._paint_row_focus(painter, rect, first)

    def _paint_row_focus(self, painter: QPainter, rect: QRectF, first: bool) -> None:
        painter.setPen(QPen(theme().color("acc"), 2))
        top, bottom = rect.top() + 1, rect.bottom() - 1
        painter.drawLine(QPointF(rect.left(), top), QPointF(rect.right(), top))
        painter.drawLine(QPointF(rect.left(), bottom), QPointF(rect.right(), bottom))
        if first:
            painter.drawLine(QPointF(rect.left() + 1, top), QPointF(rect.left() + 1, bottom))

    def _text(
        self,
        painter: QPainter,
        rect: QRectF,
        text: str,
        tone: Tone,
        role: str,
        middle: bool = False,
    ) -> None:
        shown = _elided(text, role, int(rect.width()), middle, theme().zoom)
        if self._selected and tone == "t3":
            tone = "t2"
        painter.setFont(theme().font(role))
        painter.setPen(theme().color(tone))
        painter.drawText(rect, RIGHT if self._right else LEFT, shown)

    def _paint_name(self, painter: QPainter, rect: QRectF, cell: cells.NameCell) -> None:
        px = theme().px
        left = rect.left()
        if cell.swatch:
            box = QRectF(left + 0.5, rect.center().y() - px(5), px(10), px(10))
            colour = theme().color(cell.swatch)
            painter.setPen(QPen(colour, 1.5))
            painter.setBrush(colour if cell.swatch_filled else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, px(3), px(3))
            left += px(17)
        if cell.icon:
            pixmap = theme().pixmap(cell.icon, cell.icon_tone, 14)
            painter.drawPixmap(QPointF(left, round(rect.center().y() - px(7))), pixmap)
            left += px(20)
        name = QRectF(left, rect.top(), rect.right() - left, rect.height())
        if cell.meta:
            middle = rect.center().y()
            name = QRectF(left, middle - px(16), rect.right() - left, px(17))
            meta = QRectF(left, middle + px(1), rect.right() - left, px(15))
            self._text(painter, meta, cell.meta, "t3", "micro")
        self._text(painter, name, cell.name, "t1", "strong")

    def _paint_text_cell(self, painter: QPainter, rect: QRectF, cell: cells.TextCell) -> None:
        self._text(painter, rect, cell.text, cell.tone, cell.role, cell.middle)

    def _paint_dead(self, painter: QPainter, rect: QRectF, cell: cells.DeadCell) -> None:
        width = theme().metrics("small").horizontalAdvance(cell.text) + 4.0
        wide = QRectF(rect.left(), rect.top(), max(width, rect.width()), rect.height())
        self._text(painter, wide, cell.text, "t3", "small")

    def _value(self, painter: QPainter, rect: QRectF, text: str, width: int, tone: Tone) -> QRectF:
        """Draw the number at the right; what is left of it comes back."""
        if not text:
            return rect
        room = theme().px(width)
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color(tone))
        place = QRectF(rect.right() - room, rect.top(), room, rect.height())
        painter.drawText(place, RIGHT, text)
        return rect.adjusted(0, 0, -room - theme().px(6), 0)

    def _paint_spark(self, painter: QPainter, rect: QRectF, cell: cells.SparkCell) -> None:
        rest = self._value(painter, rect, cell.text, 40, "t2")
        inset = theme().px(8)
        curve = rest.adjusted(0, inset, 0, -inset)
        paint_spark(painter, curve, cell.values, cell.tone, (cell.low, cell.high))

    def _paint_bar(self, painter: QPainter, rect: QRectF, cell: cells.BarCell) -> None:
        rest = self._value(painter, rect, cell.text, cell.text_width, cell.text_tone)
        height = theme().px(5)
        bar = QRectF(rest.left(), rest.center().y() - height / 2, rest.width(), height)
        paint_bar(painter, bar, [(cell.share or 0.0, cell.tone)])

    def _paint_gpus(self, painter: QPainter, rect: QRectF, cell: cells.GpuCell) -> None:
        if not cell.loads:
            self._text(painter, rect, EMPTY, "t4", "small")
            return
        rest = self._value(painter, rect, cell.text, 40, "t2")
        height = theme().px(18)
        width = min(rest.width(), theme().px(102))
        box = QRectF(rest.left(), rest.center().y() - height / 2, width, height)
        paint_cells(painter, box, cell.loads)

    def _paint_chips(self, painter: QPainter, rect: QRectF, cell: cells.ChipCell) -> None:
        top = round(rect.center().y() - theme().px(CHIP_HEIGHT) / 2)
        left = rect.left()
        for number, look in enumerate(cell.chips):
            width = chip_width(look)
            if left + width > rect.right() + theme().px(PADDING) and number:
                more = QRectF(left, rect.top(), rect.right() - left, rect.height())
                self._text(painter, more, f"+{len(cell.chips) - number}", "t3", "micro")
                return
            paint_chip(painter, round(left), top, look)
            left += width + theme().px(4)


@lru_cache(maxsize=8192)
def _elided(text: str, role: str, width: int, middle: bool, _zoom: float) -> str:
    """Live tables write the same words again and again; measuring them is a tenth of a paint."""
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    return theme().metrics(role).elidedText(text, mode, width)


def _paint_nothing(_painter: QPainter, _rect: QRectF, _cell: cells.BlankCell) -> None:
    """A blank cell has no marks."""
