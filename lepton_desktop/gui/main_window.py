"""The main window: frame, pages, sheets, toasts, palette and their keys. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from lepton_desktop import PRODUCT_NAME
from lepton_desktop.gui.actions import ActionRegistry, PaletteItem
from lepton_desktop.gui.context import Page, PageContext, PageEntry
from lepton_desktop.gui.engine_link import EngineLink, Phase
from lepton_desktop.gui.palette import Palette
from lepton_desktop.gui.refresh import Delta, Lab, Refresh
from lepton_desktop.gui.shell.brand import window_icon
from lepton_desktop.gui.shell.engine_words import engine_words
from lepton_desktop.gui.shell.frame import Frame, titles_of
from lepton_desktop.gui.shell.lab_objects import node_items, run_items
from lepton_desktop.gui.shell.preferences import Preferences
from lepton_desktop.gui.shell.settings_sheet import SettingsSheet
from lepton_desktop.gui.shell.shortcut_sheet import ShortcutSheet
from lepton_desktop.gui.shell.task_sheet import TaskSheet
from lepton_desktop.gui.shell.window_actions import page_specs, window_specs
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.sheet import SheetHost
from lepton_desktop.gui.widgets.toasts import Toasts

SMALLEST = QSize(1180, 720)
FIRST_SIZE = QSize(1440, 900)
TICK_MS = 1000
ROOMY = 1500
SPLIT_PAGES = frozenset({"nodes", "rewards", "runs"})


class MainWindow(QMainWindow):
    """One window on one engine."""

    closed = Signal()

    def __init__(
        self,
        link: EngineLink,
        refresh: Refresh,
        preferences: Preferences,
        entries: Sequence[PageEntry],
    ) -> None:
        super().__init__()
        self._link = link
        self._refresh = refresh
        self._preferences = preferences
        self._entries = list(entries)
        self._rail_chosen = preferences.values.rail_collapsed
        """Whether the user has said how the rail should be."""
        self.setObjectName("main-window")
        self.setWindowTitle(PRODUCT_NAME)
        self.setWindowIcon(window_icon())
        self.setMinimumSize(SMALLEST)
        self.resize(FIRST_SIZE)
        self._root = QWidget()
        self._root.setObjectName("root")
        self._root.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._root_layout = QVBoxLayout(self._root)
        self._root_layout.setContentsMargins(0, 0, 0, 0)
        self.setCentralWidget(self._root)
        self.actions_registry = ActionRegistry(self._root, self)
        self.sheets = SheetHost(self)
        self.toasts = Toasts(self)
        self.context = PageContext(
            link,
            refresh,
            self.actions_registry,
            self.toasts,
            self.sheets,
            preferences,
            self.navigate,
        )
        self._register_actions()
        self.frame = self._make_frame()
        self._ticker = QTimer(self)
        self._ticker.setInterval(TICK_MS)
        self._ticker.timeout.connect(self._on_tick)
        self._ticker.start()
        link.status_changed.connect(self._on_status_changed)
        refresh.subscribe(self._root, self._on_refreshed)
        theme().zoom_changed.connect(self._on_zoom_changed)
        preferences.changed.connect(self._on_preferences_changed)
        self._on_status_changed()

    # Where the window is

    def navigate(self, page_id: str, key: str = "") -> None:
        """Show a page; ``key`` names what it selects."""
        if page_id == "overview" and self._welcome_wanted():
            page_id = "welcome"
        self.frame.show_page(page_id, key)

    def _welcome_wanted(self) -> bool:
        """Whether there is nothing to look at yet: no runs, at most this computer."""
        lab = self._refresh.lab
        known = any(entry.page_id == "welcome" for entry in self._entries)
        dismissed = self._preferences.values.welcome_dismissed
        return known and lab.heard and not lab.runs and len(lab.nodes) <= 1 and not dismissed

    def _follow_welcome(self) -> None:
        """Overview and Welcome stand in for each other as the lab fills or empties."""
        if self.frame.current in ("overview", "welcome"):
            wanted = "welcome" if self._welcome_wanted() else "overview"
            if wanted != self.frame.current:
                self.frame.show_page(wanted)

    @property
    def page_id(self) -> str:
        """The page that is shown."""
        return self.frame.current

    @property
    def page(self) -> Page:
        """The page object that is shown."""
        return self.frame.page(self.frame.current)

    # Building

    def _make_frame(self) -> Frame:
        frame = Frame(self._entries, self.actions_registry, self._make_page, self._root)
        self._root_layout.addWidget(frame)
        frame.rail.chosen.connect(self.navigate)
        frame.rail.settings_wanted.connect(self._open_settings)
        frame.rail.collapse_wanted.connect(self._toggle_rail)
        frame.page_changed.connect(self._show_rail)
        frame.top.palette_field.clicked.connect(self._open_palette)
        frame.reconnect_pressed.connect(self._reconnect)
        frame.status.tasks_wanted.connect(self._open_tasks)
        return frame

    def _make_page(self, entry: PageEntry) -> Page:
        return entry.load()(self.context)

    def _register_actions(self) -> None:
        callbacks: dict[str, Callable[[], object]] = {
            "window.palette": self._open_palette,
            "window.shortcuts": self._open_shortcuts,
            "window.settings": self._open_settings,
            "window.tasks": self._open_tasks,
            "window.refresh": self._refresh_page,
            "window.filter": self._focus_filter,
            "window.engine": self._reconnect,
            "window.quit": self.close,
            "view.rail": self._toggle_rail,
            "view.full-screen": self._toggle_full_screen,
            "view.zoom-in": self._preferences.zoom_in,
            "view.zoom-out": self._preferences.zoom_out,
            "view.zoom-reset": self._preferences.zoom_reset,
            "view.theme": self._preferences.toggle_theme,
        }
        registry = self.actions_registry
        for spec in page_specs(self._entries, titles_of(self._entries)):
            registry.add(spec, _navigator(self, spec.id.removeprefix("go.")))
        for spec in window_specs():
            registry.add(spec, callbacks[spec.id])
        for action_id in ("view.full-screen", "window.quit"):
            # These two work over a sheet as well.
            registry.action(action_id).setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        registry.add_source("frame.nodes", self._node_items)
        registry.add_source("frame.runs", self._run_items)

    def _node_items(self) -> Iterable[PaletteItem]:
        return node_items(self._refresh.lab, self.navigate)

    def _run_items(self) -> Iterable[PaletteItem]:
        return run_items(self._refresh.lab, self.navigate)

    # What the actions do

    def _open_palette(self) -> None:
        if not isinstance(self.sheets.top, Palette):
            self.sheets.open(Palette(self.actions_registry, self.sheets), at_top=True)

    def _open_shortcuts(self) -> None:
        self.sheets.open(ShortcutSheet(self.actions_registry))

    def _open_settings(self) -> None:
        self.sheets.open(SettingsSheet(self._preferences))

    def _open_tasks(self) -> None:
        self.sheets.open(TaskSheet(self._refresh))

    def _refresh_page(self) -> None:
        self._link.retry_now()
        self.page.refresh_now()

    def _focus_filter(self) -> None:
        self.page.focus_filter()

    def _reconnect(self) -> None:
        if self._link.status.phase is not Phase.CONNECTED:
            self._link.start()

    def _toggle_rail(self) -> None:
        self._rail_chosen = True
        collapsed = not self.frame.rail.collapsed
        self._preferences.set(rail_collapsed=collapsed)
        self._show_rail()

    def _show_rail(self) -> None:
        """As remembered; until it is chosen, pages of two panes get the room on small screens."""
        collapsed = self._preferences.values.rail_collapsed
        if not self._rail_chosen and self.width() < ROOMY:
            collapsed = collapsed or self.frame.current in SPLIT_PAGES
        if collapsed != self.frame.rail.collapsed:
            self.frame.rail.set_collapsed(collapsed)

    def _toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    # What comes in

    def _on_status_changed(self) -> None:
        words = engine_words(self._link.status)
        self.frame.show_engine(words, self._refresh.lab.heard)
        self.actions_registry.set_engine_reason(words.reason)
        self.frame.status.show_age(self._link.status)

    def _on_tick(self) -> None:
        """Once a second: countdown, age of the data."""
        if self._link.status.phase is Phase.RECONNECTING:
            self._on_status_changed()
        self.frame.status.show_age(self._link.status)
        if self._preferences.problem:
            self.toasts.notify(self.tr("Options not saved"), self._preferences.problem, "error")
            self._preferences.problem = ""

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        if delta.reset:
            self._on_status_changed()
        if not (delta.nodes_touched or delta.runs_touched or delta.tasks or delta.engine):
            return
        rail = self.frame.rail
        running = sum(1 for run in lab.runs.values() if not run.state.is_final)
        rail.set_badge("nodes", str(len(lab.nodes)) if lab.nodes else "")
        rail.set_badge("runs", str(running) if running else "")
        if lab.engine is not None:
            rail.set_lab(self.tr("Engine {version}").format(version=lab.engine.version))
        self.frame.status.show_lab(lab)
        self._follow_welcome()

    def _on_preferences_changed(self) -> None:
        self._show_rail()
        self._follow_welcome()

    def _on_zoom_changed(self) -> None:
        """Build frame and pages anew at the new size; the page that was shown is shown again."""
        page_id = self.frame.current
        settings_open = isinstance(self.sheets.top, SettingsSheet)
        self.sheets.close_all()
        self.toasts.clear()
        old = self.frame
        self._root_layout.removeWidget(old)
        old.hide()
        old.deleteLater()
        self.frame = self._make_frame()
        self._on_status_changed()
        self._on_refreshed(self._refresh.lab, Delta(reset=True))
        if page_id:
            self.navigate(page_id)
        if settings_open:
            self._open_settings()

    def changeEvent(self, event: QEvent) -> None:
        """Keys must always have a receiver inside the root."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            focused = QApplication.focusWidget()
            if focused is None or focused is self:
                self._root.setFocus(Qt.FocusReason.ActiveWindowFocusReason)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing the window stops nothing in the engine."""
        self._ticker.stop()
        super().closeEvent(event)
        self.closed.emit()


def _navigator(window: MainWindow, page_id: str) -> Callable[[], object]:
    def go() -> None:
        window.navigate(page_id)

    return go
