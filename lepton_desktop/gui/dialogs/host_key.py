"""Trusting host keys: a new one by comparison, a changed one only by name. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.fields import TextField
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.sheet import Sheet
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import NodeRow

MATCH, DIFFERS = "circle-check", "circle-x"
COMMAND = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"


def same_fingerprint(offered: str, typed: str) -> bool:
    """Whether a pasted fingerprint is the offered one, with or without what ssh-keygen adds."""
    words = [word.removeprefix("SHA256:").rstrip("=") for word in typed.split()]
    return offered.removeprefix("SHA256:").rstrip("=") in words


class Fingerprint(Surface):
    """One fingerprint with its caption, selectable."""

    def __init__(self, caption: str, text: str, tone: str, parent: QWidget | None = None) -> None:
        super().__init__("well", parent)
        value = Label(text, "mono", tone, wrap=True)
        value.setObjectName("fingerprint")
        value.setTextInteractionFlags(value.textInteractionFlags().TextSelectableByMouse)
        value.setAccessibleName(caption)
        self.setLayout(vbox(Label(caption, "micro", "t3"), value, gap=2, margins=(12, 8, 12, 9)))


class HostKeyPanel(QWidget):
    """A key that was never seen: fingerprint, a field to compare it, "Trust and pin"."""

    trusted = Signal(str)
    """The fingerprint to pin."""

    def __init__(self, row: NodeRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("host-key-panel")
        self.fingerprint = row.offered_key
        caption = self.tr("{algorithm} key that the node shows").format(
            algorithm=row.key_algorithm or "SSH"
        )
        self._compare = TextField(
            placeholder=self.tr("Paste the fingerprint from the node to compare"), mono=True
        )
        self._compare.setObjectName("host-key-compare")
        self._compare.setAccessibleName(self.tr("Fingerprint to compare"))
        self._compare.textChanged.connect(self._on_compared)
        self._icon = IconLabel(MATCH, "ok", 14)
        self._verdict = Label("", "small")
        self._verdict.setObjectName("host-key-verdict")
        self.trust = Button(self.tr("Trust and pin"), "primary", "shield-check")
        self.trust.setObjectName("host-key-trust")
        self.trust.clicked.connect(lambda: self.trusted.emit(self.fingerprint))
        how = self.tr("On the node: {command}").format(command=COMMAND)
        self.setLayout(
            vbox(
                Fingerprint(caption, row.offered_key, "t1"),
                Label(how, "mono-micro", "t3", wrap=True),
                hbox((self._compare, 1), self.trust, gap=8),
                hbox(self._icon, self._verdict, None, gap=6),
                gap=8,
            )
        )
        self._on_compared("")

    def _on_compared(self, text: str) -> None:
        typed = bool(text.strip())
        same = typed and same_fingerprint(self.fingerprint, text)
        self._icon.setVisible(typed)
        self._verdict.setVisible(typed)
        self.trust.setEnabled(same or not typed)
        self._compare.set_invalid(typed and not same)
        if typed:
            self._verdict.set_text(
                self.tr("The fingerprints are the same.")
                if same
                else self.tr("The fingerprints differ: do not trust this key.")
            )
            self._verdict.set_tone("ok" if same else "err")
            self._icon.set_icon(MATCH if same else DIFFERS, "ok" if same else "err")


class TrustSheet(Sheet):
    """A blocked node whose key was never pinned."""

    def __init__(self, context: PageContext, row: NodeRow) -> None:
        super().__init__(
            QCoreApplication.translate("TrustSheet", "Trust {name}?").format(name=row.name),
            plain(row.address),
            width=620,
        )
        self.setObjectName("trust-sheet")
        self._context = context
        self._name = row.name
        self._error = Label("", "small", "err", wrap=True)
        self._error.hide()
        self._panel = HostKeyPanel(row)
        self._panel.trusted.connect(self._on_trusted)
        self.content.addWidget(
            Label(
                self.tr(
                    "This is the first contact. The key is pinned: from then on the node must "
                    "show this key or it is refused."
                ),
                "body",
                "t2",
                wrap=True,
            )
        )
        self.content.addWidget(self._panel)
        self.content.addWidget(self._error)

    def _on_trusted(self, fingerprint: str) -> None:
        self._panel.trust.setEnabled(False)
        params = {"name": self._name, "fingerprint": fingerprint}
        self._context.link.call("nodes.trust", params, self._on_done, self._on_error, self)

    def _on_done(self, _result: object) -> None:
        self.close_sheet()

    def _on_error(self, error: LeptonError) -> None:
        self._panel.trust.setEnabled(True)
        self._error.set_text(str(error))
        self._error.show()


class ChangedKeySheet(Sheet):
    """A pinned node that shows another key: both fingerprints, no way to ignore it."""

    def __init__(self, context: PageContext, row: NodeRow) -> None:
        super().__init__(
            QCoreApplication.translate("ChangedKeySheet", "The host key of {name} changed").format(
                name=row.name
            ),
            plain(row.address),
            width=620,
        )
        self.setObjectName("changed-key-sheet")
        self._context = context
        self._row = row
        warning = Label(
            self.tr(
                "Either the node was installed anew, or another machine answers in its place and "
                "could read what you send. Nothing is sent until the key is right again."
            ),
            "body",
            "t1",
            wrap=True,
        )
        self._name = TextField(placeholder=row.name)
        self._name.setObjectName("changed-key-name")
        ask = self.tr("Only after you compared it on the node: type {name} to pin the new key")
        self._name.setAccessibleName(ask.format(name=row.name))
        self._name.textChanged.connect(self._on_text_changed)
        self._error = Label("", "small", "err", wrap=True)
        self._error.setObjectName("changed-key-error")
        self._error.hide()
        self.content.addLayout(hbox(IconLabel("shield-alert", "err", 22), (warning, 1), gap=12))
        self.content.addWidget(Fingerprint(self.tr("Pinned key"), row.host_key, "ok"))
        self.content.addWidget(Fingerprint(self.tr("Key shown now"), row.offered_key, "err"))
        self.content.addWidget(
            Label(self.tr("On the node: {command}").format(command=COMMAND), "mono-micro", "t3")
        )
        self.content.addWidget(Label(ask.format(name=row.name), "small-medium", "t2", wrap=True))
        self.content.addWidget(self._name)
        self.content.addWidget(self._error)
        keep = Button(self.tr("Keep the node blocked"))
        keep.setObjectName("changed-key-keep")
        keep.clicked.connect(self.close_sheet)
        self._pin = Button(self.tr("Pin the new key"), "danger-filled")
        self._pin.setObjectName("changed-key-pin")
        self._pin.setEnabled(False)
        self._pin.clicked.connect(self._on_pin)
        self.add_button(keep)
        self.add_button(self._pin)
        self.first_focus = keep

    def _on_text_changed(self, text: str) -> None:
        self._pin.setEnabled(text.strip() == self._row.name)

    def _on_pin(self) -> None:
        self._pin.setEnabled(False)
        params = {"name": self._row.name, "fingerprint": self._row.offered_key}
        self._context.link.call("nodes.trust", params, self._on_done, self._on_error, self)

    def _on_done(self, _result: object) -> None:
        self.close_sheet()

    def _on_error(self, error: LeptonError) -> None:
        self._pin.setEnabled(True)
        self._error.set_text(str(error))
        self._error.show()


def open_host_key(context: PageContext, row: NodeRow) -> None:
    """The sheet that fits: first contact or changed key."""
    changed = bool(row.host_key) and row.host_key != row.offered_key
    context.sheets.open(ChangedKeySheet(context, row) if changed else TrustSheet(context, row))
