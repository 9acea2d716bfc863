"""The table of every page: one delegate, fixed widths, keyboard first. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTableView, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.delegate import LEFT, PADDING, RIGHT, CellDelegate, CellOf, Index
from lepton_desktop.gui.widgets.delegate import cell_from_role as _cell_from_role

ROW_HEIGHT = 36
DENSE_ROW_HEIGHT = 30
HEAD_HEIGHT = 30


@dataclass(frozen=True)
class Column:
    """How one column of the model is shown; its title is the model's ``headerData``."""

    width: int
    right: bool = False
    """Numbers stand right."""
    stretch: bool = False
    """Takes the room that is left; one column of a table."""


class Header(QHeaderView):
    """Column heads in the meta tone; an arrow only where the table is sorted."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.right_columns: frozenset[int] = frozenset()
        self.setFixedHeight(theme().px(HEAD_HEIGHT))
        self.setMinimumSectionSize(theme().px(24))
        self.setFont(theme().font("small-medium"))
        self.setHighlightSections(False)
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Draw one head."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(rect)
        painter.fillRect(
            QRectF(box.left(), box.bottom() - 1, box.width(), 1), theme().color("line2")
        )
        pad, px = theme().px(PADDING), theme().px
        inner = box.adjusted(pad, 0, -pad, -1)
        right = section in self.right_columns
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == section:
            ascending = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            pixmap = theme().pixmap("arrow-up" if ascending else "arrow-down", "t2", 12)
            corner = QPoint(round(inner.right()) - px(10), round(inner.center().y()) - px(6))
            painter.drawPixmap(corner, pixmap)
            inner.adjust(0, 0, -px(14), 0)
        title = str(self.model().headerData(section, Qt.Orientation.Horizontal) or "")
        metrics = theme().metrics("small-medium")
        shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.setFont(theme().font("small-medium"))
        painter.setPen(theme().color("t3"))
        painter.drawText(inner, RIGHT if right else LEFT, shown)
        painter.restore()


class DataTable(QTableView):
    """Rows without vertical lines; J and K move as the arrows do, Enter opens, Space selects.

    ``cell_of`` turns an index into what is painted; without it the model is asked for CELL_ROLE.
    """

    opened = Signal(QModelIndex)
    """Enter or a double click on a row."""
    current_row_changed = Signal(int)
    """Keyboard or mouse moved to another row; -1 for none."""
    menu_wanted = Signal(QModelIndex, QPoint)
    """Right click on a row, at a global position."""

    def __init__(
        self,
        model: QAbstractItemModel,
        columns: Sequence[Column],
        cell_of: CellOf = _cell_from_role,
        row_height: int = ROW_HEIGHT,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._columns = list(columns)
        self._delegate = CellDelegate(self, cell_of)
        self._head = Header(self)
        self.setHorizontalHeader(self._head)
        self.setItemDelegate(self._delegate)
        self.setObjectName(name)
        self.setAccessibleName(name)
        self._configure(row_height)
        self.setModel(model)
        self._apply_columns()
        self.setMouseTracking(True)
        self.doubleClicked.connect(self.opened)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        theme().changed.connect(self.viewport().update)
        theme().changed.connect(self._head.viewport().update)

    def _configure(self, row_height: int) -> None:
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)
        side = self.verticalHeader()
        side.hide()
        side.setMinimumSectionSize(theme().px(16))
        side.setDefaultSectionSize(theme().px(row_height))
        side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _apply_columns(self) -> None:
        right = frozenset(place for place, column in enumerate(self._columns) if column.right)
        self._delegate.right_columns = self._head.right_columns = right
        metrics = theme().metrics("small-medium")
        for place, column in enumerate(self._columns):
            title = str(self.model().headerData(place, Qt.Orientation.Horizontal) or "")
            head = metrics.horizontalAdvance(title) + theme().px(2 * PADDING)
            self.setColumnWidth(place, max(theme().px(column.width), head))
            self._head.setSectionResizeMode(place, QHeaderView.ResizeMode.Interactive)
        self._stretch()

    def _stretch(self) -> None:
        """The wide column takes the room that is left, but never less than its own width."""
        for place, column in enumerate(self._columns):
            if column.stretch and not self.isColumnHidden(place):
                others = self._head.length() - self.columnWidth(place)
                least = theme().px(column.width)
                self.setColumnWidth(place, max(least, self.viewport().width() - others))

    def make_sortable(
        self, section: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        """Clicks on heads sort; begin with this one."""
        self._head.setSortIndicator(section, order)
        self.setSortingEnabled(True)

    def make_columns_hideable(self) -> None:
        """A right click on the head lists the columns."""
        self._head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._head.customContextMenuRequested.connect(self.show_column_menu)

    def show_column_menu(self, position: QPoint) -> None:
        """The list of columns with ticks; the first column always stays."""
        menu = QMenu(self)
        for place in range(1, self.model().columnCount()):
            title = str(self.model().headerData(place, Qt.Orientation.Horizontal) or "")
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.setData(place)
        menu.triggered.connect(self._on_column_toggled)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._head.mapToGlobal(position))

    def _on_column_toggled(self, action: QAction) -> None:
        self.setColumnHidden(action.data(), not action.isChecked())
        self._stretch()

    def select_row(self, row: int) -> None:
        """Make a row the current and only selected one; -1 for none."""
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif row != self.currentIndex().row() or not self.selectionModel().hasSelection():
            self.setCurrentIndex(self.model().index(row, 0))

    def selected_rows(self) -> list[int]:
        """Selected rows from the top."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Tell the page which row is the current one."""
        super().currentChanged(current, previous)
        self.viewport().update()
        if current.row() != previous.row():
            self.current_row_changed.emit(current.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """J and K move, Enter opens."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_J, Qt.Key.Key_K) and not event.modifiers():
            row = self.currentIndex().row() + (1 if key == Qt.Key.Key_J else -1)
            if 0 <= row < self.model().rowCount():
                self.selectRow(row)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the room to the wide column."""
        super().resizeEvent(event)
        self._stretch()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tint the row under the pointer."""
        super().mouseMoveEvent(event)
        self._set_hovered(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        """No row is under the pointer any more."""
        super().leaveEvent(event)
        self._set_hovered(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Begin at the first row when there is no current one."""
        super().focusInEvent(event)
        by_key = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        if by_key and not self.currentIndex().isValid() and self.model().rowCount():
            self.selectRow(0)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        super().focusOutEvent(event)
        self.viewport().update()

    def _set_hovered(self, row: int) -> None:
        before = self._delegate.hovered_row
        if row == before:
            return
        self._delegate.hovered_row = row
        for changed in (before, row):
            if changed >= 0:
                top = self.rowViewportPosition(changed)
                self.viewport().update(0, top, self.viewport().width(), self.rowHeight(changed))

    def _on_menu_requested(self, position: QPoint) -> None:
        index = self.indexAt(position)
        if index.isValid():
            self.menu_wanted.emit(index, self.viewport().mapToGlobal(position))
