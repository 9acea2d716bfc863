"""The last quarter of an hour of every node, in bounded arrays. Runs in the engine.

Readings are stamped with the engine's clock, so that nodes whose clocks differ line up. What a node
does not report is not stored; a missing value is NaN inside and None outside.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lepton_desktop.engine.decimation import keep
from lepton_desktop.wire.desk import Series
from lepton_desktop.wire.node import GpuColumns, HostSample, Sample

KEPT_SECONDS = 900.0
MAX_DEVICES = 64
"""A broken agent may report any number of devices; memory stays bounded."""
GAP_INTERVALS = 3.5
"""A pause longer than so many intervals is drawn as a gap, not as a line."""

_LARGEST = float(np.finfo(np.float32).max)
_HOST_KEYS = tuple(
    (item.name, f"host.{item.name}")
    for item in dataclasses.fields(HostSample)
    if item.name != "cpu_per_core"
)
_GPU_KEYS = tuple(item.name for item in dataclasses.fields(GpuColumns) if item.name != "throttle")


class Ring:
    """One node's readings. Single precision keeps seven digits, enough for any plot."""

    def __init__(self, interval_seconds: float = 1.0) -> None:
        self.interval_seconds = interval_seconds
        self._capacity = math.ceil(KEPT_SECONDS / interval_seconds)
        self._times = np.zeros(self._capacity)
        self._columns: dict[str, int] = {}
        self._table = np.zeros((self._capacity, 0), np.float32)
        self._count = 0

    def add(self, sample: Sample, received: float) -> None:
        """Store one reading in place of the oldest."""
        readings = _numbers(sample)
        if not readings.keys() <= self._columns.keys():
            self._widen(readings)
        row = [math.nan] * len(self._columns)
        for key, value in readings.items():
            # Beyond single precision nothing was measured; it would only break the plots.
            row[self._columns[key]] = value if -_LARGEST < value < _LARGEST else math.nan
        slot = self._count % self._capacity
        self._times[slot] = received
        self._table[slot] = row
        self._count += 1

    def _widen(self, readings: Iterable[str]) -> None:
        for key in readings:
            self._columns.setdefault(key, len(self._columns))
        missing = len(self._columns) - self._table.shape[1]
        empty = np.full((self._capacity, missing), math.nan, np.float32)
        self._table = np.hstack((self._table, empty))

    def read(self, key: str, since: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times and values from ``since`` on, oldest first; NaN where nothing was reported."""
        kept = min(self._count, self._capacity)
        order = (np.arange(kept) + self._count - kept) % self._capacity
        times = self._times[order]
        values = self._values(key)[order]
        chosen = times >= since
        return times[chosen], values[chosen]

    def _values(self, key: str) -> NDArray[np.float64]:
        if key in self._columns:
            return self._table[:, self._columns[key]].astype(np.float64)
        prefix, _, quantity = key.partition(".")
        devices = [
            column
            for name, column in self._columns.items()
            if prefix == "gpu" and name.startswith("gpu.") and name.endswith(f".{quantity}")
        ]
        if not devices or not quantity or "." in quantity:
            return np.full(self._capacity, math.nan)
        return _mean(self._table[:, devices].T.astype(np.float64))


def series(ring: Ring, key: str, since: float, width: int) -> Series:
    """One quantity for a plot: gaps as None, thinned to ``width`` with extremes kept (0: exact)."""
    times, values = ring.read(key, since)
    return _series(key, times, values, ring.interval_seconds, width)


def cluster_mean(rings: Iterable[Ring], key: str, since: float, now: float, width: int) -> Series:
    """The mean over the nodes that report, in common time slots."""
    known = list(rings)
    interval = max((ring.interval_seconds for ring in known), default=1.0)
    slot = max(interval, (now - since) / width if width > 0 else interval)
    count = max(1, math.ceil((now - since) / slot))
    per_node = [_slots(*ring.read(key, since), since, slot, count) for ring in known]
    if not per_node:
        return Series(key, [], [])
    means = _mean(np.array(per_node))
    reported = ~np.isnan(means)
    times: NDArray[np.float64] = since + (np.arange(count, dtype=np.float64) + 0.5) * slot
    return _series(key, times[reported], means[reported], slot, 0)


def _numbers(sample: Sample) -> dict[str, float]:
    host, gpu = sample.host, sample.gpu
    found = {
        key: float(value) for name, key in _HOST_KEYS if (value := getattr(host, name)) is not None
    }
    for name in _GPU_KEYS:
        for index, value in enumerate(getattr(gpu, name)[:MAX_DEVICES]):
            if value is not None:
                found[_device_key(index, name)] = float(value)
    return found


@functools.cache
def _device_key(index: int, name: str) -> str:
    return f"gpu.{index}.{name}"


def _slots(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    since: float,
    slot: float,
    count: int,
) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    places = np.minimum(((times[known] - since) / slot).astype(np.int64), count - 1)
    sums = np.bincount(places, values[known], count)
    counts = np.bincount(places, minlength=count)
    return _ratio(sums, counts)


def _mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Column means without NaN; NaN where a column has nothing else."""
    known = ~np.isnan(rows)
    counts = known.sum(axis=0)
    sums = np.where(known, rows, 0.0).sum(axis=0)
    return _ratio(sums, counts)


def _ratio(sums: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.float64]:
    with_nan: NDArray[np.float64] = np.full(len(sums), math.nan)
    np.divide(sums, counts, out=with_nan, where=counts > 0)
    return with_nan


def _series(
    key: str,
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    interval: float,
    width: int,
) -> Series:
    x: list[float] = []
    y: list[float | None] = []
    for time, value in zip(times.tolist(), values.tolist(), strict=True):
        if x and time - x[-1] > GAP_INTERVALS * interval:
            x.append(x[-1] + interval)
            y.append(None)
        x.append(time)
        y.append(None if math.isnan(value) else value)
    if all(value is None for value in y):
        return Series(key, [], [])
    kept = keep(x, y, width)
    thinned = len(kept) < len(x)
    return Series(
        key,
        [x[index] for index in kept],
        [y[index] for index in kept],
        count=len(times),
        decimated=thinned,
    )
