"""State of a node in words, tone and icon. Pure functions; runs in the window."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.plain_text import plain, seconds_until
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.wire.desk import LinkState, NodeRow


def _tr(text: str) -> str:
    return QCoreApplication.translate("node-words", text)


@dataclass(frozen=True)
class StateWords:
    """How a node's state is shown."""

    word: str
    tone: str
    icon: str
    detail: str = ""
    """Why, and what happens next."""


def state_words(row: NodeRow, now: float) -> StateWords:
    """The state with its reason; a countdown while reconnecting."""
    if row.state is LinkState.BLOCKED:
        return StateWords(_tr("Blocked"), "err", "shield-alert", plain(row.reason))
    if row.state is LinkState.RECONNECTING:
        return StateWords(_tr("Reconnecting"), "err", "circle-x", _reconnecting(row, now))
    if row.state is LinkState.CONNECTING:
        detail = plain(row.step) or _tr("Reaching the host")
        return StateWords(_tr("Connecting"), "info", "loader-circle", detail)
    if row.drained:
        return StateWords(_tr("Draining"), "warn", "hand", plain(row.drain_reason))
    if reading.is_stale(row, now):
        age = fmt.age(row.sample_age_at, now) if row.sample_age_at else _tr("no data yet")
        return StateWords(_tr("Stale"), "warn", "clock", age)
    return StateWords(_tr("Up"), "ok", "circle-check")


def _reconnecting(row: NodeRow, now: float) -> str:
    seconds = seconds_until(row.retry_at, now)
    reason = plain(row.reason)
    if seconds is None:
        return reason
    if seconds == 0:
        return f"{reason} {_tr('Trying now.')}".strip()
    return f"{reason} {_tr('Next try in {seconds} s.').format(seconds=seconds)}".strip()


def meta_line(row: NodeRow, now: float) -> str:
    """The line under the name: what is wrong, else the hardware."""
    words = state_words(row, now)
    if row.state is LinkState.RECONNECTING:
        seconds = seconds_until(row.retry_at, now)
        if not seconds:
            return words.word if seconds is None else _tr("Trying to reconnect")
        return _tr("Reconnecting in {seconds} s").format(seconds=seconds)
    if words.word != _tr("Up"):
        return f"{words.word}: {words.detail}" if words.detail else words.word
    return reading.hardware_line(row)


def no_data_words(row: NodeRow) -> str:
    """What stands across the cells of a node that does not report."""
    if row.sample_age_at is None:
        return _tr("No data yet")
    return _tr("No data since {time}").format(time=fmt.clock(row.sample_age_at))
