from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

import lepton_desktop
from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.dialogs.about import AboutSheet
from lepton_desktop.gui.dialogs.host_key import open_host_key, same_fingerprint
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.wire.desk import LinkState
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow


def _changed(lab: LabWindow) -> None:
    lab.engine.set_nodes([lab_rows.blocked(lab_rows.node("gpu-b-14"))])
    lab.open("nodes")
    open_host_key(lab.main.context, lab.lab.nodes["gpu-b-14"])


def test_a_changed_key_shows_both_fingerprints_and_needs_the_name(lab: LabWindow) -> None:
    _changed(lab)
    sheet = lab.find("changed-key-sheet")
    shown = {label.text() for label in sheet.findChildren(Label, "fingerprint")}
    assert shown == {lab_rows.KEY_A, lab_rows.KEY_B}
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused.objectName() == "changed-key-keep"
    lab.type("changed-key-name", "gpu-b-14")
    lab.click("changed-key-pin")
    lab.wait(lambda: lab.lab.nodes["gpu-b-14"].state is LinkState.UP)
    assert not lab.shows("changed-key-sheet")


def test_a_key_that_changed_once_more_is_not_pinned(lab: LabWindow) -> None:
    _changed(lab)
    lab.engine.failures["nodes.trust"] = LeptonError("The node shows another key.", "Look again.")
    lab.type("changed-key-name", "gpu-b-14")
    lab.click("changed-key-pin")
    lab.wait(lambda: lab.shows("changed-key-error"))
    assert lab.text("changed-key-error") == "The node shows another key. Look again."


def test_fingerprints_compare_with_what_ssh_keygen_prints() -> None:
    assert same_fingerprint("SHA256:abc", "256 SHA256:abc= root@host (ED25519)")
    assert same_fingerprint("SHA256:abc", "abc")
    assert not same_fingerprint("SHA256:abc", "SHA256:abcd")
    assert not same_fingerprint("SHA256:abc", "")


def test_login_keeps_the_sheet_when_it_is_refused(lab: LabWindow) -> None:
    lab.engine.set_nodes(
        [lab_rows.node("gpu-a-01", state=LinkState.BLOCKED, code="login_refused", reason="No.")]
    )
    lab.open("nodes")
    lab.page.open_key("gpu-a-01")
    lab.click("node-mend")
    lab.type("login-password", "wrong")
    lab.press(Qt.Key.Key_Return)
    lab.wait(lambda: bool(lab.find("login-password").property("invalid")))
    lab.type("login-password", "right")
    lab.click("login-submit")
    lab.wait(lambda: lab.lab.nodes["gpu-a-01"].state is LinkState.UP)
    assert not lab.shows("login-sheet")


def test_about_says_version_licence_and_that_nobody_is_behind_it(lab: LabWindow) -> None:
    lab.open()
    lab.main.actions_registry.trigger("window.about")
    words = " ".join(
        label.text() for label in lab.find("about-sheet", AboutSheet).findChildren(Label)
    )
    assert lepton_desktop.__version__ in words
    assert "Apache-2.0" in words
    assert "not affiliated" in words


def test_nodes_and_runs_bring_their_verbs_to_the_palette(lab: LabWindow) -> None:
    lab.engine.set_nodes([lab_rows.node("gpu-a-01"), lab_rows.node("gpu-a-02", drained=True)])
    lab.engine.set_runs([lab_rows.run(4)])
    lab.open()
    titles = {item.title for item in lab.main.actions_registry.palette_items()}
    assert {"Drain gpu-a-01", "Resume gpu-a-02", "Stop cartpole-r4", "New run"} <= titles
