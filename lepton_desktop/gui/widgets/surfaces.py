"""Cards, insets, wells and rules. Runs in the window."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QSizePolicy, QVBoxLayout, QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import Margins, hbox, set_margins


class Surface(QFrame):
    """A frame of kind ``card``, ``card-accent``, ``inset``, ``well``, ``selected`` or ``plain``."""

    def __init__(self, kind: str = "inset", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", kind)

    def set_kind(self, kind: str) -> None:
        """Change the look."""
        if kind != self.property("surface"):
            self.setProperty("surface", kind)
            self.style().unpolish(self)
            self.style().polish(self)


class Card(Surface):
    """A card with an optional header row; fill it through ``body`` or ``add``."""

    def __init__(
        self,
        title: str = "",
        subtitle: str = "",
        margins: Margins = (14, 12, 14, 12),
        gap: int = 10,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("card", parent)
        self.body = QVBoxLayout(self)
        self.body.setSpacing(theme().px(gap))
        set_margins(self.body, margins)
        self.title = Label(title, "section")
        self.subtitle = ElidedLabel(subtitle, "small", "t3")
        self.header: QHBoxLayout = hbox(self.title, (self.subtitle, 1), gap=8)
        if title:
            self.setAccessibleName(title)
            self.body.addLayout(self.header)
        else:
            self.title.setParent(self)
            self.subtitle.setParent(self)
            self.title.hide()
            self.subtitle.hide()

    def add(self, item: QWidget | QLayout, stretch: int = 0) -> None:
        """Put something under the header."""
        if isinstance(item, QLayout):
            self.body.addLayout(item, stretch)
        else:
            self.body.addWidget(item, stretch)

    def add_to_header(self, widget: QWidget) -> None:
        """Put something at the right end of the header row."""
        self.header.addWidget(widget)


class Rule(QWidget):
    """A line of one pixel between parts."""

    def __init__(
        self, vertical: bool = False, tone: Tone = "line", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tone = tone
        fixed, free = QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred
        self.setSizePolicy(fixed if vertical else free, free if vertical else fixed)
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill with the line colour."""
        QPainter(self).fillRect(self.rect(), theme().color(self._tone))
