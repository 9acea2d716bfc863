"""Every action of the window, registered once: menus, buttons and palette use it. In the window.

Pages and the frame add actions under stable ids such as ``run.new``; registering an id again
replaces what it does. Objects (nodes, runs, their verbs) reach the palette through sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.theme.current import Tone, theme


@dataclass(frozen=True)
class ActionSpec:
    """How an action is named and reached."""

    id: str
    title: str
    icon: str = ""
    shortcut: str = ""
    """In Qt's portable words: ``Ctrl+N``, ``G, N``; several are parted by ``; ``."""
    group: str = ""
    """Heading on the shortcut sheet."""
    needs_engine: bool = False
    """Disabled with the reason in the tool tip while there is no engine."""
    keywords: str = ""
    """More words that find it in the palette."""
    in_palette: bool = True


@dataclass(frozen=True)
class PaletteItem:
    """One line of the palette that stands for an object or for a verb on it."""

    kind: str
    """Heading: ``Actions``, ``Nodes``, ``Runs``, ``Settings``."""
    title: str
    run: Callable[[], object]
    meta: str = ""
    icon: str = ""
    tone: Tone = "t2"
    keywords: str = ""


Source = Callable[[], Iterable[PaletteItem]]


class ActionRegistry(QObject):
    """Owns the QActions of one window."""

    added = Signal(str)
    """An id that is new."""

    def __init__(self, shortcuts_in: QWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._area = shortcuts_in
        """Shortcuts act while the focus is inside; not in a sheet, which lies beside it."""
        self._specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        self._callbacks: dict[str, Callable[[], object]] = {}
        self._own_reasons: dict[str, str] = {}
        self._disabled: set[str] = set()
        self._engine_reason = ""
        self._sources: dict[str, Source] = {}
        theme().changed.connect(self._restyle)

    def add(self, spec: ActionSpec, callback: Callable[[], object]) -> QAction:
        """Register an action; the same id again replaces title and callback."""
        known = spec.id in self._actions
        self._specs[spec.id] = spec
        self._callbacks[spec.id] = callback
        if not known:
            action = QAction(self)
            action.setObjectName(spec.id)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(self._on_triggered)
            self._actions[spec.id] = action
            self._area.addAction(action)
        action = self._actions[spec.id]
        action.setText(spec.title)
        action.setShortcuts([QKeySequence(keys) for keys in shortcuts_of(spec)])
        if spec.icon:
            action.setIcon(theme().icon(spec.icon))
        self._update(spec.id)
        if not known:
            self.added.emit(spec.id)
        return action

    def action(self, action_id: str) -> QAction:
        """The QAction of an id; an unknown id is a bug and raises KeyError."""
        return self._actions[action_id]

    def spec(self, action_id: str) -> ActionSpec:
        """How an action was registered."""
        return self._specs[action_id]

    def __contains__(self, action_id: object) -> bool:
        return action_id in self._actions

    def trigger(self, action_id: str) -> None:
        """Do it, if it is enabled."""
        self._actions[action_id].trigger()

    def specs(self) -> list[ActionSpec]:
        """Everything registered, in order of registration."""
        return list(self._specs.values())

    def set_enabled(self, action_id: str, enabled: bool, reason: str = "") -> None:
        """Switch one action; the reason becomes its tool tip."""
        if enabled:
            self._disabled.discard(action_id)
        else:
            self._disabled.add(action_id)
        self._own_reasons[action_id] = "" if enabled else reason
        self._update(action_id)

    def set_engine_reason(self, reason: str) -> None:
        """Why there is no engine now; empty when there is one."""
        if reason != self._engine_reason:
            self._engine_reason = reason
            for action_id, spec in self._specs.items():
                if spec.needs_engine:
                    self._update(action_id)

    def add_source(self, name: str, source: Source) -> None:
        """Objects for the palette; the same name again replaces the source."""
        self._sources[name] = source

    def palette_items(self) -> list[PaletteItem]:
        """Enabled actions first, then what the sources know."""
        items = [
            PaletteItem(
                self.tr("Actions"),
                spec.title.rstrip("…").rstrip("."),
                self._actions[spec.id].trigger,
                shortcut_text(spec),
                spec.icon,
                keywords=spec.keywords,
            )
            for spec in self._specs.values()
            if spec.in_palette and self._actions[spec.id].isEnabled()
        ]
        for source in self._sources.values():
            items.extend(source())
        return items

    def _on_triggered(self) -> None:
        action = self.sender()
        if action is not None:
            self._callbacks[action.objectName()]()

    def _update(self, action_id: str) -> None:
        spec, action = self._specs[action_id], self._actions[action_id]
        reason = self._own_reasons.get(action_id, "")
        enabled = action_id not in self._disabled
        if enabled and spec.needs_engine and self._engine_reason:
            enabled, reason = False, self._engine_reason
        keys = shortcut_text(spec)
        plain = f"{spec.title} ({keys})" if keys else spec.title
        action.setEnabled(enabled)
        action.setToolTip(reason or plain)

    def _restyle(self) -> None:
        for action_id, spec in self._specs.items():
            if spec.icon:
                self._actions[action_id].setIcon(theme().icon(spec.icon))


def shortcuts_of(spec: ActionSpec) -> list[str]:
    """The key sequences of an action."""
    return [keys for keys in spec.shortcut.split("; ") if keys]


def shortcut_text(spec: ActionSpec) -> str:
    """Its first key sequence as people read it: ``Ctrl+N``, ``G then N``."""
    keys = shortcuts_of(spec)
    if not keys:
        return ""
    native = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
    return native.replace(", ", f" {QCoreApplication.translate('actions', 'then')} ")
