"""Long series for a narrow plot, minima and maxima kept. Runs in the engine."""

from __future__ import annotations

from collections.abc import Sequence


def keep(x: Sequence[float], y: Sequence[float | None], width: int) -> list[int]:
    """Indices of the points to draw on ``width`` pixels, in order.

    ``x`` grows. Each pixel column keeps its first, lowest, highest and last point, so no spike is
    lost; gaps (None) keep one point a column. Everything is kept when that is no more.
    """
    if width <= 0 or len(x) <= 4 * width:
        return list(range(len(x)))
    low, span = x[0], (x[-1] - x[0]) or 1.0
    kept: list[int] = []
    start, column = 0, 0
    for index in range(len(x) + 1):
        at = -1 if index == len(x) else min(int((x[index] - low) / span * width), width - 1)
        if at != column:
            kept += _extremes(y, start, index)
            start, column = index, at
    return kept


def _extremes(y: Sequence[float | None], start: int, end: int) -> list[int]:
    if end <= start:
        return []
    chosen = {start, end - 1}
    known = [(value, index) for index in range(start, end) if (value := y[index]) is not None]
    if known:
        chosen |= {min(known)[1], max(known)[1]}
    if len(known) < end - start:
        chosen.add(next(index for index in range(start, end) if y[index] is None))
    return sorted(chosen)
