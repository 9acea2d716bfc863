from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.dialogs.new_run import NewRunSheet
from lepton_desktop.gui.dialogs.node_picker import NodePicker
from lepton_desktop.gui.widgets.choices import Combo
from lepton_desktop.specs import RunSpec, load
from lepton_desktop.wire.desk import LinkState
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow

CTRL = Qt.KeyboardModifier.ControlModifier


def _open(lab: LabWindow) -> NewRunSheet:
    lab.engine.set_nodes(
        [
            lab_rows.node("gpu-a-01"),
            lab_rows.node("gpu-a-02"),
            lab_rows.node("lost", state=LinkState.RECONNECTING, reason="No answer."),
        ]
    )
    lab.open("runs")
    lab.main.actions_registry.trigger("run.new")
    sheet = lab.find("new-run", NewRunSheet)
    lab.wait(lambda: lab.find("new-run-start").isEnabled())
    return sheet


def _commands(lab: LabWindow) -> str:
    return lab.find("plan-commands", QPlainTextEdit).toPlainText()


def _start_text(lab: LabWindow) -> str:
    return lab.find("new-run-start", QPushButton).text()


def _choose(lab: LabWindow, name: str) -> None:
    picker = lab.find("new-run-nodes", NodePicker)
    for row in range(picker.model().rowCount()):
        if picker._pick.row_at(row).name == name:
            place = picker.visualRect(picker.model().index(row, 0)).center()
            QTest.mouseClick(picker.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_two_changes_and_ctrl_enter_start_a_run(lab: LabWindow) -> None:
    _open(lab)
    _choose(lab, "this-computer")
    _choose(lab, "gpu-a-01")
    _choose(lab, "gpu-a-02")
    lab.type("new-run-total_steps", "50000")
    lab.wait(lambda: _start_text(lab) == "Start on 2 nodes")
    lab.wait(lambda: "# gpu-a-02, rank 1" in _commands(lab))
    lab.press(Qt.Key.Key_Return, CTRL)
    lab.wait(lambda: lab.main.page_id == "runs" and bool(lab.called("runs.start")))
    spec = load(RunSpec, lab.called("runs.start")[0]["spec"])
    assert spec.nodes == ["gpu-a-01", "gpu-a-02"]
    assert spec.total_steps == 50_000
    assert spec.reward is not None
    assert spec.reward.name == "cartpole-upright"
    assert spec.options == {}, "options at their default are left out"
    lab.wait(lambda: not lab.shows("new-run"))
    lab.wait(lambda: lab.text("run-name") == spec.name)


def test_the_first_fit_node_is_chosen_and_an_unfit_one_says_why(lab: LabWindow) -> None:
    sheet = _open(lab)
    assert sheet._nodes.chosen() == ["this-computer"]
    _choose(lab, "lost")
    assert sheet._nodes.chosen() == ["this-computer"]
    rows = range(sheet._nodes.rowCount())
    assert [sheet._nodes.fitness_at(row).reason for row in rows][-1] == "No answer."


def test_a_value_outside_its_limits_is_named_and_gets_the_focus(lab: LabWindow) -> None:
    _open(lab)
    lab.type("option-epochs", "1000")
    lab.wait(lambda: not lab.find("new-run-start").isEnabled())
    lab.press(Qt.Key.Key_Return, CTRL)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused.objectName() == "option-epochs"
    assert bool(focused.property("invalid"))
    assert not lab.called("runs.start")
    lab.type("option-epochs", "4")
    lab.wait(lambda: lab.find("new-run-start").isEnabled())
    assert lab.called("runs.plan")[-1]["spec"]["options"] == {"epochs": 4}  # type: ignore[index]


def test_the_environments_own_reward_can_be_chosen(lab: LabWindow) -> None:
    _open(lab)
    reward = lab.find("new-run-reward", Combo)
    reward.setCurrentIndex(reward.count() - 1)
    lab.wait(lambda: "reward" not in lab.called("runs.plan")[-1]["spec"])  # type: ignore[operator]


def test_rewards_and_name_follow_the_environment(lab: LabWindow) -> None:
    _open(lab)
    lab.find("new-run-environment", Combo).setCurrentText("Pendulum-v1")
    assert lab.find("new-run-reward", Combo).count() == 1
    lab.wait(
        lambda: lab.called("runs.plan")[-1]["spec"]["name"] == "pendulum-1"  # type: ignore[index]
    )


def test_no_node_chosen_is_said_in_the_plan(lab: LabWindow) -> None:
    _open(lab)
    _choose(lab, "this-computer")
    lab.wait(lambda: lab.text("plan-message") == "No node is chosen. Choose at least one.")
    assert not lab.find("new-run-start").isEnabled()


def test_what_the_engine_says_against_the_plan_stands_beside_it(lab: LabWindow) -> None:
    _open(lab)
    lab.engine.failures["runs.plan"] = LeptonError("gpu-a-01 has no torch.", "Install it there.")
    lab.type("new-run-seed", "7")
    lab.wait(lambda: lab.text("plan-message") == "gpu-a-01 has no torch. Install it there.")
    assert not lab.find("new-run-start").isEnabled()


def test_a_refused_start_keeps_the_form(lab: LabWindow) -> None:
    _open(lab)
    lab.engine.failures["runs.start"] = LeptonError("The port is taken.", "Try again.")
    lab.click("new-run-start")
    lab.wait(lambda: lab.text("new-run-error") == "The port is taken. Try again.")
    assert lab.find("new-run-start").isEnabled()


def test_it_opens_prefilled_from_a_run(lab: LabWindow) -> None:
    lab.engine.set_nodes([lab_rows.node("gpu-a-01"), lab_rows.node("gpu-a-02")])
    lab.engine.set_runs([lab_rows.run(4)])
    lab.open("runs")
    spec = load(RunSpec, lab.lab.runs["run-0004"].spec)
    sheet = NewRunSheet(lab.main.context, spec)
    lab.main.sheets.open(sheet)
    lab.wait(lambda: lab.find("new-run-start").isEnabled())
    assert sheet._nodes.chosen() == ["gpu-a-01", "gpu-a-02"]
    assert lab.called("runs.plan")[-1]["spec"]["seed"] == 4  # type: ignore[index]
