"""Log lines of a run's jobs: bounded, by level, in order of arrival. Runs in the window.

The engine answers with the tail of each job's output and its byte offset; only what lies behind
the bytes already shown is added.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.wire.desk import LogText

AnyIndex = QModelIndex | QPersistentModelIndex

LINES_KEPT = 5000
LINE_ROLE = Qt.ItemDataRole.UserRole + 1
LEVELS = ("all", "warning", "error")

_ERROR = re.compile(r"\b(error|critical|fatal|traceback|exception|sig(segv|kill|abrt))\b", re.I)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WARNING = re.compile(r"\b(warn|warning|deprecat\w*)\b", re.I)


@dataclass(frozen=True)
class LogLine:
    """One line of one job's output."""

    node: str
    text: str
    level: str
    """``info``, ``warning`` or ``error``."""


def level_of(text: str) -> str:
    """What a line sounds like; Python tracebacks and log prefixes are what decides."""
    if _ERROR.search(text) or re.match(r"\w+Error:", text):
        return "error"
    return "warning" if _WARNING.search(text) else "info"


def _byte_length(text: str) -> int:
    """Bytes in the file: what could not be decoded was one byte, not three."""
    return len(text.encode("utf-8", "replace")) - 2 * text.count("\ufffd")


class LogModel(QAbstractListModel):
    """The newest lines of a run, at most LINES_KEPT."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: deque[LogLine] = deque(maxlen=LINES_KEPT)
        self._shown: list[LogLine] = []
        self._ends: dict[str, int] = {}
        self._level = "all"
        self._text = ""

    @property
    def total(self) -> int:
        """Lines before the filter."""
        return len(self._lines)

    def clear(self) -> None:
        """Forget everything, for another run."""
        self._lines.clear()
        self._ends.clear()
        self._rebuild()

    def add(self, logs: list[LogText]) -> int:
        """Take over what is new; how many lines came."""
        fresh: list[LogLine] = []
        for log in logs:
            fresh += self._new_lines(log)
        self._lines.extend(fresh)
        shown = [line for line in fresh if self._passes(line)]
        if len(self._shown) + len(shown) > LINES_KEPT:
            self._rebuild()
        elif shown:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(shown) - 1)
            self._shown += shown
            self.endInsertRows()
        return len(fresh)

    def set_filter(self, level: str, text: str) -> None:
        """Show lines of at least this level that contain the text."""
        self._level, self._text = level, text.lower()
        self._rebuild()

    def text(self) -> str:
        """What is shown, for the clipboard."""
        return "\n".join(line.text for line in self._shown)

    def _new_lines(self, log: LogText) -> list[LogLine]:
        fresh = []
        place = log.offset
        known = self._ends.get(log.job_id, 0)
        for line in _LINE.findall(log.text):
            if not line.endswith("\n"):
                break  # half a line: it comes whole with the next answer
            if place >= known:
                text = plain(line[:-1].rpartition("\r")[2] or line.strip("\r\n"))
                fresh.append(LogLine(log.node, text, level_of(text)))
            place += _byte_length(line)
        self._ends[log.job_id] = max(known, place)
        return fresh

    def _passes(self, line: LogLine) -> bool:
        if self._level == "error" and line.level != "error":
            return False
        if self._level == "warning" and line.level == "info":
            return False
        return self._text in line.text.lower() if self._text else True

    def _rebuild(self) -> None:
        self.beginResetModel()
        self._shown = [line for line in self._lines if self._passes(line)]
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Lines shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """The line for the delegate, its text for everything else."""
        if not index.isValid():
            return None
        line = self._shown[index.row()]
        if role == LINE_ROLE:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return line.text
        return None
