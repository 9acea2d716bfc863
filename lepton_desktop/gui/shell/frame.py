"""Rail, top bar, banner, page stack and status strip as one widget. Runs in the window.

Sizes are read once, at construction; a new zoom makes a new Frame. Pages are made when first
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from lepton_desktop.gui.actions import ActionRegistry
from lepton_desktop.gui.context import Page, PageEntry
from lepton_desktop.gui.shell.engine_words import EngineWords
from lepton_desktop.gui.shell.rail import Rail
from lepton_desktop.gui.shell.status_strip import StatusStrip
from lepton_desktop.gui.shell.top_bar import TopBar
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.states import Banner, StatePanel


def titles_of(entries: Sequence[PageEntry]) -> dict[str, str]:
    """Translated page titles."""
    return {entry.page_id: QCoreApplication.translate("pages", entry.title) for entry in entries}


class Frame(QWidget):
    """What surrounds the pages, and the pages."""

    page_changed = Signal(str)
    reconnect_pressed = Signal()
    """Chip, banner or the panel that stands in for the pages."""

    def __init__(
        self,
        entries: Sequence[PageEntry],
        actions: ActionRegistry,
        make_page: Callable[[PageEntry], Page],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("frame")
        self._entries = {entry.page_id: entry for entry in entries}
        self._titles = titles_of(entries)
        self._make_page = make_page
        self._pages: dict[str, Page] = {}
        self._current = ""
        self._crumbs: dict[str, str] = {}
        self.rail = Rail(entries, self._titles)
        self.top = TopBar(actions)
        self.banner = Banner()
        self.banner.setObjectName("engine-banner")
        self.stack = QStackedWidget()
        self.status = StatusStrip()
        banner_row = holder(vbox(self.banner, margins=(16, 10, 16, 0)))
        self._banner_row = banner_row
        banner_row.hide()
        self._content = StatePanel(self.stack)
        self._content.action_pressed.connect(self.reconnect_pressed)
        self.banner.pressed.connect(self.reconnect_pressed)
        self.top.engine.clicked.connect(self.reconnect_pressed)
        column = vbox(self.top, banner_row, (self._content, 1), self.status, gap=0)
        self.setLayout(hbox(self.rail, (holder(column, "root"), 1), gap=0))
        self.top.crumb.page_pressed.connect(self._on_crumb_pressed)

    @property
    def current(self) -> str:
        """Id of the page that is shown."""
        return self._current

    def page(self, page_id: str) -> Page:
        """The page, made now if it was never shown."""
        page = self._pages.get(page_id)
        if page is None:
            page = self._pages[page_id] = self._make_page(self._entries[page_id])
            page.crumb_changed.connect(self._on_crumb_changed)
            page.actions_changed.connect(self._show_actions)
            self.stack.addWidget(page)
        return page

    def show_page(self, page_id: str, key: str = "") -> None:
        """Bring a page to the front and let it select ``key``."""
        page = self.page(page_id)
        if page_id != self._current:
            before = self._pages.get(self._current)
            self._current = page_id
            self.stack.setCurrentWidget(page)
            if before is not None:
                before.on_hidden()
            self._focus(page)
            page.on_shown()
            self.rail.set_current(self._rail_id(page_id))
            self._show_crumb()
            self._show_actions()
            self.page_changed.emit(page_id)
        if key:
            page.open_key(key)

    def _focus(self, page: Page) -> None:
        """Give the page the keys; Qt would put the cursor into its first text field."""
        focused = QApplication.focusWidget()
        around = (self.rail, self.top)
        if focused is None or not any(bar.isAncestorOf(focused) for bar in around):
            page.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_engine(self, words: EngineWords, has_data: bool) -> None:
        """Chip and banner; without any data yet, the reason stands in for the pages."""
        self.top.engine.show_words(words)
        if words.banner and not has_data:
            self._content.show_error(words.banner, words.detail)
            self._banner_row.hide()
            return
        self._content.show_content()
        if words.banner:
            self.banner.show_banner(words.banner, words.detail, words.tone, button=words.button)
        self._banner_row.setVisible(bool(words.banner))

    def _rail_id(self, page_id: str) -> str:
        """A page that stands in for another one is marked as that: the first of its group."""
        entry = self._entries[page_id]
        if entry.in_rail:
            return page_id
        group = (e.page_id for e in self._entries.values() if e.in_rail and e.group == entry.group)
        return next(group, "")

    def _show_crumb(self) -> None:
        title = self._titles[self._current]
        self.top.crumb.show_crumb(title, self._crumbs.get(self._current, ""))

    def _show_actions(self) -> None:
        page = self._pages.get(self._current)
        if page is not None:
            self.top.show_actions(page.primary_action(), page.secondary_action())

    def _on_crumb_changed(self, text: str) -> None:
        page = self.sender()
        if isinstance(page, Page):
            self._crumbs[page.page_id] = text
            if page.page_id == self._current:
                self._show_crumb()

    def _on_crumb_pressed(self) -> None:
        self._pages[self._current].setFocus()
