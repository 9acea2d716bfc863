"""The list of runs with swatches; a click on the swatch puts a run on the chart. In the window."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.models.run_list import CHARTED_ROLE, RUN_ROLE, RunListModel
from lepton_desktop.gui.models.run_words import state_look
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.chips import ChipLook, chip_width, paint_chip
from lepton_desktop.gui.widgets.focus import paint_focus_ring
from lepton_desktop.wire.desk import RunRow

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 54
SWATCH_ROOM = 34
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunDelegate(QStyledItemDelegate):
    """Two lines: swatch, name, number; state, algorithm, reward."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Fixed, so that taller scripts do not change the list."""
        return QSize(theme().px(120), theme().px(ROW_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one run."""
        run: RunRow = index.data(RUN_ROLE)
        px = theme().px
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        self._paint_ground(painter, rect, option, selected)
        self._paint_swatch(painter, rect, run, bool(index.data(CHARTED_ROLE)) or selected)
        right, left = rect.right() - px(12), rect.left() + px(36)
        value = fmt.significant(reading.headline(run))
        width = theme().metrics("small-medium").horizontalAdvance(value)
        _text(
            painter,
            QRectF(right - width, rect.top() + px(6), width, px(20)),
            value,
            "small-medium",
            "t1",
            RIGHT,
        )
        name = QRectF(left, rect.top() + px(6), right - left - width - px(8), px(20))
        _text(painter, name, run.name, "section" if selected else "strong", "t1")
        self._paint_second_line(painter, rect, run, selected)
        painter.restore()  # fmt: skip

    def _paint_second_line(
        self, painter: QPainter, rect: QRectF, run: RunRow, selected: bool
    ) -> None:
        px = theme().px
        look = state_look(run.state, run.phase)
        left, top = rect.left() + px(36), rect.top() + px(28)
        painter.drawPixmap(
            QPointF(rect.left() + px(14), top + px(3)), theme().pixmap(look.icon, look.tone, 13)
        )
        width = theme().metrics("small").horizontalAdvance(look.text)
        _text(painter, QRectF(left, top, width + 2, px(18)), look.text, "small", look.tone)
        tag = ChipLook(reading.reward_name(run) or reading.environment(run))
        right = rect.right() - px(12)
        free = right - left - width - px(10)
        tag_width = chip_width(tag)
        if tag_width <= free:
            paint_chip(painter, right - tag_width, top - px(1), tag)
            return
        _text(
            painter,
            QRectF(left + width + px(8), top, free, px(18)),
            tag.text,
            "small",
            "t2" if selected else "t3",
        )

    def _paint_ground(
        self, painter: QPainter, rect: QRectF, option: QStyleOptionViewItem, selected: bool
    ) -> None:
        px = theme().px
        if selected:
            painter.fillRect(rect, theme().color("acc", 0.13))
            painter.fillRect(
                QRectF(rect.left(), rect.top(), 2, rect.height()), theme().color("acc")
            )
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme().color("s2"))
        rule = QRectF(rect.left() + px(12), rect.bottom() - 1, rect.width() - px(24), 1)
        painter.fillRect(rule, theme().color("line"))
        if selected and option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus_ring(painter, rect.adjusted(0, 0, 0, -1), px(4))

    @staticmethod
    def _paint_swatch(painter: QPainter, rect: QRectF, run: RunRow, filled: bool) -> None:
        px = theme().px
        colour = theme().series(reading.colour_index(run))
        painter.setPen(QPen(colour, 2))
        painter.setBrush(colour if filled else QColor(0, 0, 0, 0))
        box = QRectF(rect.left() + px(15), rect.top() + px(11), px(11), px(11))
        painter.drawRoundedRect(box, px(3), px(3))


def _text(
    painter: QPainter,
    rect: QRectF,
    text: str,
    role: str,
    tone: str,
    align: Qt.AlignmentFlag = LEFT,
) -> None:
    shown = (
        theme().metrics(role).elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()) + 1)
    )
    painter.setFont(theme().font(role))
    painter.setPen(theme().color(tone))
    painter.drawText(rect, align, shown)


class RunList(QListView):
    """J and K move, Space puts the run on the chart, Enter gives the focus to the right side."""

    current_changed = Signal(str)
    """A run id."""
    opened = Signal()

    def __init__(self, model: RunListModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setObjectName("runs-list")
        self.setAccessibleName(self.tr("Runs"))
        self.setModel(model)
        self.setItemDelegate(RunDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)
        theme().changed.connect(self.viewport().update)

    def select(self, run_id: str) -> bool:
        """Make a run the current one; False when it is filtered out."""
        place = self._model.place_of(run_id)
        if place is None:
            return False
        index = self._model.index(place)
        self.setCurrentIndex(index)
        self.scrollTo(index)
        return True

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Tell the page."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.current_changed.emit(self._model.run_at(current.row()).run_id)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """On the swatch: toggle, elsewhere: select."""
        index = self.indexAt(event.position().toPoint())
        on_swatch = event.position().x() < theme().px(SWATCH_ROOM)
        if index.isValid() and on_swatch and event.button() == Qt.MouseButton.LeftButton:
            self._model.toggle_charted(self._model.run_at(index.row()).run_id)
            return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """J, K, Space, Enter."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_J, Qt.Key.Key_K) and not event.modifiers():
            row = self.currentIndex().row() + (1 if key == Qt.Key.Key_J else -1)
            if 0 <= row < self._model.rowCount():
                self.setCurrentIndex(self._model.index(row))
        elif key == Qt.Key.Key_Space and self.currentIndex().isValid():
            self._model.toggle_charted(self._model.run_at(self.currentIndex().row()).run_id)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.viewport().update()
