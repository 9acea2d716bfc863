"""Confirmations of the two upper levels of risk. Runs in the window.

Undoable actions ask nothing (a toast offers Undo). Costly ones say what is lost and offer the
milder way. Severe ones want the name typed. Focus starts on the safe button and Enter never
confirms.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.fields import TextField
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.sheet import Sheet


@dataclass(frozen=True)
class Question:
    """What a confirmation asks."""

    title: str
    """``Stop quad-gait-r41 on 8 nodes?``"""
    loss: str
    """What ends now, what stays, what is lost."""
    confirm: str
    """The destructive button: ``Stop run``."""
    cancel: str
    """The safe button: ``Keep running``."""
    milder: str = ""
    """A less costly action: ``Pause instead``."""
    typed_name: str = ""
    """Severe: this text must be typed first."""
    typed_label: str = ""
    """Above the field: ``Type the run name``."""


class ConfirmSheet(Sheet):
    """Asks a Question; exactly one of the signals is emitted, then the sheet is gone."""

    confirmed = Signal()
    milder_chosen = Signal()
    cancelled = Signal()

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(question.title, width=460, parent=parent)
        self._question = question
        self._answered = False
        self.setObjectName("confirm")
        self.content.addWidget(Label(question.loss, "body", "t2", wrap=True))
        self.safe = Button(question.cancel)
        self.safe.setObjectName("confirm-safe")
        self.danger = Button(question.confirm, "danger-filled")
        self.danger.setObjectName("confirm-danger")
        self.field: TextField | None = None
        if question.typed_name:
            self._add_field(question)
        if question.milder:
            milder = Button(question.milder, "ghost")
            milder.setObjectName("confirm-milder")
            milder.clicked.connect(self._on_milder)
            self.add_button(milder, left=True)
        self.add_button(self.safe)
        self.add_button(self.danger)
        self.safe.clicked.connect(self.close_sheet)
        self.danger.clicked.connect(self._on_confirmed)
        self.closed.connect(self._on_closed)
        self.first_focus = self.safe

    def _add_field(self, question: Question) -> None:
        label = question.typed_label or self.tr("Type {name}").format(name=question.typed_name)
        self.field = TextField(placeholder=question.typed_name, height=30)
        self.field.setObjectName("confirm-name")
        self.field.setAccessibleName(label)
        self.field.textChanged.connect(self._on_text_changed)
        self.content.addWidget(Label(label, "small-medium", "t2"))
        self.content.addWidget(self.field)
        self.danger.setEnabled(False)

    def _on_text_changed(self, text: str) -> None:
        self.danger.setEnabled(text.strip() == self._question.typed_name)

    def _on_confirmed(self) -> None:
        self._answered = True
        self.confirmed.emit()
        self.close_sheet()

    def _on_milder(self) -> None:
        self._answered = True
        self.milder_chosen.emit()
        self.close_sheet()

    def _on_closed(self) -> None:
        if not self._answered:
            self.cancelled.emit()
