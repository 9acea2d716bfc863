"""What a plot shows, as values; numpy is not needed to build them. Runs in the window.

``x`` and ``y`` are sequences or numpy arrays of equal length, x ascending; NaN in y is a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lepton_desktop.gui.theme.current import Tone

Values = Sequence[float] | Any
"""A sequence or a one-dimensional numpy array."""


@dataclass(frozen=True, eq=False)
class PlotLine:
    """One curve."""

    key: str
    name: str
    x: Values
    y: Values
    tone: Tone = "series:0"
    width: float = 1.4
    """1 for seeds, 2 for a mean."""
    opacity: float = 1.0
    dashed: bool = False
    """The baseline or comparison run."""
    filled: bool = False
    """A light area down to the bottom."""
    error: Values | None = None
    """Half width of the interval at every point, for the readout."""
    in_readout: bool = True


@dataclass(frozen=True, eq=False)
class PlotBand:
    """An area between two curves: minimum to maximum, or an interval."""

    key: str
    x: Values
    low: Values
    high: Values
    tone: Tone = "series:0"
    opacity: float = 0.26


@dataclass(frozen=True)
class PlotEvent:
    """A dotted vertical line with a label at its top."""

    x: float
    text: str
    tone: Tone = "t3"
    icon: str = "flag"
    """Shown instead of the label where labels would overlap."""


@dataclass(frozen=True)
class PlotLimit:
    """A dashed horizontal line with a label."""

    y: float
    text: str
    tone: Tone = "warn"


@dataclass(frozen=True)
class Reading:
    """One line of the crosshair's card."""

    name: str
    tone: Tone
    y: float
    error: float | None = None
    dashed: bool = False
