"""What a page is and what it is given: the contract between frame and pages. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from lepton_desktop.gui.actions import ActionRegistry
    from lepton_desktop.gui.engine_link import EngineLink
    from lepton_desktop.gui.refresh import Refresh
    from lepton_desktop.gui.shell.preferences import Preferences
    from lepton_desktop.gui.widgets.sheet import SheetHost
    from lepton_desktop.gui.widgets.toasts import Toasts


@dataclass(frozen=True)
class PageContext:
    """The collaborators of every page and dialog."""

    link: EngineLink
    refresh: Refresh
    actions: ActionRegistry
    toasts: Toasts
    sheets: SheetHost
    """Opens sheets and confirmations over the window."""
    preferences: Preferences
    """Theme, zoom, reduced motion, rail; saved when changed."""
    navigate: Callable[[str, str], None]
    """``navigate(page_id, key)``: show a page; ``key`` (may be empty) names what to select."""


class Page(QWidget):
    """One page of the window. Subclasses set the class attributes and fill themselves in."""

    page_id: ClassVar[str]
    title: ClassVar[str]
    """Marked with QT_TRANSLATE_NOOP("pages", …); the frame translates it."""
    icon: ClassVar[str]
    group: ClassVar[str]
    """Rail group: ``cluster``, ``train`` or ``system``."""

    crumb_changed = Signal(str)
    """The open object's name for the breadcrumb; empty: just the page title."""
    actions_changed = Signal()
    """primary_action() or secondary_action() answers something new."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.setObjectName(f"page-{self.page_id}")

    def on_shown(self) -> None:
        """The page became the visible one."""

    def on_hidden(self) -> None:
        """Another page took its place."""

    def open_key(self, key: str) -> None:
        """Select the object that ``navigate`` was asked for."""

    def primary_action(self) -> str:
        """Id of the action behind the one primary button of the top bar; empty for none."""
        return ""

    def secondary_action(self) -> str:
        """Id of the action behind the secondary button of the top bar; empty for none."""
        return ""

    def focus_filter(self) -> None:
        """Ctrl+F or / was pressed: put the cursor into the filter field, if there is one."""

    def refresh_now(self) -> None:
        """F5 was pressed."""


@dataclass(frozen=True)
class PageEntry:
    """A row of ``gui/pages/__init__.py: PAGES``; the class is imported when first shown."""

    page_id: str
    title: str
    icon: str
    group: str
    load: Callable[[], type[Page]]
    in_rail: bool = True
    """False for pages that stand in for another one, such as Welcome for Overview."""
    shortcut: str = ""
    """Second key after G, such as ``N`` for Nodes."""
