"""What the engine chip, the banner and disabled actions say of the link. Pure. In the window."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from lepton_desktop.gui.engine_link import LinkStatus, Phase
from lepton_desktop.gui.theme.current import Tone
from lepton_desktop.gui.theme.format import SPACE, clock


@dataclass(frozen=True)
class EngineWords:
    """One state of the link in words."""

    chip: str
    tone: Tone
    pulsing: bool
    tip: str
    banner: str
    """Empty while connected or before any data arrived."""
    detail: str
    button: str
    """On the banner: retry or start; empty for none."""
    reason: str
    """Why actions that need the engine are disabled; empty when they are not."""


def engine_words(status: LinkStatus, now: float | None = None) -> EngineWords:
    """The words for a link status."""
    now = time.time() if now is None else now
    if status.phase is Phase.CONNECTED:
        return EngineWords(_tr("Engine connected"), "ok", False, _tr("Engine"), "", "", "", "")
    since = _banner(status)
    tip = f"{status.message} {status.hint}".strip()
    if status.phase is Phase.CONNECTING:
        reason = _tr("The engine is still starting.")
        return EngineWords(_tr("Connecting"), "warn", True, tip, since, "", "", reason)
    if status.phase is Phase.RECONNECTING:
        left = 0 if status.retry_at is None else max(0, round(status.retry_at - now))
        chip = _tr("Reconnecting {seconds}{space}s").format(seconds=left, space=SPACE)
        reason = _tr("The engine does not answer; trying again.")
        banner = since or _tr("The engine does not answer")
        return EngineWords(chip, "warn", True, tip, banner, tip, _tr("Retry now"), reason)
    reason = _tr("The engine is stopped. Click the engine chip to start it.")
    banner = since or _tr("The engine is stopped")
    return EngineWords(
        _tr("Engine stopped"), "err", False, tip or reason, banner, tip, _tr("Start engine"), reason
    )


def _banner(status: LinkStatus) -> str:
    if status.data_at is None:
        return ""
    return _tr("Showing data from {time}").format(time=clock(status.data_at))


def _tr(text: str) -> str:
    return QCoreApplication.translate("engine_words", text)
