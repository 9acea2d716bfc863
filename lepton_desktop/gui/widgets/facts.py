"""Label and value pairs in two columns. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.labels import Label

Fact = tuple[str, str]


class FactGrid(QWidget):
    """Facts as rows; values may be selected and wrap. Equal facts cost nothing."""

    def __init__(
        self, facts: Sequence[Fact] = (), label_width: int = 92, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._label_width = label_width
        self._labels: list[tuple[Label, Label]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme().px(10))
        self._grid.setVerticalSpacing(theme().px(5))
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnMinimumWidth(0, theme().px(label_width))
        self.set_facts(facts)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Show other facts."""
        while len(self._labels) < len(facts):
            self._add_row()
        for place, (caption, value) in enumerate(self._labels):
            shown = place < len(facts)
            caption.setVisible(shown)
            value.setVisible(shown)
            if shown:
                caption.set_text(facts[place][0])
                value.set_text(facts[place][1] or "—")
                value.setAccessibleName(facts[place][0])

    def _add_row(self) -> None:
        caption = Label("", "small", "t3")
        value = Label("", "small", "t1", wrap=True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = len(self._labels)
        self._grid.addWidget(caption, row, 0, alignment=Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)
        self._labels.append((caption, value))
