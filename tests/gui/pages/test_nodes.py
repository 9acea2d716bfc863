import time

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from lepton_desktop.gui.models.node_table import NodeTableModel
from lepton_desktop.gui.widgets.choices import Tabs
from lepton_desktop.gui.widgets.table import DataTable
from lepton_desktop.wire.desk import LinkState
from lepton_desktop.wire.node import ProcessInfo
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow


def _open(lab: LabWindow, count: int = 24) -> DataTable:
    lab.engine.set_nodes(lab_rows.lab(count))
    lab.open("nodes")
    lab.wait(lambda: lab.shows("nodes-table"))
    return lab.find("nodes-table", DataTable)


def _names(table: DataTable) -> list[str]:
    model = table.model()
    assert isinstance(model, NodeTableModel)
    return [model.row_at(place).name for place in range(model.rowCount())]


def test_filter_terms_become_pills_that_can_be_taken_away(lab: LabWindow) -> None:
    table = _open(lab)
    everything = len(_names(table))
    lab.type("nodes-filter", "gpu:a100 state:up gpu-a")
    lab.press(Qt.Key.Key_Return)
    lab.wait(lambda: lab.shows("pill-gpu:a100") and lab.shows("pill-state:up"))
    shown = _names(table)
    assert shown
    assert all(name.startswith("gpu-a") for name in shown)
    assert lab.text("nodes-count") == f"{len(shown)} of {everything}"
    QTest.keyClick(lab.find("pill-state:up"), Qt.Key.Key_Delete)
    lab.wait(lambda: not lab.shows("pill-state:up"))
    assert lab.find("nodes-filter", QLineEdit).text() == "gpu:a100 gpu-a"


def test_a_filter_without_a_match_names_itself_and_can_be_cleared(lab: LabWindow) -> None:
    table = _open(lab)
    lab.type("nodes-filter", "tag:robtics")
    lab.press(Qt.Key.Key_Return)
    lab.wait(lambda: not lab.shows("nodes-table"))
    lab.press(Qt.Key.Key_Escape)
    lab.wait(lambda: lab.shows("nodes-table"))
    assert len(_names(table)) == 25


def test_slash_goes_to_the_filter_and_j_and_k_move_in_the_table(lab: LabWindow) -> None:
    table = _open(lab)
    table.setFocus()
    names = _names(table)
    lab.press(Qt.Key.Key_J)
    lab.press(Qt.Key.Key_J)
    lab.press(Qt.Key.Key_K)
    assert lab.text("node-name") == names[1]
    lab.press(Qt.Key.Key_Slash)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused.objectName() == "nodes-filter"


def test_draining_asks_first_and_resuming_does_not(lab: LabWindow) -> None:
    _open(lab)
    lab.page.open_key("gpu-a-01")
    lab.click("batch-drain")
    assert not lab.called("nodes.drain")
    lab.click("confirm-danger")
    lab.wait(lambda: lab.lab.nodes["gpu-a-01"].drained)
    lab.wait(lambda: lab.find("node-drain").text() == "Resume")  # type: ignore[attr-defined]
    lab.click("node-drain")
    lab.wait(lambda: not lab.lab.nodes["gpu-a-01"].drained)


def test_four_nodes_are_drained_only_after_a_word_is_typed(lab: LabWindow) -> None:
    table = _open(lab)
    table.setFocus()
    table.selectRow(5)
    for _ in range(3):
        lab.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert len(table.selected_rows()) == 4
    lab.click("batch-drain")
    assert not lab.find("confirm-danger").isEnabled()
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused.objectName() == "confirm-safe"
    lab.type("confirm-name", "drain")
    lab.click("confirm-danger")
    lab.wait(lambda: len(lab.called("nodes.drain")) == 4)


def test_a_removed_node_comes_back_with_undo(lab: LabWindow) -> None:
    lab.engine.host_key_known = True
    _open(lab)
    lab.page.open_key("gpu-a-02")
    lab.click("batch-remove")
    lab.wait(lambda: "gpu-a-02" not in lab.lab.nodes)
    lab.click("toast-action")
    lab.wait(lambda: "gpu-a-02" in lab.lab.nodes)


