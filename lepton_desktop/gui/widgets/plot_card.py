"""A small plot with its title and its newest value. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.plot import Plot
from lepton_desktop.gui.widgets.surfaces import Surface


class PlotCard(Surface):
    """Title at the left, newest value at the right, the plot under them."""

    clicked = Signal()
    """On the title row; the plot keeps its own mouse."""

    def __init__(
        self,
        title: str,
        plot: Plot,
        kind: str = "inset",
        height: int = 88,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(kind, parent)
        self.plot = plot
        self._title = ElidedLabel(title, "small-medium", "t2")
        self._value = Label("", "small-strong")
        self.setAccessibleName(title)
        self.setMinimumWidth(theme().px(60))
        self.setMinimumHeight(theme().px(height))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        head = hbox((self._title, 1), self._value, gap=6)
        self.setLayout(vbox(head, (plot, 1), gap=2, margins=(10, 7, 8, 4)))

    def set_title(self, title: str) -> None:
        """Show another title."""
        self._title.set_text(title)
        self.setAccessibleName(title)

    def set_value(self, text: str, tone: str = "t1") -> None:
        """The newest value, formatted."""
        self._value.set_text(text)
        self._value.set_tone(tone)
        self.setAccessibleDescription(text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click beside the plot."""
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()
