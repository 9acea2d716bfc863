"""The curves of a plot, drawn by pyqtgraph. Imported when the first plot is shown. In the window.

Axes, labels and the crosshair are painted by ``plot.py`` and ``plot_overlay.py``; this part
takes curves and a view range. Data is cut to the view and reduced to minima and maxima of about
one pixel before pyqtgraph sees it, because its own down-sampling does not help wide pens.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QGraphicsItem, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.plot_values import PlotBand, PlotLine, Reading

Array = npt.NDArray[np.float64]
FILL_OPACITY = 0.14


def reduced(x: Array, y: Array, low: float, high: float, pixels: int) -> tuple[Array, Array]:
    """The part between ``low`` and ``high``, at most four points a pixel column, extremes kept."""
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(len(x), int(np.searchsorted(x, high, side="right")) + 1)
    x, y = x[first:last], y[first:last]
    count = max(8, pixels)
    if len(x) <= 2 * count:
        return x, y
    size = len(x) // count
    cut = size * count
    blocks = y[:cut].reshape(count, size)
    rows = np.arange(count) * size
    safe = np.where(np.isnan(blocks), np.inf, blocks)
    lows = rows + safe.argmin(axis=1)
    highs = rows + np.where(np.isnan(blocks), -np.inf, blocks).argmax(axis=1)
    # A block with a gap keeps one NaN, so that the gap stays visible.
    gaps = (
        rows[np.isnan(blocks).any(axis=1)]
        + np.isnan(blocks).argmax(axis=1)[np.isnan(blocks).any(axis=1)]
    )
    picked = np.unique(np.concatenate([lows, highs, gaps, np.arange(cut, len(x))]))
    return x[picked], y[picked]


class Canvas(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A bare view box on a clear ground; takes no mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, background=None)
        item = self.getPlotItem()
        item.hideButtons()
        item.setMenuEnabled(False)
        item.hideAxis("left")
        item.hideAxis("bottom")
        item.layout.setContentsMargins(0, 0, 0, 0)
        item.setContentsMargins(0, 0, 0, 0)
        self._box = item.getViewBox()
        self._box.setDefaultPadding(0)
        self._box.setMouseEnabled(x=False, y=False)
        self._box.setBorder(None)
        self._box.disableAutoRange()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("background: transparent; border: none;")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lines: list[tuple[PlotLine, Array, Array]] = []
        self._bands: list[tuple[PlotBand, Array, Array, Array]] = []
        self._items: list[QGraphicsItem] = []
        self._hidden: frozenset[str] = frozenset()
        self._view = QRectF(0, 0, 1, 1)

    def set_data(self, lines: Sequence[PlotLine], bands: Sequence[PlotBand]) -> None:
        """Take over curves; ``show_view`` draws them."""
        self._lines = [(line, _array(line.x), _array(line.y)) for line in lines]
        self._bands = [
            (band, _array(band.x), _array(band.low), _array(band.high)) for band in bands
        ]

    def set_hidden(self, keys: Collection[str]) -> None:
        """Leave these keys out."""
        self._hidden = frozenset(keys)

    def x_limits(self) -> tuple[float, float] | None:
        """First and last x of what is shown."""
        arrays = [x for line, x, _ in self._lines if line.key not in self._hidden and len(x)]
        if not arrays:
            return None
        return min(float(x[0]) for x in arrays), max(float(x[-1]) for x in arrays)

    def y_limits(self, low: float, high: float) -> tuple[float, float] | None:
        """Smallest and largest finite value between two x."""
        parts: list[Array] = []
        for line, x, y in self._lines:
            if line.key not in self._hidden:
                parts.append(_between(x, y, low, high))
        for band, x, bottom, top in self._bands:
            if band.key not in self._hidden:
                parts += [_between(x, bottom, low, high), _between(x, top, low, high)]
        finite = [part[np.isfinite(part)] for part in parts]
        filled = [part for part in finite if len(part)]
        if not filled:
            return None
        return min(float(p.min()) for p in filled), max(float(p.max()) for p in filled)

    def gaps(self, low: float, high: float) -> list[tuple[float, float]]:
        """Stretches without data inside the first curve that is shown."""
        for line, x, y in self._lines:
            if line.key in self._hidden or not len(x):
                continue
            missing = np.isnan(y)
            edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]])))
            return [
                (float(x[max(0, a - 1)]), float(x[min(len(x) - 1, b)]))
                for a, b in edges.reshape(-1, 2)
                if x[min(len(x) - 1, b)] > low and x[max(0, a - 1)] < high
            ]
        return []

    def readings(self, at: float) -> tuple[float | None, list[Reading]]:
        """The x of the nearest points and the values there, largest first."""
        found: list[Reading] = []
        nearest: float | None = None
        for line, x, y in self._lines:
            if line.key in self._hidden or not line.in_readout or not len(x):
                continue
            place = _nearest(x, at)
            if place is None or not np.isfinite(y[place]):
                continue
            nearest = float(x[place]) if nearest is None else nearest
            error = None if line.error is None else float(_array(line.error)[place])
            found.append(Reading(line.name, line.tone, float(y[place]), error, line.dashed))
        found.sort(key=lambda reading: reading.y, reverse=True)
        return nearest, found

    def show_view(self, view: QRectF) -> None:
        """Draw everything for a view range; its top is the lowest y."""
        self._view = view
        for item in self._items:
            self.removeItem(item)
        self._items.clear()
        self._box.setRange(
            xRange=(view.left(), view.right()),
            yRange=(view.top(), view.bottom()),
            padding=0,
            disableAutoRange=True,
        )
        for band in self._bands:
            if band[0].key not in self._hidden:
                self._draw_band(*band)
        for number, line in enumerate(self._lines):
            if line[0].key not in self._hidden:
                self._draw_line(*line, number)

    def _draw_line(self, line: PlotLine, x: Array, y: Array, number: int) -> None:
        view = self._view
        x, y = reduced(x, y, view.left(), view.right(), self.width())
        style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
        colour = QColor(theme().color(line.tone, line.opacity))
        options: dict[str, Any] = {}
        if line.filled:
            options = {
                "fillLevel": view.top(),
                "brush": pg.mkBrush(QColor(theme().color(line.tone, FILL_OPACITY))),
            }
        item = pg.PlotCurveItem(
            x,
            y,
            pen=pg.mkPen(colour, width=line.width, style=style),
            antialias=True,
            connect="finite",
            **options,
        )
        if line.width > 1 and not line.dashed:
            # Wide pens are many times faster in segments; dashes would start anew in each.
            item.setSegmentedLineMode("on")
        item.setZValue(number + (10 if line.width > 1 else 0))
        self._add(item)

    def _draw_band(self, band: PlotBand, x: Array, low: Array, high: Array) -> None:
        view = self._view
        pixels = self.width()
        lower = pg.PlotCurveItem(*reduced(x, low, view.left(), view.right(), pixels), pen=None)
        upper = pg.PlotCurveItem(*reduced(x, high, view.left(), view.right(), pixels), pen=None)
        brush = pg.mkBrush(QColor(theme().color(band.tone, band.opacity)))
        area = pg.FillBetweenItem(lower, upper, brush=brush)
        area.setZValue(-5)
        self._add(area)

    def _add(self, item: QGraphicsItem) -> None:
        self.addItem(item, ignoreBounds=True)
        self._items.append(item)


def _array(values: Any) -> Array:  # noqa: ANN401 - sequence or array
    return np.asarray(values, dtype=np.float64)


def _between(x: Array, y: Array, low: float, high: float) -> Array:
    return y[int(np.searchsorted(x, low)) : int(np.searchsorted(x, high, side="right"))]


def _nearest(x: Array, at: float) -> int | None:
    """Index of the point nearest to ``at``; None outside the curve by more than a step."""
    place = int(np.searchsorted(x, at))
    if place == 0:
        return 0 if len(x) == 1 or at >= x[0] - (x[1] - x[0]) else None
    if place == len(x):
        return len(x) - 1 if at <= x[-1] + (x[-1] - x[-2] if len(x) > 1 else 0) else None
    return place - 1 if at - x[place - 1] <= x[place] - at else place
