"""The frame's own actions with their keys. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from lepton_desktop.gui.actions import ActionSpec
from lepton_desktop.gui.context import PageEntry


def _tr(text: str) -> str:
    return QCoreApplication.translate("window_actions", text)


def window_specs() -> list[ActionSpec]:
    """Everything that works on every page; what each does is bound by the main window."""
    window, view = _tr("Window"), _tr("View")
    return [
        ActionSpec(
            "window.palette", _tr("Search or run a command"), "search", "Ctrl+K", window,
            in_palette=False,
        ),
        ActionSpec("window.shortcuts", _tr("Keyboard shortcuts"), "keyboard", "?", window),
        ActionSpec("window.settings", _tr("Settings"), "settings", "Ctrl+,", window),
        ActionSpec("window.tasks", _tr("Show tasks"), "list", "", window),
        ActionSpec("window.refresh", _tr("Refresh"), "refresh-cw", "F5", window),
        ActionSpec(
            "window.filter", _tr("Filter"), "filter", "Ctrl+F; /", window, in_palette=False
        ),
        ActionSpec("window.engine", _tr("Reconnect the engine"), "plug-zap", "", window),
        ActionSpec("window.quit", _tr("Quit"), "power", "Ctrl+Q", window),
        ActionSpec("view.rail", _tr("Collapse or expand the rail"), "panel-left-close", "Ctrl+B",
                   view),
        ActionSpec("view.full-screen", _tr("Full screen"), "maximize-2", "F11", view),
        ActionSpec("view.zoom-in", _tr("Zoom in"), "zoom-in", "Ctrl++; Ctrl+=", view,
                   keywords=_tr("larger size")),
        ActionSpec("view.zoom-out", _tr("Zoom out"), "zoom-out", "Ctrl+-", view,
                   keywords=_tr("smaller size")),
        ActionSpec("view.zoom-reset", _tr("Natural size"), "search", "Ctrl+0", view,
                   keywords=_tr("zoom 100")),
        ActionSpec("view.theme", _tr("Switch between dark and light"), "sun-moon", "", view,
                   keywords=_tr("theme colours")),
    ]  # fmt: skip


def page_specs(entries: Sequence[PageEntry], titles: dict[str, str]) -> list[ActionSpec]:
    """``go.<page id>`` for every page of the rail: Ctrl+1 … 9 and G with a letter."""
    specs: list[ActionSpec] = []
    for number, entry in enumerate((entry for entry in entries if entry.in_rail), start=1):
        keys = [f"Ctrl+{number}"] if number <= 9 else []
        keys += [f"G, {entry.shortcut}"] if entry.shortcut else []
        title = _tr("Go to {page}").format(page=titles[entry.page_id])
        specs.append(
            ActionSpec(f"go.{entry.page_id}", title, entry.icon, "; ".join(keys), _tr("Pages"))
        )
    return specs
