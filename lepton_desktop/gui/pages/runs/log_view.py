"""The Logs tab of a run: levels, search, follow. Runs in the window."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.models.log_lines import LINE_ROLE, LogLine, LogModel
from lepton_desktop.gui.models.run_reading import is_active
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.chips import Pill
from lepton_desktop.gui.widgets.choices import Segment, SegmentedControl
from lepton_desktop.gui.widgets.fields import SearchField
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.desk import LogText, RunRow

Index = QModelIndex | QPersistentModelIndex
LINE_HEIGHT = 20
NODE_WIDTH = 96
TAIL_BYTES = 128 * 1024
PACE_SECONDS = 1.0
TONES = {"warning": "warn", "error": "err"}


class LogDelegate(QStyledItemDelegate):
    """Node, then the line; warnings and errors are tinted."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Fixed height; the width of the text decides how far one can scroll."""
        return QSize(theme().px(200), theme().px(LINE_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one line."""
        line: LogLine = index.data(LINE_ROLE)
        rect = QRectF(option.rect)
        px = theme().px
        painter.save()
        tone = TONES.get(line.level, "")
        if tone:
            painter.fillRect(rect, theme().color(tone, 0.09))
            painter.fillRect(QRectF(rect.left(), rect.top(), 2, rect.height()), theme().color(tone))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().color("acc", 0.13))
        painter.setFont(theme().font("mono"))
        metrics = theme().metrics("mono")
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        node = QRectF(rect.left() + px(12), rect.top(), px(NODE_WIDTH - 8), rect.height())
        painter.setPen(theme().color("t3"))
        mode = Qt.TextElideMode.ElideRight
        painter.drawText(node, align, metrics.elidedText(line.node, mode, int(node.width())))
        text = rect.adjusted(px(12 + NODE_WIDTH), 0, -px(8), 0)
        painter.setPen(theme().color(tone or "t1"))
        painter.drawText(text, align, metrics.elidedText(line.text, mode, int(text.width())))
        painter.restore()


class LogList(QListView):
    """Lines; Ctrl+C copies the selected ones."""

    def __init__(self, model: LogModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log-lines")
        self.setAccessibleName(self.tr("Log"))
        self.setModel(model)
        self.setItemDelegate(LogDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        theme().changed.connect(self.viewport().update)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = sorted(self.selectedIndexes(), key=lambda index: index.row())
            QGuiApplication.clipboard().setText("\n".join(str(index.data()) for index in rows))
        else:
            super().keyPressEvent(event)


class LogTab(QWidget):
    """Asks for the tail while it is the visible tab and the run goes on."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-logs")
        self._context = context
        self._model = LogModel(self)
        self._run: RunRow | None = None
        self._asked_at = 0.0
        self._busy = False
        self._fetched_final = ""
        self._following = True
        self._level = SegmentedControl(
            [
                Segment("all", self.tr("All")),
                Segment("warning", self.tr("Warn")),
                Segment("error", self.tr("Error")),
            ],
            height=26,
            name=self.tr("Level"),
        )
        self._level.setObjectName("log-level")
        self._level.changed.connect(lambda _: self._filter())
        self._search = SearchField(self.tr("Search the log"), width=190, height=26)
        self._search.setObjectName("log-search")
        self._search.searched.connect(lambda _: self._filter())
        self._follow = Pill(self.tr("Following"), active=True, icon="arrow-down-to-line")
        self._follow.setObjectName("log-follow")
        self._follow.clicked.connect(self._on_follow_clicked)
        self._list = LogList(self._model)
        self._list.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._panel = StatePanel(self._list)
        self._panel.action_pressed.connect(self._on_panel_action)
        tools = hbox(self._level, self._search, None, self._follow, gap=8, margins=(10, 6, 10, 4))
        self.setLayout(vbox(tools, (self._panel, 1), gap=0))

    @property
    def following(self) -> bool:
        """Whether the newest line stays in sight."""
        return self._following

    def show_run(self, run: RunRow) -> None:
        """Show a run's log."""
        if self._run is None or self._run.run_id != run.run_id:
            self._model.clear()
            self._asked_at = 0.0
            self._busy = False
            self._fetched_final = ""
            self._set_following(True)
            self._panel.show_loading(self.tr("Asking for the log"))
        self._run = run
        self.tick()

    def tick(self) -> None:
        """Ask again if the run may have said more; once after its end."""
        run = self._run
        if run is None or self._busy or not self.isVisible():
            return
        over = not is_active(run) and self._fetched_final == run.run_id
        if not over and time.monotonic() - self._asked_at >= PACE_SECONDS:
            self._ask(run)

    def _ask(self, run: RunRow) -> None:
        self._busy = True
        self._asked_at = time.monotonic()
        final = not is_active(run)
        self._context.link.call(
            "runs.logs",
            {"run_id": run.run_id, "limit": TAIL_BYTES},
            lambda result: self._on_logs(run.run_id, final, result),
            lambda error: self._on_error(run.run_id, error),
            self,
        )

    def _on_logs(self, run_id: str, final: bool, result: dict[str, Any]) -> None:
        if self._run is None or self._run.run_id != run_id:
            return
        self._busy = False
        if final:
            self._fetched_final = run_id
        came = self._model.add([build(LogText, item) for item in result["logs"]])
        self._show_state()
        if came and self._following:
            self._list.scrollToBottom()

    def _on_error(self, run_id: str, error: LeptonError) -> None:
        if self._run is None or self._run.run_id != run_id:
            return
        self._busy = False
        if not self._model.total:
            self._panel.show_error(error.message, error.hint)

    def _show_state(self) -> None:
        if self._model.rowCount():
            self._panel.show_content()
        elif self._model.total:
            self._panel.show_filtered_empty(self._search.text() or self._level.current)
        else:
            self._panel.show_empty("logs", self.tr("Nothing was printed yet"))

    def _filter(self) -> None:
        self._model.set_filter(self._level.current, self._search.text())
        self._show_state()
        if self._following:
            self._list.scrollToBottom()

    def _on_panel_action(self, action: str) -> None:
        if action == "clear-filter":
            self._search.clear()
            self._level.choose("all")
            self._filter()
        elif self._run is not None:
            self._ask(self._run)

    def _on_scrolled(self, value: int) -> None:
        """Scrolling up stops following; the end starts it again."""
        bar = self._list.verticalScrollBar()
        if bar.isSliderDown() or self._list.underMouse():
            self._set_following(value >= bar.maximum())

    def _on_follow_clicked(self) -> None:
        self._set_following(not self._following)
        if self._following:
            self._list.scrollToBottom()

    def _set_following(self, following: bool) -> None:
        self._following = following
        self._follow.set_active(following)
        self._follow.set_text(self.tr("Following") if following else self.tr("Follow"))
