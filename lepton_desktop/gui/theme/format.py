"""Numbers, units and times as people read them, in the window's locale. Runs in the window.

A missing value is an em dash. Groups are set apart by a thin space, minus is the real sign, and a
no-break space stands before the unit.
"""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

EMPTY = "—"
SPACE = "\u00a0"
THIN = "\u202f"
MINUS = "\u2212"

BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
COUNT_UNITS = ("", "k", "M", "G")


def number(value: float | None, decimals: int = 0, sign: bool = False) -> str:
    """``1 284``, ``0.83``, ``−14.2``; with ``sign`` also ``+38``."""
    if value is None or not math.isfinite(value):
        return EMPTY
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
    text = locale.toString(abs(float(value)), "f", decimals)
    text = text.replace(locale.groupSeparator(), THIN)
    zero = float(f"{abs(value):.{decimals}f}") == 0
    if value < 0 and not zero:
        return MINUS + text
    return "+" + text if sign and not zero else text


def significant(value: float | None, digits: int = 3, sign: bool = False) -> str:
    """A quantity of unknown size with about ``digits`` digits: ``1 284``, ``92.6``, ``0.011``."""
    if value is None or not math.isfinite(value):
        return EMPTY
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4 or magnitude > 9:
        mantissa = number(value / 10.0**magnitude, max(0, digits - 2), sign)
        return f"{mantissa}e{magnitude}".replace("-", MINUS)
    return number(value, min(6, max(0, digits - 1 - magnitude)), sign)


def percent(value: float | None, decimals: int = 0) -> str:
    """``71 %`` from 71."""
    return _with_unit(number(value, decimals), "%")


def share(value: float | None, decimals: int = 0) -> str:
    """``71 %`` from 0.71."""
    return percent(None if value is None else value * 100, decimals)


def byte_size(value: float | None) -> str:
    """``41 GB``, ``812 MB``; decimal units."""
    return _scaled(value, BYTE_UNITS)


def byte_pair(used: float | None, total: float | None) -> str:
    """``61 / 80 GB``: both in the unit of the total."""
    if used is None or not total:
        return byte_size(used)
    step = _step(total, BYTE_UNITS)
    factor = 1000.0**step
    decimals = 0 if total / factor >= 10 else 1
    left, right = number(used / factor, decimals), number(total / factor, decimals)
    return f"{left}{SPACE}/{SPACE}{right}{SPACE}{BYTE_UNITS[step]}"


def byte_rate(value: float | None) -> str:
    """``2.4 GB/s``."""
    return EMPTY if value is None else f"{byte_size(value)}/s"


def count(value: float | None) -> str:
    """``1 284``; ``36.2 M`` from a hundred thousand on."""
    if value is None or abs(value) < 100_000:
        return number(value)
    return _scaled(value, COUNT_UNITS, exact_below=99.5)


def power(watts: float | None) -> str:
    """``340 W``, ``2.94 kW``."""
    if watts is None or abs(watts) < 1000:
        return _with_unit(number(watts), "W")
    return _with_unit(significant(watts / 1000), "kW")


def celsius(value: float | None) -> str:
    """``77 °C``."""
    return _with_unit(number(value), "°C")


def duration(seconds: float | None) -> str:
    """``0.6 s``, ``22 m``, ``1 h 12 m``, ``41 d``."""
    if seconds is None or not math.isfinite(seconds):
        return EMPTY
    seconds = max(0.0, seconds)
    if seconds < 59.5:
        return _with_unit(number(seconds, 1 if seconds < 9.95 else 0), "s")
    minutes = round(seconds / 60)
    if minutes < 60:
        return _with_unit(number(minutes), "m")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}{SPACE}h{SPACE}{minutes:02d}{SPACE}m"
    return f"{round(hours / 24)}{SPACE}d"


def age(since: float | None, now: float | None = None) -> str:
    """``4 m ago`` for an epoch second."""
    if since is None:
        return EMPTY
    elapsed = max(0.0, (time.time() if now is None else now) - since)
    if elapsed < 1:
        return QCoreApplication.translate("format", "now")
    return QCoreApplication.translate("format", "{duration} ago").format(duration=duration(elapsed))


def clock(epoch: float | None, seconds: bool = False) -> str:
    """``10:38`` or ``10:38:02`` of an epoch second, local time."""
    if epoch is None:
        return EMPTY
    moment = QDateTime.fromSecsSinceEpoch(int(epoch))
    return moment.toString("HH:mm:ss" if seconds else "HH:mm")


def _with_unit(text: str, unit: str) -> str:
    return text if text == EMPTY or not unit else f"{text}{SPACE}{unit}"


def _step(value: float, units: tuple[str, ...]) -> int:
    step = 0
    while abs(value) >= 999.5 and step < len(units) - 1:
        value /= 1000
        step += 1
    return step


def _scaled(value: float | None, units: tuple[str, ...], exact_below: float = 9.95) -> str:
    if value is None or not math.isfinite(value):
        return EMPTY
    step = _step(value, units)
    scaled = value / 1000.0**step
    decimals = 0 if step == 0 or abs(scaled) >= exact_below else 1
    return _with_unit(number(scaled, decimals), units[step])
