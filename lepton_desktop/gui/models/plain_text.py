"""Text of nodes made harmless before it is shown. Pure functions; runs in the window."""

from __future__ import annotations

import math
import re
import time
import unicodedata

_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)")


def plain(text: str) -> str:
    """One line without escape sequences, control characters and direction overrides."""
    if text.isascii() and text.isprintable():
        return text
    text = _ANSI.sub("", text).replace("\t", "    ")
    return "".join(" " if char == "\n" else char for char in text if char == "\n" or _shown(char))


def plain_lines(text: str) -> list[str]:
    """The lines of a text, each harmless."""
    return [plain(line) for line in text.splitlines()]


def _shown(char: str) -> bool:
    return unicodedata.category(char)[0] != "C"


def seconds_until(moment: float | None, now: float | None = None) -> int | None:
    """Whole seconds until ``moment``, never negative: what a countdown shows."""
    if moment is None:
        return None
    return max(0, math.ceil(moment - (time.time() if now is None else now)))