def test_this_computer_cannot_be_removed(lab: LabWindow) -> None:
    _open(lab)
    lab.page.open_key("this-computer")
    assert not lab.find("batch-remove").isEnabled()


def test_a_lost_node_says_why_and_when_it_is_tried_again(lab: LabWindow) -> None:
    lost = lab_rows.node(
        "lost",
        state=LinkState.RECONNECTING,
        reason="No answer from the node for 10 s.",
        retry_at=time.time() + 30,
    )
    lab.engine.set_nodes([lost])
    lab.open("nodes")
    lab.page.open_key("lost")
    first = lab.text("node-reason")
    assert first.startswith("No answer from the node for 10 s. Next try in ")
    lab.wait(lambda: lab.text("node-reason") != first)
    lab.click("node-mend")
    lab.wait(lambda: lab.called("nodes.reconnect") == [{"name": "lost"}])
    lab.wait(lambda: not lab.text("node-reason").startswith("No answer"))


def test_a_changed_host_key_opens_the_red_sheet_without_an_ignore(lab: LabWindow) -> None:
    lab.engine.set_nodes([lab_rows.blocked(lab_rows.node("gpu-b-14"))])
    lab.open("nodes")
    lab.page.open_key("gpu-b-14")
    assert lab.text("node-reason") == "The host key changed."
    lab.click("node-mend")
    assert lab.shows("changed-key-sheet")
    assert not lab.find("changed-key-pin").isEnabled()


def test_text_of_a_node_is_never_markup(lab: LabWindow) -> None:
    evil = "<b>bold</b> \x1b[31mred\x1b[0m <img src='file:///x'>"
    lab.engine.set_nodes([lab_rows.node("evil", state=LinkState.BLOCKED, reason=evil)])
    lab.open("nodes")
    lab.page.open_key("evil")
    label = lab.text("node-reason")
    assert label == "<b>bold</b> red <img src='file:///x'>"


def test_processes_are_asked_for_when_their_tab_is_shown(lab: LabWindow) -> None:
    lab.engine.processes = [ProcessInfo(4711, "lab", "python train.py", 90.0, 10**9)]
    _open(lab)
    lab.page.open_key("gpu-a-01")
    assert not lab.called("nodes.processes")
    lab.find("node-tabs", Tabs).setCurrentIndex(1)
    table = lab.find("Processes", DataTable)
    lab.wait(lambda: table.model().rowCount() == 1)
    assert table.model().index(0, 5).data() == "python train.py"


def test_another_python_is_chosen_for_jobs(lab: LabWindow) -> None:
    other = lab_rows.READY.__class__("/opt/other/bin/python", "3.11", "conda", "2.9", "1.2", "2.0")
    row = lab_rows.node("gpu-a-01", environments=[lab_rows.READY, other, lab_rows.BARE])
    lab.engine.set_nodes([row])
    lab.open("nodes")
    lab.page.open_key("gpu-a-01")
    lab.find("node-tabs", Tabs).setCurrentIndex(3)
    lab.engine.failures["nodes.edit"] = lab_rows_error()
    lab.click("environment-use")
    lab.wait(lambda: bool(lab.called("nodes.edit")))
    changes = {"python": "/opt/other/bin/python"}
    assert lab.called("nodes.edit") == [{"name": "gpu-a-01", "changes": changes}]


def lab_rows_error() -> Exception:
    from lepton_desktop.errors import LeptonError

    return LeptonError("That Python is gone.", "Look again.", code="python_missing")


def test_an_overview_filter_opens_the_page_filtered(lab: LabWindow) -> None:
    table = _open(lab)
    lab.main.navigate("nodes", "state:down")
    lab.wait(lambda: _names(table) == ["gpu-a-09", "gpu-b-14"] or len(_names(table)) == 2)
