"""The filter row of the Nodes page: field, pills for its terms, count. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from lepton_desktop.gui.models.node_filter import FilterTerm, parse_filter
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import Pill
from lepton_desktop.gui.widgets.fields import SearchField
from lepton_desktop.gui.widgets.labels import ElidedLabel
from lepton_desktop.gui.widgets.layouts import clear, hbox, holder

PILLS_SHOWN = 3


class FilterBar(QWidget):
    """``gpu:A100 state:up tag:robotics words``; every term becomes a pill to take away."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = SearchField(self.tr("Filter nodes"), width=214)
        self.field.setObjectName("nodes-filter")
        self.field.setToolTip(
            self.tr("Words, or gpu:A100  state:up  state:down  tag:robotics  group:a  env:missing")
        )
        self.field.searched.connect(self._on_searched)
        self._pills = hbox(gap=6)
        self._count = ElidedLabel("", "small", "t3")
        self._count.setObjectName("nodes-count")
        self._add = Button(self.tr("Filter"), "ghost", "list-filter", 28)
        self._add.setObjectName("nodes-filter-menu")
        self._add.setToolTip(self.tr("Filter by state, accelerator or tag"))
        self._add.clicked.connect(self._on_menu)
        self._choices: list[FilterTerm] = []
        pills = holder(self._pills)
        self.setLayout(hbox(self.field, pills, self._add, None, self._count, gap=6))

    def set_text(self, text: str) -> None:
        """Filter by a text."""
        self.field.setText(text)
        self._on_searched(text)

    def set_count(self, shown: int, total: int) -> None:
        """How many pass."""
        words = self.tr("{shown} of {total}").format(shown=shown, total=total)
        self._count.set_text(
            words if shown != total else self.tr("{total} nodes").format(total=total)
        )

    def set_choices(self, choices: list[FilterTerm]) -> None:
        """What the menu offers: states, accelerators and tags that occur."""
        self._choices = choices

    def _on_searched(self, text: str) -> None:
        self._show_pills(text)
        self.changed.emit(text)

    def _show_pills(self, text: str) -> None:
        clear(self._pills)
        terms = [term for term in parse_filter(text) if term.field]
        for term in terms[:PILLS_SHOWN]:
            pill = Pill(str(term), active=True, removable=True)
            pill.setObjectName(f"pill-{term}")
            pill.removed.connect(lambda term=term: self._without(term))
            self._pills.addWidget(pill)

    def _without(self, gone: FilterTerm) -> None:
        kept = [term for term in parse_filter(self.field.text()) if term != gone]
        self.set_text(" ".join(map(str, kept)))

    def _on_menu(self) -> None:
        menu = QMenu(self)
        for term in self._choices:
            menu.addAction(str(term)).setData(term)
        menu.triggered.connect(lambda action: self._with(action.data()))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._add.mapToGlobal(self._add.rect().bottomLeft()))

    def _with(self, term: FilterTerm) -> None:
        if term not in parse_filter(self.field.text()):
            self.set_text(f"{self.field.text()} {term}".strip())
