"""Paints the fleet grid: small cells as one image, large tiles singly. Runs in the window."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.fleet_layout import FleetLayout, FleetNode, GroupPlace, cell_grid
from lepton_desktop.gui.widgets.marks import paint_bar, paint_hatch

STEPS = 100
DIMMED = 100
CPU, TRACK, CLEAR = 200, 201, 255
DRAINING_OPACITY = 0.45
STATE_ICONS: dict[str, tuple[str, Tone]] = {
    "down": ("circle-x", "err"),
    "draining": ("hand", "warn"),
    "connecting": ("loader-circle", "acc"),
    "stale": ("clock", "t3"),
}


@lru_cache(maxsize=4)
def _colour_table(_scheme: str) -> list[int]:
    """Index to colour: ramp, dimmed ramp, CPU, track, and clear for the rest."""
    ramp = [theme().load_color(step / (STEPS - 1)) for step in range(STEPS)]
    table = [colour.rgba() for colour in ramp]
    for colour in ramp:
        dimmed = QColor(colour)
        dimmed.setAlphaF(DRAINING_OPACITY)
        table.append(dimmed.rgba())
    table += [theme().color("cpu").rgba(), theme().color("track").rgba()]
    return table + [0] * (256 - len(table))


def _step(load: float | None) -> int:
    """The colour index of a load; an unknown one is drawn as zero."""
    if not load:
        return 0
    return STEPS - 1 if load >= 1 else int(load * STEPS)


class SmallCells:
    """All small tiles in one 8-bit image: a few hundred microseconds for thousands of cells."""

    def __init__(self, width: int, height: int, ratio: float) -> None:
        self._ratio = ratio
        self._stride = -(-max(1, round(width * ratio)) // 4) * 4
        self._rows = max(1, round(height * ratio))
        self._width = max(1, round(width * ratio))
        self._buffer = bytearray(bytes([CLEAR]) * (self._stride * self._rows))

    def image(self) -> QImage:
        """The image; it shares the buffer, so keep this object as long as it is drawn."""
        image = QImage(
            self._buffer, self._width, self._rows, self._stride, QImage.Format.Format_Indexed8
        )
        image.setColorTable(_colour_table(theme().name))
        image.setDevicePixelRatio(self._ratio)
        return image

    def fill(self, layout: FleetLayout, groups: Sequence[Sequence[FleetNode]]) -> None:
        """Draw every node: whole rows of like tiles at once, odd ones singly."""
        for place, nodes in zip(layout.groups, groups, strict=True):
            cells = max((len(node.loads) for node in nodes), default=0)
            if cells:
                self._rows_of(place, nodes, cells)
            for number, node in enumerate(nodes):
                if len(node.loads) != cells or not cells:
                    self._single(place, number, node)

    def _rows_of(self, place: GroupPlace, nodes: Sequence[FleetNode], cells: int) -> None:
        columns, rows = cell_grid(cells)
        gap = max(1, round(self._ratio))
        width = round(place.tile_width * self._ratio)
        cell = (width - gap * (columns - 1)) // columns
        tile = cell * columns + gap * (columns - 1)
        colours = [bytes([index]) * cell for index in range(2 * STEPS)]
        between, nothing = bytes([CLEAR]) * gap, bytes([CLEAR]) * tile
        lefts = [round(place.rect(column).left() * self._ratio) for column in range(place.per_row)]
        lefts.append(round(place.rect(place.per_row - 1).right() * self._ratio))
        spaces = [bytes([CLEAR]) * (b - a - tile) for a, b in itertools.pairwise(lefts)]
        for first in range(0, len(nodes), place.per_row):
            top, height = self._rows_at(place, first, gap, rows)
            for row in range(rows):
                low, high = row * columns, (row + 1) * columns
                parts: list[bytes] = []
                for node, space in zip(nodes[first : first + place.per_row], spaces, strict=False):
                    if node.state == "down" or len(node.loads) != cells:
                        parts += (nothing, space)
                        continue
                    shift = DIMMED if node.state == "draining" else 0
                    picked = [colours[_step(load) + shift] for load in node.loads[low:high]]
                    parts += (between.join(picked).ljust(tile, bytes([CLEAR])), space)
                self._band(lefts[0], top + row * (height + gap), b"".join(parts), height)

    def _rows_at(self, place: GroupPlace, first: int, gap: int, rows: int) -> tuple[int, int]:
        """Device top of a row of tiles, and the height of one cell in it."""
        rect = place.rect(first)
        height = round(rect.height() * self._ratio)
        return round(rect.top() * self._ratio), (height - gap * (rows - 1)) // rows

    def _single(self, place: GroupPlace, number: int, node: FleetNode) -> None:
        if node.state == "down":
            return
        rect = place.rect(number)
        ratio = self._ratio
        left, top = round(rect.left() * ratio), round(rect.top() * ratio)
        width, height = round(rect.width() * ratio), round(rect.height() * ratio)
        if not node.loads:
            filled = round(min(1.0, node.cpu or 0.0) * height)
            self._band(left, top, bytes([TRACK]) * width, height - filled)
            self._band(left, top + height - filled, bytes([CPU]) * width, filled)
            return
        columns, rows = cell_grid(len(node.loads))
        gap = max(1, round(ratio))
        shift = DIMMED if node.state == "draining" else 0
        cell_height = (height - gap * (rows - 1)) // rows
        for row in range(rows):
            loads = node.loads[row * columns : (row + 1) * columns]
            line = _line([_step(load) + shift for load in loads], columns, width, gap)
            self._band(left, top + row * (cell_height + gap), line, cell_height)

    def _band(self, left: int, top: int, line: bytes, height: int) -> None:
        """Repeat one line of pixels downwards, as far as the image goes."""
        line = line[: max(0, self._width - left)]
        for y in range(max(0, top), min(self._rows, top + height)):
            start = y * self._stride + left
            self._buffer[start : start + len(line)] = line


def _line(indices: list[int], columns: int, width: int, gap: int) -> bytes:
    """Pixels of one row of cells, all equally wide, with clear gaps."""
    cell = (width - gap * (columns - 1)) // columns
    return (bytes([CLEAR]) * gap).join(bytes([index]) * cell for index in indices)


def paint_small_state(painter: QPainter, rect: QRectF, state: str) -> None:
    """The outline that tells a small tile's state."""
    edge = rect.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state == "down":
        painter.setBrush(theme().color("err", 0.22))
        painter.setPen(QPen(theme().color("err"), 1))
        painter.drawRoundedRect(edge, 2, 2)
        painter.drawLine(rect.topLeft() + QPointF(3, 3), rect.bottomRight() - QPointF(3, 3))
        painter.drawLine(rect.topRight() + QPointF(-3, 3), rect.bottomLeft() + QPointF(3, -3))
    elif state == "draining":
        painter.setPen(QPen(theme().color("warn"), 1, Qt.PenStyle.DashLine))
        painter.drawRect(rect.adjusted(-0.5, -0.5, 0.5, 0.5))
    elif state == "stale":
        painter.setPen(QPen(theme().color("t3"), 1, Qt.PenStyle.DotLine))
        painter.drawRect(rect.adjusted(-0.5, -0.5, 0.5, 0.5))
    elif state == "connecting":
        painter.setPen(QPen(theme().color("acc", 0.6), 1))
        painter.drawRoundedRect(edge, 2, 2)


