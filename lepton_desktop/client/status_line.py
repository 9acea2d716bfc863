"""A line of progress in a terminal. Runs on the desk."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

from lepton_desktop.client.words import clean


class StatusLine:
    """A line that is redrawn in a terminal, and printed now and then elsewhere."""

    def __init__(self, every_seconds: float = 5.0, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._every = every_seconds
        self._printed_at = -every_seconds
        self._text = ""

    def show(self, text: str) -> None:
        """Show ``text`` in the place of the last one."""
        text = clean(text)
        if text == self._text:
            return
        if self._live:
            self._text = text
            width = shutil.get_terminal_size().columns - 1  # a wrapped line cannot be redrawn
            self._stream.write(f"\r\x1b[2K{text[:width]}")
            self._stream.flush()
        elif time.monotonic() - self._printed_at >= self._every:
            self._text = text
            self._printed_at = time.monotonic()
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def end(self) -> None:
        """Go on below the line."""
        if self._live and self._text:
            self._stream.write("\n")
            self._stream.flush()
        self._text = ""
