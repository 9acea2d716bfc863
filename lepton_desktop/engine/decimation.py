"""Long series for a narrow plot, minima and maxima kept. Runs in the engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def keep(x: Sequence[float], y: Sequence[float | None], width: int) -> list[int]:
    """Indices of the points to draw on ``width`` pixels, in order.

    ``x`` grows. Each pixel column keeps its first, lowest, highest and last point, so no spike is
    lost; gaps (None) keep one point a column. Everything is kept when that is no more.
    """
    if width <= 0 or len(x) <= 4 * width:
        return list(range(len(x)))
    places = np.asarray(x, dtype=float)
    values = np.array([np.nan if value is None else value for value in y], dtype=float)
    span = places[-1] - places[0] or 1.0
    columns = np.minimum(((places - places[0]) / span * width).astype(int), width - 1)
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    lasts = np.append(starts[1:], len(columns)) - 1
    # Sorted by column, then value: what stands first in a column is its extreme. NaN sorts last.
    lowest = np.lexsort((values, columns))[starts]
    highest = np.lexsort((-values, columns))[starts]
    gaps = np.flatnonzero(np.isnan(values))
    gaps = gaps[np.diff(columns[gaps], prepend=-1) != 0]
    kept = np.unique(np.concatenate((starts, lasts, lowest, highest, gaps)))
    return [int(index) for index in kept]
