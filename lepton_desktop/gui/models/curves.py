"""Metric curves of runs: only what is on screen, only what is new, bounded. Runs in the window.

A page says which keys of which runs it shows. When a run's ``metric_count`` grew, the points after
the last known step are asked for and appended; a new attempt or too many points ask anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.engine_link import EngineLink
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.desk import RunRow, Series

Array = npt.NDArray[np.float64]

WIDTH = 1500
"""Points asked for a whole curve: about twice the pixels of the main chart."""
POINTS_KEPT = 6000
"""When appending made a curve longer than this, it is fetched decimated again."""


@dataclass
class Curve:
    """Points of one metric of one run."""

    x: Array = field(default_factory=lambda: np.empty(0))
    y: Array = field(default_factory=lambda: np.empty(0))
    time: Array = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def last(self) -> float | None:
        """The newest finite value."""
        finite = self.y[np.isfinite(self.y)]
        return float(finite[-1]) if len(finite) else None

    def extend(self, other: Curve) -> None:
        """Append points that lie behind the last one."""
        if len(self.x):
            fresh = other.x > self.x[-1]
            other = Curve(other.x[fresh], other.y[fresh], other.time[fresh])
        self.x = np.concatenate([self.x, other.x])
        self.y = np.concatenate([self.y, other.y])
        self.time = np.concatenate([self.time, other.time])


def curve_from(series: Series) -> Curve:
    """A curve of an answer of the engine; gaps are NaN."""
    y = np.array([math.nan if value is None else value for value in series.y], dtype=float)
    x = np.array(series.x, dtype=float)
    time = np.array(series.time, dtype=float)
    if len(time) != len(x):
        time = np.full(len(x), math.nan)
    return Curve(x, y, time)


def smooth(y: Array, amount: float) -> Array:
    """Exponential moving average without the bias of its start; gaps stay gaps."""
    if amount <= 0 or len(y) == 0:
        return y
    smoothed = np.full(len(y), math.nan)
    total, weight = 0.0, 0.0
    for place, value in enumerate(y):
        if math.isfinite(value):
            total = amount * total + (1 - amount) * value
            weight = amount * weight + (1 - amount)
            smoothed[place] = total / weight
    return smoothed


def change_over(curve: Curve, seconds: float) -> float | None:
    """Newest value minus the one ``seconds`` before it; None when the curve is younger."""
    finite = np.isfinite(curve.y) & np.isfinite(curve.time)
    y, time = curve.y[finite], curve.time[finite]
    if len(y) < 2:
        return None
    place = int(np.searchsorted(time, time[-1] - seconds, side="right")) - 1
    return float(y[-1] - y[max(place, 0)])


@dataclass
class _RunCurves:
    curves: dict[str, Curve] = field(default_factory=dict)
    count: int = -1
    attempt: int = -1
    busy: bool = False


@dataclass(frozen=True)
class _Request:
    run: RunRow
    keys: list[str]
    extra: dict[str, Any]
    whole: bool
    """The answer replaces what is known."""


class CurveStore(QObject):
    """Curves of the runs that some page shows."""

    changed = Signal(str)
    """Run id whose curves have new points."""
    failed = Signal(str, object)
    """Run id, LeptonError."""

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._runs: dict[str, _RunCurves] = {}

    def curve(self, run_id: str, key: str) -> Curve:
        """What is known of a metric; empty when nothing is."""
        state = self._runs.get(run_id)
        return state.curves.get(key, Curve()) if state is not None else Curve()

    def is_loaded(self, run_id: str, key: str) -> bool:
        """Whether the metric was fetched, be it empty."""
        state = self._runs.get(run_id)
        return state is not None and key in state.curves

    def keep_only(self, run_ids: Iterable[str]) -> None:
        """Forget runs that no page shows."""
        kept = set(run_ids)
        for run_id in [run_id for run_id in self._runs if run_id not in kept]:
            del self._runs[run_id]

    def want(self, run: RunRow, keys: Iterable[str], width: int = WIDTH) -> None:
        """Fetch what is new of these metrics; does nothing while a fetch is under way."""
        state = self._runs.setdefault(run.run_id, _RunCurves())
        if state.busy:
            return
        wanted = list(dict.fromkeys(keys))
        curves = [state.curves[key] for key in wanted if key in state.curves]
        longest = max(map(len, curves), default=0)
        if len(curves) < len(wanted) or run.attempt != state.attempt or longest > POINTS_KEPT:
            self._fetch(_Request(run, wanted, {"width": width}, whole=True))
        elif run.metric_count != state.count:
            newest = min((float(curve.x[-1]) for curve in curves if len(curve)), default=None)
            extra = {"width": 0} if newest is None else {"width": 0, "x_from": newest}
            self._fetch(_Request(run, wanted, extra, whole=newest is None))

    def _fetch(self, request: _Request) -> None:
        self._runs[request.run.run_id].busy = True
        params = {"run_id": request.run.run_id, "keys": request.keys, **request.extra}
        self._link.call(
            "runs.metrics",
            params,
            lambda result: self._on_series(request, result),
            lambda error: self._on_error(request.run.run_id, error),
            owner=self,
        )

    def _on_series(self, request: _Request, result: dict[str, Any]) -> None:
        run = request.run
        state = self._runs.get(run.run_id)
        if state is None:
            return
        state.busy, state.count, state.attempt = False, run.metric_count, run.attempt
        found = {item["key"]: curve_from(build(Series, item)) for item in result["series"]}
        for key in request.keys:
            fresh = found.get(key, Curve())
            if request.whole or key not in state.curves:
                state.curves[key] = fresh
            else:
                state.curves[key].extend(fresh)
        self.changed.emit(run.run_id)

    def _on_error(self, run_id: str, error: LeptonError) -> None:
        state = self._runs.get(run_id)
        if state is not None:
            state.busy = False
        self.failed.emit(run_id, error)
