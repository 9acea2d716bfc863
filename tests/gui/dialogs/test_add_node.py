from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton

from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import LinkState
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow


def _open(lab: LabWindow) -> None:
    lab.engine.set_nodes([lab_rows.node("gpu-a-01")])
    lab.open("nodes")
    lab.main.actions_registry.trigger("node.add")
    assert lab.shows("add-node")


def _step(lab: LabWindow, key: str) -> str:
    return lab.find(f"step-{key}").accessibleName()


def test_a_new_node_is_added_and_its_host_key_trusted_in_one_sheet(lab: LabWindow) -> None:
    _open(lab)
    lab.type("add-node-host", "lab@gpu-x.example:2222")
    assert lab.find("add-node-name", QLineEdit).text() == "gpu-x"
    lab.click("add-node-submit")
    lab.wait(lambda: lab.shows("host-key-panel"))
    (added,) = lab.called("nodes.add")
    assert added["spec"] == {"name": "gpu-x", "host": "gpu-x.example", "port": 2222, "user": "lab"}
    assert _step(lab, "reach").startswith("Reach the host: done")
    assert _step(lab, "host_key").startswith("Check the host key: warning")
    lab.type("host-key-compare", f"256 {lab_rows.KEY_B} root@gpu-x (ED25519)")
    assert lab.text("host-key-verdict") == "The fingerprints are the same."
    lab.click("host-key-trust")
    lab.wait(lambda: lab.lab.nodes["gpu-x"].state is LinkState.UP)
    lab.wait(lambda: _step(lab, "environment").startswith("Find a training environment: done"))
    assert not lab.shows("host-key-panel")
    assert lab.called("nodes.trust") == [{"name": "gpu-x", "fingerprint": lab_rows.KEY_B}]
    lab.click("add-node-submit")
    assert not lab.shows("add-node")


def test_a_fingerprint_that_differs_cannot_be_trusted(lab: LabWindow) -> None:
    _open(lab)
    lab.type("add-node-host", "gpu-x")
    lab.click("add-node-submit")
    lab.wait(lambda: lab.shows("host-key-trust"))
    lab.type("host-key-compare", lab_rows.KEY_A)
    assert not lab.find("host-key-trust").isEnabled()
    assert "do not trust" in lab.text("host-key-verdict")


def test_the_first_wrong_field_gets_the_focus_and_a_message(lab: LabWindow) -> None:
    _open(lab)
    lab.click("add-node-submit")
    assert lab.find("add-node-host").hasFocus()
    lab.type("add-node-host", "gpu-y")
    lab.type("add-node-port", "70000")
    lab.click("add-node-submit")
    assert lab.find("add-node-port").hasFocus()
    assert not lab.called("nodes.add")


def test_a_taken_name_is_seen_before_anything_is_sent(lab: LabWindow) -> None:
    _open(lab)
    lab.type("add-node-host", "10.0.0.5")
    lab.type("add-node-name", "gpu-a-01")
    lab.click("add-node-submit")
    assert lab.find("add-node-name").hasFocus()
    assert not lab.called("nodes.add")


def test_an_unreachable_host_is_mended_in_its_field_and_tried_again(lab: LabWindow) -> None:
    lab.engine.host_key_known = True
    _open(lab)
    lab.engine.failures["nodes.add"] = LeptonError(
        "The host name 'gpx' cannot be resolved.", "Check the spelling.", code="dns"
    )
    lab.type("add-node-host", "gpx")
    lab.click("add-node-submit")
    lab.wait(lambda: bool(lab.find("add-node-host").property("invalid")))
    lab.engine.failures.clear()
    lab.type("add-node-host", "gpu-z")
    QTest.keyClick(
        lab.find("add-node-host"), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    )
    lab.wait(lambda: lab.lab.nodes.get("gpu-z") is not None)
    lab.wait(lambda: lab.lab.nodes["gpu-z"].state is LinkState.UP)


def test_a_refused_login_asks_for_the_password_here(lab: LabWindow) -> None:
    _open(lab)
    lab.type("add-node-host", "gpu-x")
    lab.click("add-node-submit")
    lab.wait(lambda: "gpu-x" in lab.lab.nodes)
    lab.engine.edit_node(
        "gpu-x",
        state=LinkState.BLOCKED,
        reason="gpu-x refused the login of lab.",
        code="login_refused",
        offered_key="",
    )
    lab.wait(lambda: lab.shows("add-node-secret"))
    assert _step(lab, "login").startswith("Log in: failed")
    lab.type("add-node-secret", "s3cret")
    lab.click("add-node-submit")
    lab.wait(lambda: lab.called("nodes.login") == [{"name": "gpu-x", "password": "s3cret"}])
    lab.wait(lambda: lab.lab.nodes["gpu-x"].state is LinkState.UP)


def test_a_node_that_cannot_be_reached_can_be_removed_again(lab: LabWindow) -> None:
    _open(lab)
    lab.type("add-node-host", "gpu-x")
    lab.click("add-node-submit")
    lab.wait(lambda: lab.shows("add-node-remove"))
    lab.click("add-node-remove")
    lab.wait(lambda: "gpu-x" not in lab.lab.nodes)
    assert not lab.shows("add-node")


def test_escape_leaves_a_node_that_goes_on_connecting(lab: LabWindow) -> None:
    _open(lab)
    lab.type("add-node-host", "gpu-x")
    lab.click("add-node-submit")
    lab.wait(lambda: "gpu-x" in lab.lab.nodes)
    lab.press(Qt.Key.Key_Escape)
    assert not lab.shows("add-node")
    assert "gpu-x" in lab.lab.nodes
    assert lab.find("nodes-filter", QLineEdit) is not None
    assert isinstance(lab.find("node-drain"), QPushButton)
