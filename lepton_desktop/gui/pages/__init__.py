"""Pages of the window: one per rail entry; they never import each other. Runs in the window.

A page's class is imported when it is first shown, so that the window is up before pyqtgraph is.
"""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from lepton_desktop.gui.context import Page, PageEntry


def _overview() -> type[Page]:
    from lepton_desktop.gui.pages.overview import OverviewPage

    return OverviewPage


def _nodes() -> type[Page]:
    from lepton_desktop.gui.pages.nodes import NodesPage

    return NodesPage


def _runs() -> type[Page]:
    from lepton_desktop.gui.pages.runs import RunsPage

    return RunsPage


def _welcome() -> type[Page]:
    from lepton_desktop.gui.pages.welcome import WelcomePage

    return WelcomePage


PAGES = (
    PageEntry(
        "overview",
        str(QT_TRANSLATE_NOOP("pages", "Overview")),
        "layout-dashboard",
        "cluster",
        _overview,
        shortcut="O",
    ),
    PageEntry(
        "nodes",
        str(QT_TRANSLATE_NOOP("pages", "Nodes")),
        "server",
        "cluster",
        _nodes,
        shortcut="N",
    ),
    PageEntry(
        "runs",
        str(QT_TRANSLATE_NOOP("pages", "Runs")),
        "activity",
        "train",
        _runs,
        shortcut="U",
    ),
    PageEntry(
        "welcome",
        str(QT_TRANSLATE_NOOP("pages", "Welcome")),
        "layout-dashboard",
        "cluster",
        _welcome,
        in_rail=False,
    ),
)
"""In rail order."""
