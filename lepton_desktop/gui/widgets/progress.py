"""Progress of long work: a bar with time left when known, else the step. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.theme.format import duration, share
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, set_margins, vbox
from lepton_desktop.gui.widgets.marks import Bar
from lepton_desktop.gui.widgets.spinner import Spinner
from lepton_desktop.gui.widgets.surfaces import Surface


class Progress(Surface):
    """A box with title, time left, bar and step."""

    cancelled = Signal()

    def __init__(
        self, title: str, cancellable: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__("inset", parent)
        self._title = ElidedLabel(title, "section")
        self._left = Label("", "small", "t3")
        self._bar = Bar(height=5)
        self._step = ElidedLabel("", "small", "t3")
        self._spinner = Spinner(15)
        cancel = Button(self.tr("Cancel"), "link", height=20)
        cancel.setVisible(cancellable)
        cancel.clicked.connect(self.cancelled)
        head = hbox(self._spinner, (self._title, 1), self._left, cancel, gap=8)
        layout = vbox(head, self._bar, self._step, gap=6)
        set_margins(layout, (12, 9, 12, 10))
        self.setLayout(layout)
        self._bar.hide()

    def set_state(
        self, step: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        """Show where the work stands; None: not known yet."""
        self._step.set_text(step)
        self._bar.setVisible(fraction is not None)
        if fraction is not None:
            self._bar.set_share(fraction)
        if seconds_left is not None:
            self._left.set_text(self.tr("{time} left").format(time=duration(seconds_left)))
        else:
            self._left.set_text("" if fraction is None else share(fraction))
        self.setAccessibleName(f"{self._title.text()}: {step} {self._left.text()}".strip())

    def set_title(self, title: str) -> None:
        """Change the title."""
        self._title.set_text(title)


class InlineProgress(QWidget):
    """Spinner, words, a short bar and percent, for the status strip and headers."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ElidedLabel("", "small", "t2")
        self._bar = Bar(height=4, width=70)
        self._percent = Label("", "small", "t3")
        self.setMaximumWidth(theme().px(420))
        self.setLayout(hbox(Spinner(13), self._text, self._bar, self._percent, gap=6))

    def set_state(self, text: str, fraction: float | None = None) -> None:
        """Show what is going on."""
        self._text.set_text(text)
        self._bar.setVisible(fraction is not None)
        self._percent.setVisible(fraction is not None)
        if fraction is not None:
            self._bar.set_share(fraction)
            self._percent.set_text(share(fraction))
        self.setAccessibleName(text)

    def mouseReleaseEvent(self, _event: object) -> None:
        """Open the list of tasks."""
        self.clicked.emit()
