"""The command palette (Ctrl+K): every action, node and run, found by typing. Runs in the window.

Up and Down move, Enter runs, Tab narrows to one kind after another, Esc closes.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from lepton_desktop.gui.actions import ActionRegistry, PaletteItem
from lepton_desktop.gui.shell.fuzzy import score
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.chips import KeyCap
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder
from lepton_desktop.gui.widgets.sheet import SHADOW, FloatingFrame, SheetHost
from lepton_desktop.gui.widgets.surfaces import Rule

WIDTH, HEIGHT = 640, 480
ROW, HEAD = 38, 26
MOST = 60


def ranked(items: Sequence[PaletteItem], query: str, kind: str = "") -> list[PaletteItem]:
    """Items that fit, grouped by kind; the kind with the best item comes first."""
    chosen = [item for item in items if not kind or item.kind == kind]
    if not query.strip():
        return chosen[:MOST]
    scored: list[tuple[int, PaletteItem]] = []
    for item in chosen:
        points = score(query, item.title)
        if points is None:
            points = score(query, f"{item.title} {item.meta} {item.keywords}")
            points = None if points is None else points - 20
        if points is not None:
            scored.append((points, item))
    scored.sort(key=lambda pair: -pair[0])
    best = scored[:MOST]
    kinds = list(dict.fromkeys(item.kind for _, item in best))
    return [item for name in kinds for _, item in best if item.kind == name]


class ResultList(QWidget):
    """Painted rows with headings; the keyboard stays in the field above."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette-list")
        self.setMouseTracking(True)
        self._items: list[PaletteItem] = []
        self._current = 0
        self._scroll = 0

    @property
    def current(self) -> PaletteItem | None:
        """The item that Enter would run."""
        return self._items[self._current] if self._items else None

    @property
    def items(self) -> list[PaletteItem]:
        """Everything listed."""
        return self._items

    def show_items(self, items: list[PaletteItem]) -> None:
        """List other items; the first one is current."""
        self._items = items
        self._current = self._scroll = 0
        self._describe()
        self.update()

    def move_by(self, step: int) -> None:
        """Go down or up, around the ends."""
        if self._items:
            self._current = (self._current + step) % len(self._items)
            self._reveal()
            self._describe()
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what is in view."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, head, rect in self._rows():
            if rect.bottom() < 0 or rect.top() > self.height():
                continue
            if head:
                painter.setFont(theme().font("micro-medium"))
                painter.setPen(theme().color("t3"))
                words = rect.adjusted(theme().px(12), theme().px(4), 0, 0)
                painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, head)
            else:
                self._paint_item(painter, rect, self._items[number], number == self._current)
        if not self._items:
            painter.setFont(theme().font("body"))
            painter.setPen(theme().color("t3"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("Nothing found"))

    def _paint_item(
        self, painter: QPainter, rect: QRectF, item: PaletteItem, current: bool
    ) -> None:
        px = theme().px
        if current:
            painter.setPen(theme().color("acc", 0.55))
            painter.setBrush(theme().color("acc", 0.14))
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), px(6), px(6))
        middle = rect.center().y()
        icon = theme().pixmap(item.icon or "arrow-right", "acc" if current else item.tone, 16)
        painter.drawPixmap(QPointF(rect.left() + px(12), round(middle - px(8))), icon)
        left = rect.left() + px(38)
        metrics = theme().metrics("strong")
        width = min(metrics.horizontalAdvance(item.title), round(rect.width() * 0.62))
        painter.setFont(theme().font("strong"))
        painter.setPen(theme().color("t1"))
        title = QRectF(left, rect.top(), width + 2, rect.height())
        shown = metrics.elidedText(item.title, Qt.TextElideMode.ElideRight, width + 1)
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("t2" if current else "t3"))
        meta = QRectF(title.right() + px(10), rect.top(), 0, rect.height())
        meta.setRight(rect.right() - px(36))
        text = (
            theme()
            .metrics("small")
            .elidedText(item.meta, Qt.TextElideMode.ElideRight, max(0, int(meta.width())))
        )
        painter.drawText(meta, Qt.AlignmentFlag.AlignVCenter, text)
        if current:
            enter = theme().pixmap("corner-down-left", "t3", 14)
            painter.drawPixmap(QPointF(rect.right() - px(26), round(middle - px(7))), enter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer picks."""
        number = self._at(event.position().toPoint())
        if number is not None and number != self._current:
            self._current = number
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click runs."""
        number = self._at(event.position().toPoint())
        if number is not None:
            self.chosen.emit(self._items[number])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll."""
        self._scroll_to(self._scroll - event.angleDelta().y() // 3)

    def _rows(self) -> list[tuple[int, str, QRectF]]:
        """(item number, heading, place): one entry a heading or item."""
        px = theme().px
        rows: list[tuple[int, str, QRectF]] = []
        top, kind = -self._scroll, ""
        for number, item in enumerate(self._items):
            if item.kind != kind:
                kind = item.kind
                rows.append((number, kind, QRectF(0, top, self.width(), px(HEAD))))
                top += px(HEAD)
            rows.append((number, "", QRectF(0, top, self.width(), px(ROW))))
            top += px(ROW)
        return rows

    def _at(self, point: QPoint) -> int | None:
        for number, head, rect in self._rows():
            if not head and rect.contains(QPointF(point)):
                return number
        return None

    def _reveal(self) -> None:
        for number, head, rect in self._rows():
            if number != self._current or head:
                continue
            if rect.top() < theme().px(HEAD):
                self._scroll_to(self._scroll + round(rect.top()) - theme().px(HEAD))
            elif rect.bottom() > self.height():
                self._scroll_to(self._scroll + round(rect.bottom()) - self.height())

    def _scroll_to(self, value: int) -> None:
        rows = self._rows()
        whole = round(rows[-1][2].bottom()) + self._scroll if rows else 0
        self._scroll = max(0, min(value, whole - self.height()))
        self.update()

    def _describe(self) -> None:
        item = self.current
        self.setAccessibleDescription(f"{item.title}, {item.meta}" if item else "")


class Palette(FloatingFrame):
    """The field, the list and the keys under it."""

    def __init__(self, actions: ActionRegistry, host: SheetHost) -> None:
        super().__init__(radius=10)
        self.setObjectName("palette")
        self.setAccessibleName(self.tr("Command palette"))
        self._host = host
        self._items = actions.palette_items()
        self._kinds = ["", *dict.fromkeys(item.kind for item in self._items)]
        self._kind = 0
        self.field = QLineEdit()
        self.field.setObjectName("palette-input")
        self.field.setProperty("bare", True)
        self.field.setFont(theme().font("search"))
        self.field.setPlaceholderText(self.tr("Search or run a command"))
        self.field.setAccessibleName(self.tr("Search or run a command"))
        self.field.textChanged.connect(self._on_text_changed)
        self.field.installEventFilter(self)
        self.list = ResultList()
        self.list.chosen.connect(self._run)
        self._count = Label("", "small", "t3")
        head = holder(
            hbox(
                IconLabel("search", "t2", 18),
                (self.field, 1),
                self._count,
                gap=10,
                margins=(18, 0, 18, 0),
            )
        )
        head.setFixedHeight(theme().px(52))
        foot = holder(self._foot())
        foot.setFixedHeight(theme().px(40))
        self.body.addWidget(head)
        self.body.addWidget(Rule())
        self.body.addLayout(hbox((self.list, 1), margins=(8, 6, 8, 6)), 1)
        self.body.addWidget(Rule())
        self.body.addWidget(foot)
        self._on_text_changed("")

    def sizeHint(self) -> QSize:
        """640 by 480 plus the shadow."""
        px = theme().px
        return QSize(px(WIDTH + 2 * SHADOW), px(HEIGHT + 2 * SHADOW))

    def eventFilter(self, watched: QObject, event: object) -> bool:
        """Keys of the list reach it though the field has the focus."""
        pressed = isinstance(event, QKeyEvent) and event.type() == QKeyEvent.Type.KeyPress
        if watched is self.field and pressed and isinstance(event, QKeyEvent):
            return self._key(Qt.Key(event.key()))
        return False

    def _key(self, key: Qt.Key) -> bool:
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.list.move_by(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.list.current is not None:
                self._run(self.list.current)
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            step = 1 if key == Qt.Key.Key_Tab else -1
            self._kind = (self._kind + step) % len(self._kinds)
            self._on_text_changed(self.field.text())
        else:
            return False
        return True

    def _on_text_changed(self, text: str) -> None:
        kind = self._kinds[self._kind]
        found = ranked(self._items, text, kind)
        self.list.show_items(found)
        words = self.tr("{count} found").format(count=len(found))
        self._count.set_text(f"{kind} · {words}" if kind else words)

    def _run(self, item: PaletteItem) -> None:
        self._host.close_top()
        item.run()

    def _foot(self) -> QHBoxLayout:
        return hbox(
            KeyCap("↑ ↓"),
            Label(self.tr("Move"), "small", "t3"),
            6,
            KeyCap("↵"),
            Label(self.tr("Run"), "small", "t3"),
            6,
            KeyCap("Tab"),
            Label(self.tr("Filter by kind"), "small", "t3"),
            None,
            KeyCap("Esc"),
            Label(self.tr("Close"), "small", "t3"),
            gap=6,
            margins=(16, 0, 16, 0),
        )
