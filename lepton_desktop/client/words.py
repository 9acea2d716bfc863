"""Numbers, durations and the progress of a run as people read them in a terminal. Pure text."""

from __future__ import annotations

import unicodedata

from lepton_desktop.wire.desk import RunRow

UNKNOWN = "–"
BAR_CELLS = 24
TERM_PREFIX = "reward/"


def clean(text: str, keep: str = "") -> str:
    """Text from a node without control characters, so that it cannot steer a terminal."""
    return "".join(
        char if char in keep or unicodedata.category(char) not in ("Cc", "Cf", "Cs") else " "
        for char in text
    )


def seconds_text(seconds: float | None) -> str:
    """``4.2 s``, ``3 min 5 s``, ``2 h 10 min``, ``3 d 4 h``."""
    if seconds is None:
        return UNKNOWN
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, small, small_size in (
        ("d", 86400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small_size} {small}"
    return f"{whole} s"


def bytes_text(count: float | None) -> str:
    """``512 B``, ``3.4 GB``; powers of 1000."""
    if count is None:
        return UNKNOWN
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def number_text(value: float | None, digits: int = 4) -> str:
    """Significant digits without an exponent where that reads well; thousands are grouped."""
    if value is None:
        return UNKNOWN
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:,.{digits}g}" if abs(value) < 10 ** (digits - 1) else f"{value:,.1f}"
    return f"{value:.{digits - 1}e}"


def percent_text(value: float | None) -> str:
    """``42 %``."""
    return UNKNOWN if value is None else f"{value:.0f} %"


def bar(fraction: float | None, cells: int = BAR_CELLS) -> str:
    """A bar of fixed width; dots when nothing is known."""
    if fraction is None:
        return "·" * cells
    full = round(max(0.0, min(1.0, fraction)) * cells)
    return "█" * full + "░" * (cells - full)


def run_fraction(row: RunRow) -> float | None:
    """How much of the training is done; the last update may pass the wanted steps."""
    return min(1.0, row.step / row.total_steps) if row.total_steps else None


def run_progress(row: RunRow) -> str:
    """One line: bar, steps, speed, time left."""
    fraction = run_fraction(row)
    parts = [bar(fraction)]
    if fraction is not None:
        parts.append(f"{fraction:4.0%}")
    parts.append(f"{row.step:,} of {row.total_steps:,} steps")
    speed = row.metrics.get("time/steps_per_second")
    if speed is not None and row.step < row.total_steps:
        parts.append(f"{speed:,.0f} steps/s")
    if row.seconds_left is not None and not row.state.is_final:
        parts.append(f"{seconds_text(row.seconds_left)} left")
    return "  ".join(parts)


def run_returns(row: RunRow) -> str:
    """One line: return, true objective and the terms of the reward, newest values."""
    named = {"return": "rollout/return_mean", "objective": "objective/return_mean"}
    parts = [
        f"{word} {number_text(row.metrics[key])}"
        for word, key in named.items()
        if key in row.metrics
    ]
    parts += [f"{name} {number_text(value)}" for name, value in reward_terms(row.metrics).items()]
    return "  ".join(parts)


def reward_terms(metrics: dict[str, float], prefix: str = TERM_PREFIX) -> dict[str, float]:
    """Term name to newest value."""
    return {
        key.removeprefix(prefix): metrics[key] for key in sorted(metrics) if key.startswith(prefix)
    }
