"""Typefaces and type roles. Runs in the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase

FILES = (
    "Inter-Regular.otf",
    "Inter-Medium.otf",
    "Inter-SemiBold.otf",
    "JetBrainsMono-Regular.ttf",
    "JetBrainsMono-Medium.ttf",
)
UI = ["Inter", "Segoe UI", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans"]
MONO = ["JetBrains Mono", "Cascadia Mono", "Noto Sans Mono CJK SC"]
FORMULA = ["STIX Two Text", "Cambria Math", "DejaVu Serif"]

ROLES: dict[str, tuple[int, int, list[str]]] = {
    "hero": (24, 600, UI),
    "value": (26, 600, UI),
    "object": (18, 600, UI),
    "title": (16, 600, UI),
    "question": (15, 600, UI),
    "section": (13, 600, UI),
    "body": (13, 400, UI),
    "strong": (13, 500, UI),
    "nav": (13, 500, UI),
    "crumb": (14, 500, UI),
    "small": (12, 400, UI),
    "small-medium": (12, 500, UI),
    "small-strong": (12, 600, UI),
    "micro": (11, 400, UI),
    "micro-medium": (11, 500, UI),
    "micro-strong": (11, 600, UI),
    "axis": (10, 400, UI),
    "mono": (12, 400, MONO),
    "mono-micro": (11, 400, MONO),
    "input": (13, 400, UI),
    "search": (16, 400, UI),
    "formula": (15, 400, FORMULA),
}
"""Role to pixels, weight and families. ``axis`` is for small multiples only."""


def load_shipped(folder: Path) -> list[str]:
    """Make the shipped faces known to Qt; names of files that could not be loaded come back."""
    return [
        name for name in FILES if QFontDatabase.addApplicationFont(str(folder / "fonts" / name)) < 0
    ]


def make(role: str, zoom: float) -> QFont:
    """The font of a role at a zoom factor."""
    pixels, weight, families = ROLES[role]
    font = QFont()
    font.setFamilies(families)
    font.setPixelSize(max(1, round(pixels * zoom)))
    font.setWeight(QFont.Weight(weight))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if families is MONO:
        # Ligatures would turn -- and != into other signs than the ones to type.
        font.setFeature(QFont.Tag("calt"), 0)
    else:
        font.setFeature(QFont.Tag("tnum"), 1)
    return font
