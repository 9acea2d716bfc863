"""A main window with two plain pages and a link that never connects, for tests of the frame."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel

from lepton_desktop.gui.actions import ActionSpec
from lepton_desktop.gui.context import Page, PageContext, PageEntry
from lepton_desktop.gui.engine_link import EngineLink
from lepton_desktop.gui.main_window import MainWindow
from lepton_desktop.gui.refresh import Refresh
from lepton_desktop.gui.shell.preferences import Preferences
from lepton_desktop.gui.widgets.fields import SearchField
from lepton_desktop.gui.widgets.layouts import vbox
from lepton_desktop.settings import paths


class OverviewSample(Page):
    page_id = "overview"
    title = "Overview"
    icon = "layout-dashboard"
    group = "cluster"

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.happened: list[str] = []
        self.filter = SearchField("Filter")
        self.setLayout(vbox(self.filter, QLabel("Overview"), None, margins=(16, 14, 16, 14)))
        spec = ActionSpec("run.new", "New run", "plus", "Ctrl+N", needs_engine=True)
        context.actions.add(spec, lambda: self.happened.append("run.new"))

    def on_shown(self) -> None:
        self.happened.append("shown")

    def on_hidden(self) -> None:
        self.happened.append("hidden")

    def open_key(self, key: str) -> None:
        self.happened.append(f"open {key}")
        self.crumb_changed.emit(key)

    def primary_action(self) -> str:
        return "run.new"

    def focus_filter(self) -> None:
        self.filter.setFocus()

    def refresh_now(self) -> None:
        self.happened.append("refresh")


class NodesSample(OverviewSample):
    page_id = "nodes"
    title = "Nodes"
    icon = "server"


class RunsSample(OverviewSample):
    page_id = "runs"
    title = "Runs"
    icon = "activity"
    group = "train"


ENTRIES = [
    PageEntry(page.page_id, page.title, page.icon, page.group, lambda page=page: page, shortcut=key)
    for page, key in ((OverviewSample, "O"), (NodesSample, "N"), (RunsSample, "R"))
]


def never(_start: bool, _progress: object) -> object:
    raise AssertionError("the link of a frame test is never started")


def make_window(home: Path) -> MainWindow:
    preferences = Preferences(paths(home))
    return MainWindow(EngineLink(never), Refresh(), preferences, ENTRIES)
