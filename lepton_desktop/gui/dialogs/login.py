"""Password or passphrase for a node: kept in the engine's memory only. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeyEvent

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.fields import FormField, TextField
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.sheet import Sheet
from lepton_desktop.wire.desk import NodeRow


class LoginSheet(Sheet):
    """Asks for the secret that the engine lacks."""

    def __init__(self, context: PageContext, row: NodeRow) -> None:
        super().__init__(
            QCoreApplication.translate("LoginSheet", "Log in to {name}").format(name=row.name),
            plain(row.address),
            width=480,
        )
        self.setObjectName("login-sheet")
        self._context = context
        self._name = row.name
        if row.reason:
            self.content.addWidget(Label(plain(row.reason), "body", "t2", wrap=True))
        hint = self.tr("Stays in the engine's memory until it ends; never stored, never logged.")
        self._password = FormField(self.tr("Password"), TextField(secret=True))
        self._passphrase = FormField(
            self.tr("Passphrase of the key"), TextField(secret=True), hint=hint
        )
        self._password.field.setObjectName("login-password")
        self._passphrase.field.setObjectName("login-passphrase")
        if row.code == "passphrase_needed":
            self.content.addWidget(self._passphrase)
            self.content.addWidget(self._password)
            self.first_focus = self._passphrase.field
        else:
            self.content.addWidget(self._password)
            self.content.addWidget(self._passphrase)
            self.first_focus = self._password.field
        cancel = self.add_button(Button(self.tr("Cancel")))
        cancel.clicked.connect(self.close_sheet)
        self._submit = self.add_button(Button(self.tr("Log in"), "primary", "log-in"))
        self._submit.setObjectName("login-submit")
        self._submit.clicked.connect(self.submit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter submits, with or without Ctrl."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submit()
        else:
            super().keyPressEvent(event)

    def submit(self) -> None:
        """Hand the secret over and forget it here."""
        password, passphrase = _text(self._password), _text(self._passphrase)
        if not password and not passphrase:
            self._password.set_error(self.tr("Enter a password or a passphrase."))
            return
        self._submit.setEnabled(False)
        params = {
            "name": self._name,
            "password": password or None,
            "passphrase": passphrase or None,
        }
        self._context.link.call("nodes.login", params, self._on_done, self._on_error, self)

    def _on_done(self, _result: object) -> None:
        self.close_sheet()

    def _on_error(self, error: LeptonError) -> None:
        self._submit.setEnabled(True)
        used = self._password if _text(self._password) else self._passphrase
        used.set_error(str(error))


def _text(field: FormField) -> str:
    return field.field.text() if isinstance(field.field, TextField) else ""
