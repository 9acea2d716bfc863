"""Where ticks stand and what they say. Pure functions; runs in the window."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QDateTime

from lepton_desktop.gui.theme.format import SPACE, clock, number

Tick = tuple[float, str]
TIME_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
)  # fmt: skip
FEWEST = 3
SCALES = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""From which size on, divided by what, with which suffix."""


def nice_step(span: float, most: int) -> float:
    """A step of 1, 2 or 5 times a power of ten that cuts ``span`` into at most ``most`` parts."""
    if span <= 0 or not math.isfinite(span):
        return 1.0
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 5):
        if factor * power >= rough * 0.999:
            return float(factor * power)
    return float(10 * power)


def number_ticks(low: float, high: float, most: int, unit: str = "") -> list[Tick]:
    """Ticks of a plain quantity, the unit on the uppermost."""
    step = nice_step(high - low, most)
    values = _multiples(low, high, step)
    if len(values) < FEWEST:
        step = nice_step(high - low, 2 * most)
        values = _multiples(low, high, step)
    text = number_text(values, step)
    ticks = [(value, text(value)) for value in values]
    if unit and ticks:
        value, label = ticks[-1]
        ticks[-1] = (value, f"{label}{SPACE}{unit}")
    return ticks


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def number_text(values: list[float], step: float) -> Callable[[float], str]:
    """One way to write all of them: equal decimals, ``k`` and ``M`` for large ones."""
    largest = max((abs(value) for value in values), default=0.0)
    scale, suffix = next(((by, unit) for least, by, unit in SCALES if largest >= least), (1.0, ""))
    decimals = max(0, -math.floor(math.log10(step / scale) + 1e-9)) if step > 0 else 0
    decimals = min(decimals, 6)

    def text(value: float) -> str:
        if value == 0:
            return "0"
        label = number(value / scale, decimals)
        return f"{label}{SPACE}{suffix}" if suffix else label

    return text


def time_ticks(low: float, high: float, most: int) -> list[Tick]:
    """Ticks of epoch seconds at round local times."""
    span = high - low
    step = next((s for s in TIME_STEPS if span / s <= most), TIME_STEPS[-1])
    offset = QDateTime.fromSecsSinceEpoch(int(low)).offsetFromUtc()
    first = math.ceil((low + offset) / step)
    last = math.floor((high + offset) / step)
    return [
        (place * step - offset, clock(place * step - offset, seconds=step < 60))
        for place in range(first, last + 1)
    ]
