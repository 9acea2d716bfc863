"""What a table cell can show, as values; the delegate paints them. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lepton_desktop.gui.theme.current import Tone
from lepton_desktop.gui.widgets.chips import ChipLook


@dataclass(frozen=True)
class NameCell:
    """State icon or colour swatch, name, meta line under it."""

    name: str
    meta: str = ""
    icon: str = ""
    icon_tone: Tone = "t3"
    swatch: Tone = ""
    swatch_filled: bool = True


@dataclass(frozen=True)
class TextCell:
    """A word or a number; numbers stand right when the column does."""

    text: str
    tone: Tone = "t2"
    role: str = "small"
    middle: bool = False
    """Cut in the middle: paths and hashes."""


@dataclass(frozen=True)
class SparkCell:
    """A small curve with its newest value."""

    values: Sequence[float]
    text: str = ""
    tone: Tone = "series:0"
    low: float | None = 0.0
    high: float | None = 1.0


@dataclass(frozen=True)
class BarCell:
    """A bar of ``share`` (0 … 1; None: unknown) with its value."""

    share: float | None
    text: str
    tone: Tone = "acc"
    text_tone: Tone = "t2"
    text_width: int = 40


@dataclass(frozen=True)
class GpuCell:
    """One column a GPU, and the mean as a number."""

    loads: Sequence[float | None]
    text: str = ""


@dataclass(frozen=True)
class ChipCell:
    """One or more chips."""

    chips: Sequence[ChipLook] = field(default_factory=tuple)


@dataclass(frozen=True)
class DeadCell:
    """Words in place of data: "No data since 10:38"; flows over the empty cells to its right."""

    text: str


@dataclass(frozen=True)
class BlankCell:
    """Nothing at all, where a DeadCell to the left speaks for it."""


Cell = NameCell | TextCell | SparkCell | BarCell | GpuCell | ChipCell | DeadCell | BlankCell
"""None in place of a cell is painted as an em dash."""
