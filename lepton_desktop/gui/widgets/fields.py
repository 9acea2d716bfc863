"""Text fields: search, plain, with a message under it. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QSpinBox, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox

SEARCH_DELAY_MS = 120


class TextField(QLineEdit):
    """A line of text; ``mono`` for addresses and commands, ``secret`` for passwords."""

    def __init__(
        self,
        text: str = "",
        placeholder: str = "",
        mono: bool = False,
        secret: bool = False,
        height: int = 32,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setPlaceholderText(placeholder)
        self.setFont(theme().font("mono" if mono else "input"))
        self.setFixedHeight(theme().px(height))
        self.setMinimumWidth(theme().px(40))
        if secret:
            self.setEchoMode(QLineEdit.EchoMode.Password)

    def set_invalid(self, invalid: bool) -> None:
        """Draw the edge in the error tone."""
        if invalid != bool(self.property("invalid")):
            self.setProperty("invalid", invalid)
            self.style().unpolish(self)
            self.style().polish(self)


class SearchField(TextField):
    """A filter with a magnifier and a cross; Esc clears it first, then leaves it."""

    searched = Signal(str)
    """The text, after a short pause in typing."""

    def __init__(
        self, placeholder: str, width: int = 0, height: int = 30, parent: QWidget | None = None
    ) -> None:
        super().__init__(placeholder=placeholder, height=height, parent=parent)
        self.setAccessibleName(placeholder)
        if width:
            self.setFixedWidth(theme().px(width))
        self._glass = QAction(self.tr("Search"), self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._cross = QAction(self.tr("Clear"), self)
        self._cross.triggered.connect(self.clear)
        self.addAction(self._cross, QLineEdit.ActionPosition.TrailingPosition)
        self._cross.setVisible(False)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SEARCH_DELAY_MS)
        self._pause.timeout.connect(self._announce)
        self.textChanged.connect(self._on_text_changed)
        self._restyle()
        theme().changed.connect(self._restyle)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc clears; Enter searches at once."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pause.stop()
            self._announce()
        super().keyPressEvent(event)

    def _on_text_changed(self, text: str) -> None:
        self._cross.setVisible(bool(text))
        self._pause.start()

    def _announce(self) -> None:
        self.searched.emit(self.text())

    def _restyle(self) -> None:
        self._glass.setIcon(theme().icon("search", "t3", 15))
        self._cross.setIcon(theme().icon("x", "t3", 14))


class NumberField(QSpinBox):
    """A whole number with limits; the arrows are the keyboard's and the wheel is ignored."""

    def __init__(
        self, minimum: int, maximum: int, value: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setRange(minimum, maximum)
        self.setValue(value)
        self.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.setGroupSeparatorShown(True)
        self.setFont(theme().font("input"))
        self.setFixedHeight(theme().px(32))

    def wheelEvent(self, event: object) -> None:
        """A form that is scrolled must not change a number under the pointer."""
        event.ignore()  # type: ignore[attr-defined]


class FormField(QWidget):
    """A label, a field and a message under it; checked when the field is left.

    ``check`` answers the error for a text, empty when it is fine.
    """

    def __init__(
        self,
        label: str,
        field: QWidget,
        hint: str = "",
        check: Callable[[str], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.field = field
        self._check = check
        self._hint = Label(hint, "small", "t3", wrap=True)
        self._hint.setVisible(bool(hint))
        self._error_text = Label("", "small", "err", wrap=True)
        self._error = holder(
            hbox(IconLabel("circle-alert", "err", 13), (self._error_text, 1), gap=5)
        )
        self._error.hide()
        caption = Label(label, "small-medium", "t2")
        caption.setBuddy(field)
        field.setAccessibleName(label)
        self.setLayout(vbox(caption, field, self._hint, self._error, gap=4))
        if isinstance(field, QLineEdit):
            field.editingFinished.connect(self.validate)

    def validate(self) -> bool:
        """Check now; the message shows what is wrong."""
        if self._check is None or not isinstance(self.field, QLineEdit):
            return True
        message = self._check(self.field.text())
        self.set_error(message)
        return not message

    def set_error(self, message: str) -> None:
        """Show a message under the field; empty takes it away."""
        self._error_text.set_text(message)
        self._error.setVisible(bool(message))
        self._hint.setVisible(bool(self._hint.text()) and not message)
        if isinstance(self.field, TextField):
            self.field.set_invalid(bool(message))