def _cell_area(rect: QRectF) -> QRectF:
    px = theme().px
    return rect.adjusted(px(6), px(20), -px(6), -px(6))


class LargeTiles:
    """Paints tiles with name, state icon and one cell a GPU; cells come from a pixmap cache."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int, int], QPixmap] = {}

    def forget(self) -> None:
        """The theme changed."""
        self._cells.clear()

    def paint(self, painter: QPainter, rect: QRectF, node: FleetNode) -> None:
        """Draw one tile."""
        px = theme().px
        radius = px(5)
        edge = rect.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme().color("line"), 1))
        painter.setBrush(theme().color("s2"))
        painter.drawRoundedRect(edge, radius, radius)
        self._paint_name(painter, rect, node)
        inner = _cell_area(rect)
        if node.state == "down":
            paint_hatch(painter, inner, theme().color("err", 0.55))
        elif node.loads:
            self._paint_cells(painter, inner, node)
        else:
            self._paint_cpu(painter, inner, node)
        self._paint_state(painter, edge, node.state, radius)

    def repaint_loads(self, painter: QPainter, rect: QRectF, node: FleetNode) -> None:
        """Draw the marks again where nothing but the loads changed."""
        inner = _cell_area(rect)
        painter.fillRect(inner, theme().color("s2"))
        if node.loads:
            self._paint_cells(painter, inner, node)
        else:
            self._paint_cpu(painter, inner, node)

    def _paint_name(self, painter: QPainter, rect: QRectF, node: FleetNode) -> None:
        px = theme().px
        icon = STATE_ICONS.get(node.state)
        room = rect.width() - px(14) - (px(14) if icon else 0)
        text = (
            theme()
            .metrics("micro-medium")
            .elidedText(node.name, Qt.TextElideMode.ElideRight, int(room))
        )
        painter.setFont(theme().font("micro-medium"))
        painter.setPen(theme().color("t1" if node.state == "down" else "t2"))
        place = QRectF(rect.left() + px(7), rect.top() + px(3), room, px(15))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
        if icon:
            corner = QPointF(rect.right() - px(18), rect.top() + px(5))
            painter.drawPixmap(corner, theme().pixmap(icon[0], icon[1], 12))

    def _paint_cells(self, painter: QPainter, inner: QRectF, node: FleetNode) -> None:
        count = len(node.loads)
        gap = 2.0 if count <= 16 else 1.0
        width = (inner.width() - gap * (count - 1)) / count
        painter.setOpacity(DRAINING_OPACITY if node.state == "draining" else 1.0)
        empty = node.state == "connecting"
        for number, load in enumerate(node.loads):
            corner = QPointF(inner.left() + number * (width + gap), inner.top())
            index = 0 if empty else _step(load)
            painter.drawPixmap(corner, self._cell(width, inner.height(), index))
        painter.setOpacity(1.0)

    @staticmethod
    def _paint_cpu(painter: QPainter, inner: QRectF, node: FleetNode) -> None:
        px = theme().px
        bar = QRectF(inner.left(), inner.center().y() - px(2.5), inner.width(), px(5))
        paint_bar(painter, bar, [(node.cpu or 0.0, "cpu")])

    def _cell(self, width: float, height: float, index: int) -> QPixmap:
        ratio = theme().ratio
        key = (round(width * ratio), round(height * ratio), index)
        found = self._cells.get(key)
        if found is None:
            found = QPixmap(max(1, key[0]), max(1, key[1]))
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            painter = QPainter(found)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().load_color(index / (STEPS - 1)))
            painter.drawRoundedRect(QRectF(0, 0, key[0] / ratio, key[1] / ratio), 2, 2)
            painter.end()
            self._cells[key] = found
        return found

    def _paint_state(self, painter: QPainter, edge: QRectF, state: str, radius: float) -> None:
        pens = {
            "down": QPen(theme().color("err", 0.8), 1),
            "draining": QPen(theme().color("warn", 0.9), 1, Qt.PenStyle.DashLine),
            "stale": QPen(theme().color("t3"), 1, Qt.PenStyle.DotLine),
        }
        if state in pens:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pens[state])
            painter.drawRoundedRect(edge, radius, radius)
