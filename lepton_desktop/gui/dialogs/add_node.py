"""The Add node sheet: a form, then the connection step by step. Runs in the window.

Errors stand beside the field that mends them. An unknown host key is shown with its fingerprint
and pinned here; a refused login asks for the secret here.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs.connection_view import ConnectionView
from lepton_desktop.gui.dialogs.host_key import HostKeyPanel
from lepton_desktop.gui.models import node_form
from lepton_desktop.gui.models.connection_steps import FIELD_OF_CODE, SECRET_CODES
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.fields import FormField, TextField
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.sheet import Sheet
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import LinkState, NodeRow

FORM_FIELDS = ("host", "port", "name", "user", "key", "jump", "tags", "group")


class AddNodeSheet(Sheet):
    """Registers one node and stays until it is up."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(
            QCoreApplication.translate("AddNodeSheet", "Add node"),
            QCoreApplication.translate(
                "AddNodeSheet",
                "Host and user are enough. The node needs SSH and Python 3.9 or newer, no root.",
            ),
            width=860,
        )
        self.setObjectName("add-node")
        self._context = context
        self._name = ""
        """Of the node once it is registered."""
        self._named_by_hand = False
        self._key_panel: HostKeyPanel | None = None
        self._fields = self._make_fields()
        self._steps = ConnectionView()
        self._secret = FormField(self.tr("Password"), TextField(secret=True))
        self._secret.field.setObjectName("add-node-secret")
        self._secret_box = holder(vbox(self._secret, gap=6))
        self._secret_box.hide()
        self._key_box = vbox(gap=0)
        self._error = Label("", "small", "err", wrap=True)
        self._error.setObjectName("add-node-error")
        self._error.hide()
        left = vbox(self._form(), self._error, None, gap=10)
        right = vbox(
            Label(self.tr("Connection"), "section"),
            self._steps,
            self._key_box,
            self._secret_box,
            None,
            gap=10,
        )
        columns = hbox((holder(left), 11), (holder(right), 10), gap=24)
        self.content.addLayout(columns, 1)
        self._add_buttons()
        self.first_focus = self._fields["host"].field
        context.refresh.subscribe(self, self._on_refreshed)

    # Building.

    def _make_fields(self) -> dict[str, FormField]:
        default_keys = self.tr("SSH agent and default keys")
        made = {
            "host": FormField(
                self.tr("Host"), TextField(placeholder="gpu-a-01.lab.example", mono=True)
            ),
            "port": FormField(
                self.tr("Port"), TextField("22", mono=True), check=node_form.check_port
            ),
            "name": FormField(self.tr("Name"), TextField()),
            "user": FormField(
                self.tr("User"), TextField(placeholder=self.tr("your own login"), mono=True)
            ),
            "key": FormField(self.tr("Key file"), TextField(placeholder=default_keys, mono=True)),
            "jump": FormField(
                self.tr("Jump hosts"), TextField(placeholder="user@bastion:22", mono=True)
            ),
            "tags": FormField(self.tr("Tags"), TextField(placeholder="robotics, lab-1")),
            "group": FormField(self.tr("Group"), TextField(placeholder=self.tr("by name"))),
        }
        for key, field in made.items():
            field.field.setObjectName(f"add-node-{key}")
        host, name = made["host"].field, made["name"].field
        if isinstance(host, TextField) and isinstance(name, TextField):
            host.textEdited.connect(self._on_host_edited)
            host.editingFinished.connect(self._on_host_finished)
            name.textEdited.connect(self._on_name_edited)
        return made

    def _form(self) -> QWidget:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme().px(10))
        grid.setVerticalSpacing(theme().px(10))
        places = {
            "host": (0, 0, 3),
            "port": (0, 3, 1),
            "user": (1, 0, 2),
            "name": (1, 2, 2),
            "key": (2, 0, 4),
            "jump": (3, 0, 4),
            "tags": (4, 0, 2),
            "group": (4, 2, 2),
        }
        for key, (row, column, span) in places.items():
            place = Qt.AlignmentFlag.AlignTop
            grid.addWidget(self._fields[key], row, column, 1, span, place)
        for column in range(4):
            grid.setColumnStretch(column, 1)
        return holder(grid)

    def _add_buttons(self) -> None:
        self._remove = self.add_button(
            Button(self.tr("Remove node"), "ghost", "trash-2"), left=True
        )
        self._remove.setObjectName("add-node-remove")
        self._remove.clicked.connect(self._on_remove)
        self._remove.hide()
        self._close = self.add_button(Button(self.tr("Cancel")))
        self._close.clicked.connect(self.close_sheet)
        self._submit = self.add_button(Button(self.tr("Connect"), "primary", "plug-zap"))
        self._submit.setObjectName("add-node-submit")
        self._submit.clicked.connect(self.submit)

    # The form.

    def _text(self, key: str) -> str:
        field = self._fields[key].field
        return field.text() if isinstance(field, TextField) else ""

    def _set_text(self, key: str, text: str) -> None:
        field = self._fields[key].field
        if isinstance(field, TextField):
            field.setText(text)

    def _form_values(self) -> node_form.NodeForm:
        return node_form.NodeForm(**{key: self._text(key) for key in FORM_FIELDS})

    def _taken(self) -> set[str]:
        return set(self._context.refresh.lab.nodes) - {self._name}

    def _on_host_edited(self, text: str) -> None:
        if not self._named_by_hand and not self._name:
            _, host, _ = node_form.split_address(text)
            self._set_text("name", node_form.suggest_name(host, self._taken()))

    def _on_host_finished(self) -> None:
        user, host, port = node_form.split_address(self._text("host"))
        self._set_text("host", host)
        if user:
            self._set_text("user", user)
        if port:
            self._set_text("port", port)

    def _on_name_edited(self, text: str) -> None:
        self._named_by_hand = bool(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter submits."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.submit()
        else:
            super().keyPressEvent(event)

    def submit(self) -> None:
        """Check the form and connect; the second time with what was changed."""
        row = self._context.refresh.lab.nodes.get(self._name)
        if row is not None and row.state is LinkState.UP:
            self.close_sheet()
            return
        self._on_host_finished()
        form = self._form_values()
        problems = node_form.check(form, self._taken())
        self._show_problems(problems)
        if problems:
            self._fields[next(iter(problems))].field.setFocus()
            return
        self._close.setFocus()  # before the button under the focus is switched off
        self._submit.setEnabled(False)
        self._send(node_form.make_spec(form))

    def _send(self, spec: NodeSpec) -> None:
        secret = self._secret_params()
        if not self._name:
            params = {"spec": dump(spec), **secret}
            self._context.link.call("nodes.add", params, self._on_added, self._on_error, self)
            return
        changes = {key: value for key, value in dataclasses.asdict(spec).items() if key != "name"}
        params = {"name": self._name, "changes": changes}
        self._context.link.call(
            "nodes.edit", params, lambda _: self._after_edit(secret), self._on_error, self
        )

    def _after_edit(self, secret: dict[str, Any]) -> None:
        method = "nodes.login" if secret else "nodes.reconnect"
        params = {"name": self._name, **secret}
        self._context.link.call(method, params, self._on_asked, self._on_error, self)

    def _secret_params(self) -> dict[str, Any]:
        field = self._secret.field
        text = field.text() if isinstance(field, TextField) else ""
        if not text:
            return {}
        row = self._context.refresh.lab.nodes.get(self._name)
        encrypted = row is not None and row.code == "passphrase_needed"
        return {"passphrase" if encrypted else "password": text}

    def _show_problems(self, problems: dict[str, str]) -> None:
        self._error.hide()
        for key, field in self._fields.items():
            field.set_error(problems.get(key, ""))

    # What the engine answers.

    def _on_added(self, result: dict[str, Any]) -> None:
        self._name = str(result["name"])
        self._fields["name"].field.setEnabled(False)
        self._close.setText(self.tr("Close"))
        self._submit.setText(self.tr("Try again"))
        self._on_asked(result)

    def _on_asked(self, _result: object) -> None:
        self._submit.setEnabled(True)
        self._show_row(self._context.refresh.lab.nodes.get(self._name))

    def _on_error(self, error: LeptonError) -> None:
        self._submit.setEnabled(True)
        self._show_error(error.code, str(error))

    def _show_error(self, code: str, text: str) -> None:
        key = FIELD_OF_CODE.get(code, "")
        if key in self._fields:
            self._show_problems({key: text})
            return
        self._show_problems({})
        self._error.set_text(text)
        self._error.setVisible(bool(text))

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        if self._name in delta.nodes or self._name in delta.nodes_gone:
            self._show_row(lab.nodes.get(self._name))

    def _show_row(self, row: NodeRow | None) -> None:
        self._steps.show_row(row)
        if row is None:
            return
        up = row.state is LinkState.UP
        failed = row.state in (LinkState.BLOCKED, LinkState.RECONNECTING)
        self._remove.setVisible(failed)
        self._submit.setEnabled(row.state is not LinkState.CONNECTING)
        self._submit.setText(self.tr("Done") if up else self.tr("Try again"))
        self._submit.set_icon("check" if up else "refresh-cw")
        self._show_key_panel(row)
        self._secret_box.setVisible(failed and row.code in SECRET_CODES)
        self._secret.setAccessibleName(self.tr("Password"))
        if failed and row.code not in ("host_key_unknown", "host_key_changed"):
            self._show_error(row.code, plain(f"{row.reason} {row.hint}"))
        else:
            self._show_problems({})
        self.refit()
        if up:
            self._submit.setFocus()

    def _show_key_panel(self, row: NodeRow) -> None:
        wanted = row.offered_key if row.code == "host_key_unknown" else ""
        shown = self._key_panel.fingerprint if self._key_panel is not None else ""
        if wanted == shown:
            return
        if self._key_panel is not None:
            self._key_panel.hide()
            self._key_panel.deleteLater()
            self._key_panel = None
        if wanted:
            self._key_panel = HostKeyPanel(row)
            self._key_panel.trusted.connect(self._on_trusted)
            self._key_box.addWidget(self._key_panel)

    def _on_trusted(self, fingerprint: str) -> None:
        params = {"name": self._name, "fingerprint": fingerprint}
        self._context.link.call("nodes.trust", params, self._on_asked, self._on_error, self)

    def _on_remove(self) -> None:
        params = {"name": self._name}
        self._context.link.call("nodes.remove", params, self._on_removed, self._on_error, self)

    def _on_removed(self, _result: object) -> None:
        self.close_sheet()
