"""The shortcut sheet (?): every key, from the action registry. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QWidget

from lepton_desktop.gui.actions import ActionRegistry, ActionSpec, shortcuts_of
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.chips import KeyCap
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder
from lepton_desktop.gui.widgets.sheet import Sheet


class ShortcutSheet(Sheet):
    """Two columns of actions with their keys, under their groups."""

    def __init__(self, actions: ActionRegistry, parent: QWidget | None = None) -> None:
        title = QCoreApplication.translate("ShortcutSheet", "Keyboard shortcuts")
        super().__init__(title, width=760, parent=parent)
        self.setObjectName("shortcut-sheet")
        groups: dict[str, list[tuple[str, Sequence[str]]]] = {}
        for spec in actions.specs():
            if spec.shortcut:
                keys = [_native(sequence) for sequence in _shown(spec)]
                group = groups.setdefault(spec.group or self.tr("Window"), [])
                group.append((spec.title.rstrip("…"), keys))
        groups[self.tr("Lists and tables")] = [
            (self.tr("Move"), ["J", "K"]),
            (self.tr("Open"), ["Enter"]),
            (self.tr("Select"), ["Space"]),
            (self.tr("Close the top layer"), ["Esc"]),
        ]
        for title, rows in groups.items():
            self._add_group(title, rows)
        self.content.addStretch(1)

    def _add_group(self, title: str, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        self.content.addWidget(Label(title, "small-strong", "t3"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme().px(32))
        grid.setVerticalSpacing(theme().px(6))
        half = -(-len(rows) // 2)
        for number, (name, keys) in enumerate(rows):
            column, row = divmod(number, half)
            caps = [KeyCap(key) for key in keys]
            words = ElidedLabel(name, "body")
            grid.addWidget(holder(hbox((words, 1), *caps, gap=6)), row, column)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.content.addLayout(grid)


def _shown(spec: ActionSpec) -> list[str]:
    return shortcuts_of(spec)[:2]


def _native(sequence: str) -> str:
    text = QKeySequence(sequence).toString(QKeySequence.SequenceFormat.NativeText)
    return text.replace(", ", " ")
