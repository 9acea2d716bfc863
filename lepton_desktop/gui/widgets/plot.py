"""A plot: own axes and overlay around pyqtgraph's curves. Runs in the window.

Drag zooms x, the wheel zooms around the pointer, Shift-drag pans, a double click resets. While it
is not zoomed it follows its data; "Back to live" returns there. pyqtgraph and numpy are imported
when the first plot is shown, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.theme.format import clock, count
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.focus import paint_focus_ring
from lepton_desktop.gui.widgets.plot_overlay import Overlay
from lepton_desktop.gui.widgets.plot_ticks import Tick, number_ticks, time_ticks
from lepton_desktop.gui.widgets.plot_values import PlotBand, PlotEvent, PlotLimit, PlotLine

if TYPE_CHECKING:
    from lepton_desktop.gui.widgets.plot_canvas import Canvas

Range = tuple[float, float]
Y_PADDING = 0.08
DRAG_PIXELS = 5


class Plot(QWidget):
    """Curves, bands, events and one limit over a shared x axis.

    ``time_axis``: x is epoch seconds. ``small``: a small multiple (10 px ticks, fewer of them).
    ``y_from_zero``: loads and rates.
    """

    hovered = Signal(object)
    """x under the pointer, or None; other plots of the page follow with ``set_crosshair``."""
    zoom_changed = Signal(object)
    """(low, high) when the user zoomed, None when live again."""

    def __init__(
        self,
        name: str = "",
        time_axis: bool = False,
        y_from_zero: bool = False,
        small: bool = False,
        left_width: int = 46,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._time_axis = time_axis
        self._y_from_zero = y_from_zero
        self._small = small
        self._left = theme().px(left_width)
        self._canvas: Canvas | None = None
        self._overlay = Overlay(self._to_area, self)
        self._lines: Sequence[PlotLine] = ()
        self._bands: Sequence[PlotBand] = ()
        self._hidden: frozenset[str] = frozenset()
        self._x_range: Range | None = None
        self._y_range: Range | None = None
        self._zoom: Range | None = None
        self._view = QRectF(0, 0, 1, 1)
        self._drag: tuple[QPointF, Range, bool] | None = None
        self._band: QRectF | None = None
        self.unit = ""
        """Stands on the top tick."""
        self.format_x: Callable[[float], str] = _clock if time_axis else count
        """Title of the readout card."""
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus if small else Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._live = Button(self.tr("Back to live"), "secondary", "arrow-right", 24, parent=self)
        self._live.setObjectName("plot-live")
        self._live.clicked.connect(self.reset_zoom)
        self._live.hide()
        theme().changed.connect(self._redraw)

    # What the page says

    def set_data(self, lines: Sequence[PlotLine], bands: Sequence[PlotBand] = ()) -> None:
        """Show these curves. Call it at most four times a second, on visible pages."""
        self._lines, self._bands = lines, bands
        if self._canvas is not None:
            self._canvas.set_data(lines, bands)
        self._redraw()

    @property
    def lines(self) -> Sequence[PlotLine]:
        """The curves it shows, hidden ones included."""
        return self._lines

    def set_hidden(self, keys: Collection[str]) -> None:
        """Leave curves and bands of these keys out, as the legend says."""
        self._hidden = frozenset(keys)
        if self._canvas is not None:
            self._canvas.set_hidden(keys)
            self._redraw()

    def set_events(self, events: Sequence[PlotEvent]) -> None:
        """Checkpoints, lost workers, changes."""
        self._overlay.events = tuple(events)
        self._overlay.update()

    def set_limit(self, limit: PlotLimit | None) -> None:
        """The line not to cross."""
        self._overlay.limit = limit
        self._redraw()

    def set_x_range(self, limits: Range | None) -> None:
        """Fix the x axis while live; None: follow the data."""
        if limits != self._x_range:
            self._x_range = limits
            self._redraw()

    def set_y_range(self, limits: Range | None) -> None:
        """Fix the y axis; None: follow the data."""
        if limits != self._y_range:
            self._y_range = limits
            self._redraw()

    def set_value_format(self, text_of: Callable[[float], str]) -> None:
        """How the readout card writes values."""
        self._overlay.format_value = text_of

    def set_crosshair(self, at: float | None, with_card: bool = False) -> None:
        """Show the crosshair at an x, or take it away."""
        if self._canvas is None:
            return
        if at is None or not self._view.left() <= at <= self._view.right():
            self._overlay.set_crosshair(None, "", (), False)
            return
        nearest, readings = self._canvas.readings(at)
        shown = at if nearest is None else nearest
        self._overlay.set_crosshair(shown, self.format_x(shown), readings, with_card)

    @property
    def zoomed(self) -> bool:
        """Whether the user looks at a part; live data does not move the view then."""
        return self._zoom is not None

    def zoom_to(self, limits: Range) -> None:
        """Look at a part of the x axis."""
        if limits[1] - limits[0] > 0:
            self._zoom = limits
            self._live.show()
            self._redraw()
            self.zoom_changed.emit(limits)

    def follow_zoom(self, limits: Range | None) -> None:
        """Take over another plot's zoom, without a signal."""
        self._zoom = limits
        self._live.setVisible(limits is not None and not self._small)
        self._redraw()

    def reset_zoom(self) -> None:
        """Follow the data again."""
        if self._zoom is not None:
            self.follow_zoom(None)
            self.zoom_changed.emit(None)

    def sizeHint(self) -> QSize:
        """Any size will do."""
        return QSize(theme().px(240), theme().px(80 if self._small else 160))

    def minimumSizeHint(self) -> QSize:
        """Small enough never to push a page wider."""
        return QSize(theme().px(60), theme().px(48))

    # Geometry

    def _area(self) -> QRectF:
        px = theme().px
        bottom = px(18 if self._small else 22)
        top = px(6)
        return QRectF(
            self._left, top, self.width() - self._left - px(6), self.height() - top - bottom
        )

    def _to_area(self, x: float, y: float) -> QPointF:
        """Data coordinates to a point of the overlay, which covers the area."""
        view, area = self._view, self._area()
        return QPointF(
            (x - view.left()) / (view.width() or 1) * area.width(),
            area.height() - (y - view.top()) / (view.height() or 1) * area.height(),
        )

    def _x_at(self, position: QPointF) -> float:
        area = self._area()
        share = (position.x() - area.left()) / max(1.0, area.width())
        return self._view.left() + share * self._view.width()

    def showEvent(self, event: QShowEvent) -> None:
        """Make the canvas now that somebody looks."""
        super().showEvent(event)
        if self._canvas is None and self._lines:
            self._build()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Everything is laid out by hand."""
        super().resizeEvent(event)
        self._redraw()

    def _build(self) -> None:
        from lepton_desktop.gui.widgets.plot_canvas import Canvas

        self._canvas = Canvas(self)
        self._canvas.set_hidden(self._hidden)
        self._canvas.set_data(self._lines, self._bands)
        self._canvas.show()
        self._overlay.raise_()
        self._live.raise_()
        self._redraw()

    def _redraw(self) -> None:
        area = self._area().toRect()
        self._overlay.setGeometry(area)
        self._live.adjustSize()
        self._live.move(area.right() - self._live.width() - theme().px(4), area.top() + 2)
        if self._canvas is None:
            if self._lines and self.isVisible():
                self._build()
            return
        self._canvas.setGeometry(area)
        self._find_view(self._canvas)
        self._canvas.show_view(self._view)
        self._overlay.gaps = self._canvas.gaps(self._view.left(), self._view.right())
        self._overlay.update()
        self.update()

    def _find_view(self, canvas: Canvas) -> None:
        low, high = self._zoom or self._x_range or canvas.x_limits() or (0.0, 1.0)
        if high <= low:
            high = low + 1
        bottom, top = self._y_range or canvas.y_limits(low, high) or (0.0, 1.0)
        limit = self._overlay.limit
        if limit is not None and self._y_range is None:
            bottom, top = min(bottom, limit.y), max(top, limit.y)
        if self._y_from_zero and self._y_range is None:
            bottom = min(0.0, bottom)
        span = top - bottom
        if span <= 0:
            span = abs(top) or 1.0
            bottom -= 0 if self._y_from_zero else span / 2
            top += span / 2
        padding = span * Y_PADDING
        from_zero = self._y_from_zero and bottom == 0
        bottom -= padding * 0.25 if from_zero else padding
        self._view = QRectF(low, bottom, high - low, top + padding - bottom)

    # Axes

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Grid, axes and ticks; the curves lie in a clear child on top."""
        painter = QPainter(self)
        area = self._area()
        role = "axis" if self._small else "micro"
        painter.setFont(theme().font(role))
        if self._canvas is not None and self._lines:
            self._paint_left(painter, area)
            self._paint_bottom(painter, area)
        painter.setPen(QPen(theme().color("line2"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if self._band is not None:
            painter.fillRect(self._band, theme().color("acc", 0.14))
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_focus_ring(painter, self.rect(), theme().px(4))

    def _paint_left(self, painter: QPainter, area: QRectF) -> None:
        px = theme().px
        room = int(area.height() / px(20 if self._small else 34))
        most = max(3, min(3 if self._small else 6, room))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, text in number_ticks(self._view.top(), self._view.bottom(), most, self.unit):
            y = area.top() + self._to_area(0, value).y()
            if not area.top() - 1 <= y <= area.bottom() + 1:
                continue
            painter.setPen(QPen(theme().color("line2", 0.45), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme().color("t3"))
            painter.drawText(QRectF(0, y - px(8), area.left() - px(7), px(16)), right, text)

    def _paint_bottom(self, painter: QPainter, area: QRectF) -> None:
        px = theme().px
        center = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        for value, text in self._x_ticks(area):
            x = area.left() + self._to_area(value, 0).x()
            painter.setPen(QPen(theme().color("line2"), 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + px(4)))
            painter.setPen(theme().color("t3"))
            width = painter.fontMetrics().horizontalAdvance(text) + 2
            left = min(max(0.0, x - width / 2), self.width() - width)
            painter.drawText(QRectF(left, area.bottom() + px(5), width, px(16)), center, text)

    def _x_ticks(self, area: QRectF) -> list[Tick]:
        low, high = self._view.left(), self._view.right()
        most = max(1, int(area.width() / theme().px(64 if self._small else 96)))
        return time_ticks(low, high, most) if self._time_axis else number_ticks(low, high, most)

    # Pointer and keyboard

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, zoom or pan."""
        position = event.position()
        if self._drag is not None:
            self._drag_to(position)
            return
        inside = self._area().contains(position)
        at = self._x_at(position) if inside else None
        self.set_crosshair(at, with_card=True)
        self.hovered.emit(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to zoom, or with Shift to pan."""
        if event.button() == Qt.MouseButton.LeftButton and self._canvas is not None:
            pan = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            view = (self._view.left(), self._view.right())
            self._drag = (event.position(), view, pan)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a zoom or a pan."""
        if self._drag is None:
            return
        start, _view, pan = self._drag
        self._drag, self._band = None, None
        self.update()
        if not pan and abs(event.position().x() - start.x()) > DRAG_PIXELS:
            low, high = sorted((self._x_at(start), self._x_at(event.position())))
            self.zoom_to((low, high))

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Back to everything."""
        self.reset_zoom()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer; small multiples let the page scroll."""
        if self._small or self._canvas is None:
            event.ignore()
            return
        self._zoom_by(0.8 ** (event.angleDelta().y() / 120), self._x_at(event.position()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plus and minus zoom, arrows pan, 0 resets."""
        key = Qt.Key(event.key())
        center = self._view.center().x()
        step = self._view.width() * 0.1
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom_by(0.8, center)
        elif key == Qt.Key.Key_Minus:
            self._zoom_by(1.25, center)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            shift = step if key == Qt.Key.Key_Right else -step
            self.zoom_to((self._view.left() + shift, self._view.right() + shift))
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.reset_zoom()
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """The crosshair goes with the pointer."""
        super().leaveEvent(event)
        self.set_crosshair(None)
        self.hovered.emit(None)

    def _drag_to(self, position: QPointF) -> None:
        if self._drag is None:
            return
        start, (low, high), pan = self._drag
        area = self._area()
        if pan:
            shift = (position.x() - start.x()) / max(1.0, area.width()) * (high - low)
            self.zoom_to((low - shift, high - shift))
            return
        left, right = sorted((start.x(), position.x()))
        left, right = max(left, area.left()), min(right, area.right())
        self._band = QRectF(left, area.top(), right - left, area.height())
        self.update()

    def _zoom_by(self, factor: float, around: float) -> None:
        low, high = self._view.left(), self._view.right()
        whole = self._x_range or (self._canvas.x_limits() if self._canvas else None)
        new = (around - (around - low) * factor, around + (high - around) * factor)
        if whole is not None and new[1] - new[0] >= whole[1] - whole[0]:
            self.reset_zoom()
        else:
            self.zoom_to(new)


def _clock(epoch: float) -> str:
    return clock(epoch, seconds=True)


def share_crosshair(plots: Sequence[Plot]) -> None:
    """Let all plots of a page show the crosshair and the zoom of any of them."""
    for plot in plots:
        for other in plots:
            if other is not plot:
                plot.hovered.connect(other.set_crosshair)
                plot.zoom_changed.connect(other.follow_zoom)
