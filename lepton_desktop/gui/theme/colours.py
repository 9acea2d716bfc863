"""Mixing, ramps and contrast of colours. Runs in the window."""

from __future__ import annotations

from bisect import bisect_right

from PySide6.QtGui import QColor

from lepton_desktop.gui.theme.tokens import Ramp


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """``share`` of the second colour over the first, both opaque."""
    rest = 1 - share
    return QColor(
        round(first.red() * rest + second.red() * share),
        round(first.green() * rest + second.green() * share),
        round(first.blue() * rest + second.blue() * share),
    )


def at(ramp: Ramp, value: float) -> QColor:
    """The colour of a ramp at 0 … 1; outside values take the ends."""
    value = min(1.0, max(0.0, value))
    upper = min(bisect_right([stop for stop, _ in ramp], value), len(ramp) - 1)
    (low, low_colour), (high, high_colour) = ramp[upper - 1], ramp[upper]
    return mix(QColor(low_colour), QColor(high_colour), (value - low) / (high - low))


def steps(ramp: Ramp, count: int) -> list[QColor]:
    """A ramp cut into ``count`` colours, both ends included."""
    return [at(ramp, index / (count - 1)) for index in range(count)]


def contrast(first: QColor, second: QColor) -> float:
    """WCAG contrast ratio of two opaque colours, 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4

    return (
        0.2126 * linear(colour.redF())
        + 0.7152 * linear(colour.greenF())
        + 0.0722 * linear(colour.blueF())
    )
