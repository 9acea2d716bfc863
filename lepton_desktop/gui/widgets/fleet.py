"""The fleet grid: every node of the lab at a glance, one widget. Runs in the window.

The picture is kept in a backing image. A small grid is filled as one indexed image; of a large one
only the tiles that changed are painted again. Hover, focus and selection are drawn on top.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.theme.format import share
from lepton_desktop.gui.widgets.fleet_layout import (
    ONE_LINE_BELOW,
    FleetGroup,
    FleetLayout,
    FleetNode,
    GroupPlace,
    arrange,
    fit,
)
from lepton_desktop.gui.widgets.fleet_paint import LargeTiles, SmallCells, paint_small_state
from lepton_desktop.gui.widgets.hover_card import HoverCard, HoverInfo

ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_K: (0, -1),
    Qt.Key.Key_J: (0, 1),
}


class FleetGrid(QAbstractScrollArea):
    """Groups of nodes as tiles; level ``auto`` takes the largest that fits."""

    node_opened = Signal(str)
    """Click or Enter."""
    selection_changed = Signal(list)
    """Names, after Space, Ctrl-click or a drag."""
    menu_wanted = Signal(str, QPoint)
    """Right click on a node, at a global position."""
    level_changed = Signal(str)
    """``large`` or ``small`` is what is drawn now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: list[FleetGroup] = []
        self._nodes: list[FleetNode] = []
        self._wanted_level = "auto"
        self._layout = FleetLayout("large")
        self._picture = QImage()
        self._small: SmallCells | None = None
        self._tiles = LargeTiles()
        self._current: int | None = None
        self._hovered: int | None = None
        self._outlined: frozenset[str] = frozenset()
        self._selected: set[str] = set()
        self._drag_from: QPointF | None = None
        self._band: QRectF | None = None
        self._card: HoverCard | None = None
        self.info_of: Callable[[str], HoverInfo] | None = None
        """Fills the hover card; without it there is none."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.verticalScrollBar().valueChanged.connect(self.viewport().update)
        self.setAccessibleName(self.tr("Fleet"))
        theme().changed.connect(self._on_theme_changed)

    # What the page says

    @property
    def level(self) -> str:
        """``large`` or ``small``: what is drawn."""
        return self._layout.level

    @property
    def selected(self) -> list[str]:
        """Names of selected nodes in grid order."""
        return [node.name for node in self._nodes if node.name in self._selected]

    def set_fleet(self, groups: Sequence[FleetGroup]) -> None:
        """Show these nodes; tiles that did not change are not painted again."""
        before = self._nodes
        same_shape = _shape(groups) == _shape(self._groups)
        self._groups = list(groups)
        self._nodes = [node for group in groups for node in group.nodes]
        if not same_shape:
            self._arrange()
            return
        if self._layout.level == "small":
            if before != self._nodes:
                self._paint_picture()
        else:
            self._repaint_tiles(before)
        self._describe()

    def set_level(self, level: str) -> None:
        """``auto``, ``large`` or ``small``."""
        if level != self._wanted_level:
            self._wanted_level = level
            self._arrange()

    def set_outlined(self, names: Collection[str]) -> None:
        """Outline the nodes of a run, while the pointer is on it."""
        if frozenset(names) != self._outlined:
            self._outlined = frozenset(names)
            self.viewport().update()

    # Building the picture

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another level may fit now."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        area = self.viewport().size()
        width, height = area.width() - theme().px(2), area.height()
        before = self._layout.level
        if self._wanted_level == "auto":
            self._layout = fit(self._groups, width, height, theme().px)
        else:
            self._layout = arrange(self._groups, width, self._wanted_level, theme().px)
        overflow = max(0, round(self._layout.height) + 2 - height)
        self.verticalScrollBar().setRange(0, overflow)
        self.verticalScrollBar().setPageStep(height)
        if self._current is not None and self._current >= len(self._nodes):
            self._current = None
        self._hovered = None
        self._paint_picture()
        self._describe()
        if self._layout.level != before:
            self.level_changed.emit(self._layout.level)

    def _paint_picture(self) -> None:
        ratio = self.devicePixelRatioF()
        width = max(1, self.viewport().width())
        height = max(1, round(self._layout.height) + 2)
        size = (round(width * ratio), round(height * ratio))
        if (self._picture.width(), self._picture.height()) != size:
            self._picture = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
            self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, group in zip(self._layout.groups, self._groups, strict=True):
            self._paint_label(painter, place, group)
        if self._layout.level == "small":
            cells = SmallCells(width, height, ratio)
            cells.fill(self._layout, [group.nodes for group in self._groups])
            painter.drawImage(QPointF(0, 0), cells.image())
            for number, node in enumerate(self._nodes):
                if node.state != "up":
                    paint_small_state(painter, self._layout.rect(number), node.state)
        else:
            for number, node in enumerate(self._nodes):
                self._tiles.paint(painter, self._layout.rect(number), node)
        painter.end()
        self.viewport().update()

    def _repaint_tiles(self, before: Sequence[FleetNode]) -> None:
        painter = QPainter(self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dirty = QRect()
        for number, (old, new) in enumerate(zip(before, self._nodes, strict=True)):
            if old == new:
                continue
            rect = self._layout.rect(number)
            dirty = dirty.united(rect.toAlignedRect().adjusted(-1, -1, 1, 1))
            if old.state == new.state and new.state != "down":
                self._tiles.repaint_loads(painter, rect, new)
                continue
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
            painter.fillRect(rect.adjusted(-1, -1, 1, 1), Qt.GlobalColor.transparent)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            self._tiles.paint(painter, rect, new)
        painter.end()
        self.viewport().update(dirty.translated(0, -self.verticalScrollBar().value()))

    def _paint_label(self, painter: QPainter, place: GroupPlace, group: FleetGroup) -> None:
        px = theme().px
        room = place.left - px(8)
        small = self._layout.level == "small"
        top = place.top + (px(-2) if small else px(2))
        self._words(painter, QRectF(0, top, room, px(17)), group.name, "small-strong", "t1")
        if small and place.count < ONE_LINE_BELOW:
            used = theme().metrics("small-strong").horizontalAdvance(group.name) + px(8)
            beside = QRectF(used, top, room - used, px(17))
            self._words(painter, beside, group.meta, "micro", "t3")
            return
        below = QRectF(0, top + px(17), room, px(16))
        self._words(painter, below, group.meta, "micro", "t3")
        if small:
            count = self.tr("{count} nodes").format(count=place.count)
            self._words(painter, below.translated(0, px(14)), count, "micro", "t3")

    @staticmethod
    def _words(painter: QPainter, rect: QRectF, text: str, role: str, tone: Tone) -> None:
        painter.setFont(theme().font(role))
        painter.setPen(theme().color(tone))
        metrics = theme().metrics(role)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(rect.width())))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, shown)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture and what is on top of it."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        offset = self.verticalScrollBar().value()
        painter.translate(0, -offset)
        ratio = self._picture.devicePixelRatio()
        area = QRectF(event.rect()).translated(0, offset)
        source = QRectF(
            area.left() * ratio, area.top() * ratio, area.width() * ratio, area.height() * ratio
        )
        painter.drawImage(area, self._picture, source)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number, node in enumerate(self._nodes):
            if node.name in self._outlined:
                self._outline(painter, number, QPen(theme().color("acc"), 1.6))
            if node.name in self._selected:
                self._outline(painter, number, QPen(theme().color("acc"), 2))
        if self._hovered is not None:
            self._outline(painter, self._hovered, QPen(theme().color("t1"), 1.6))
        if self.hasFocus() and self._current is not None:
            self._outline(painter, self._current, QPen(theme().color("acc"), 2))
        if self._band is not None:
            painter.setPen(theme().color("acc"))
            painter.setBrush(theme().color("acc", 0.12))
            painter.drawRect(self._band)

    def _outline(self, painter: QPainter, number: int, pen: QPen) -> None:
        painter.setPen(pen)
        rect = self._layout.rect(number).adjusted(-1.5, -1.5, 1.5, 1.5)
        painter.drawRoundedRect(rect, theme().px(5), theme().px(5))

    # Pointer

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, or draw the band."""
        point = self._to_grid(event.position())
        if self._drag_from is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._band = QRectF(self._drag_from, point).normalized()
            self._select_band()
            self.viewport().update()
            return
        self._hover(self._layout.at(point))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag; the right button asks for the menu."""
        point = self._to_grid(event.position())
        number = self._layout.at(point)
        if event.button() == Qt.MouseButton.RightButton:
            if number is not None:
                self._hide_card()
                self.menu_wanted.emit(self._nodes[number].name, event.globalPosition().toPoint())
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag_from = point
            if number is not None:
                self._set_current(number)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag, or click."""
        dragged, self._band, self._drag_from = self._band is not None, None, None
        self.viewport().update()
        if dragged or event.button() != Qt.MouseButton.LeftButton:
            return
        number = self._layout.at(self._to_grid(event.position()))
        if number is None:
            self._select(set())
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._select(self._selected ^ {self._nodes[number].name})
        else:
            self.node_opened.emit(self._nodes[number].name)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        super().leaveEvent(event)
        self._hover(None)

    def viewportEvent(self, event: QEvent) -> bool:
        """The viewport's leave is the grid's leave."""
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def _hover(self, number: int | None) -> None:
        if number == self._hovered:
            return
        self._hovered = number
        self.viewport().update()
        if number is None or self.info_of is None:
            self._hide_card()
            return
        if self._card is None:
            self._card = HoverCard(self.window())
        rect = self._layout.rect(number)
        corner = QPoint(round(rect.left()), round(rect.bottom()) - self.verticalScrollBar().value())
        anchor = self.viewport().mapTo(self.window(), corner)
        self._card.show_at(self.info_of(self._nodes[number].name), anchor)

    def hideEvent(self, event: QEvent) -> None:
        """The card goes with the grid."""
        self._hide_card()

    def _hide_card(self) -> None:
        if self._card is not None:
            self._card.hide()

    def _select_band(self) -> None:
        band = self._band or QRectF()
        self._select(
            {
                node.name
                for number, node in enumerate(self._nodes)
                if band.intersects(self._layout.rect(number))
            }
        )

    def _select(self, names: set[str]) -> None:
        if names != self._selected:
            self._selected = names
            self.viewport().update()
            self.selection_changed.emit(self.selected)

    def _to_grid(self, position: QPointF) -> QPointF:
        return position + QPointF(0, self.verticalScrollBar().value())

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, Enter opens, Space selects, Esc clears the selection."""
        key = Qt.Key(event.key())
        if key in ARROWS and self._nodes:
            right, down = ARROWS[key]
            self._set_current(
                0 if self._current is None else self._layout.neighbour(self._current, right, down)
            )
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current is not None:
            self.node_opened.emit(self._nodes[self._current].name)
        elif key == Qt.Key.Key_Space and self._current is not None:
            self._select(self._selected ^ {self._nodes[self._current].name})
        elif key == Qt.Key.Key_Escape and self._selected:
            self._select(set())
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Begin at the first node."""
        super().focusInEvent(event)
        if self._current is None and self._nodes:
            self._set_current(0)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        super().focusOutEvent(event)
        self.viewport().update()

    def _set_current(self, number: int) -> None:
        self._current = number
        rect = self._layout.rect(number)
        bar = self.verticalScrollBar()
        if rect.top() < bar.value():
            bar.setValue(int(rect.top()) - 4)
        elif rect.bottom() > bar.value() + self.viewport().height():
            bar.setValue(int(rect.bottom()) - self.viewport().height() + 4)
        self._describe()
        self.viewport().update()

    def _describe(self) -> None:
        """Words for screen readers: the current node with state and load."""
        if self._current is None or self._current >= len(self._nodes):
            self.setAccessibleDescription(
                self.tr("{count} nodes, arrow keys move").format(count=len(self._nodes))
            )
            return
        node = self._nodes[self._current]
        loads = [load for load in node.loads if load is not None]
        load = sum(loads) / len(loads) if loads else node.cpu
        self.setAccessibleDescription(f"{node.name}, {node.state}, {share(load)}")

    def _on_theme_changed(self) -> None:
        self._tiles.forget()
        self._paint_picture()


def _shape(groups: Sequence[FleetGroup]) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """What decides where tiles lie: names, order, number of cells."""
    return [
        (group.name, group.meta, [(node.name, len(node.loads)) for node in group.nodes])
        for group in groups
    ]
