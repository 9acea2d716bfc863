import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.pages.welcome.page import WelcomePage
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow


def _open(lab: LabWindow) -> WelcomePage:
    lab.open()
    lab.wait(lambda: lab.main.page_id == "welcome")
    page = lab.page
    assert isinstance(page, WelcomePage)
    return page


def test_an_empty_lab_begins_here_and_leaves_when_it_fills(lab: LabWindow) -> None:
    _open(lab)
    lab.engine.set_nodes([lab_rows.node("gpu-a-01")])
    lab.wait(lambda: lab.main.page_id == "overview")


def test_key_one_trains_on_this_computer_with_the_shipped_reward(lab: LabWindow) -> None:
    _open(lab)
    lab.wait(lambda: lab.find("welcome-button-1").isEnabled())
    lab.press(Qt.Key.Key_1)
    lab.wait(lambda: lab.main.page_id == "runs" and lab.shows("run-name"))
    (started,) = lab.called("runs.start")
    spec = started["spec"]
    assert isinstance(spec, dict)
    assert spec["nodes"] == ["this-computer"]
    assert spec["reward"]["name"] == "cartpole-upright"


def test_key_two_adds_a_node(lab: LabWindow) -> None:
    _open(lab)
    lab.press(Qt.Key.Key_2)
    assert lab.shows("add-node")


def test_without_torch_the_card_says_what_is_missing_and_how_to_get_it(lab: LabWindow) -> None:
    problem = "No Python here has torch and gymnasium."
    lab.engine.set_nodes(
        [lab_rows.this_computer(python="", python_problem=problem, environments=[lab_rows.BARE])]
    )
    _open(lab)
    lab.wait(lambda: lab.shows("this-computer-missing"))
    assert lab.text("this-computer-missing") == problem
    assert not lab.find("welcome-button-1").isEnabled()
    assert lab.find("welcome-button-1").toolTip() == problem


def test_a_refused_start_is_told_on_its_card(lab: LabWindow) -> None:
    lab.engine.failures["runs.start"] = LeptonError("The disk is full.", "Free some space.")
    _open(lab)
    lab.wait(lambda: lab.find("welcome-button-1").isEnabled())
    lab.click("welcome-button-1")
    lab.wait(lambda: lab.shows("welcome-message-1"))
    assert lab.text("welcome-message-1") == "The disk is full. Free some space."
    assert lab.find("welcome-button-1").isEnabled()


def test_the_demo_is_a_program_of_its_own_whose_steps_are_shown(
    lab: LabWindow, tmp_path: Path
) -> None:
    page = _open(lab)
    go = tmp_path / "go"
    script = (
        "import pathlib, time\n"
        "print('[3/7] Register the nodes', flush=True)\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)\n"
        "print('Error: no SSH', flush=True)\n"
        "raise SystemExit(1)\n"
    )
    page._demo.command = [sys.executable, "-c", script]
    seen: list[tuple[str, float]] = []
    page._demo.progressed.connect(lambda text, share: seen.append((text, share)))
    lab.press(Qt.Key.Key_3)
    lab.wait(lambda: seen == [("Register the nodes", 2 / 7)])
    assert not lab.find("welcome-button-3", QPushButton).isEnabled()
    go.touch()
    lab.wait(lambda: lab.shows("welcome-message-3"))
    assert "no SSH" in lab.text("welcome-message-3")
    assert lab.find("welcome-button-3", QPushButton).isEnabled()


def test_closing_the_window_ends_the_demo(lab: LabWindow) -> None:
    page = _open(lab)
    page._demo.command = [sys.executable, "-c", "import time; print('[1/7] x'); time.sleep(60)"]
    lab.click("welcome-button-3")
    lab.wait(lambda: page._demo.running)
    page._demo.stop()
    assert not page._demo.running


def test_the_page_can_be_put_away(lab: LabWindow) -> None:
    _open(lab)
    lab.click("welcome-skip")
    assert lab.main.page_id == "overview"
    assert lab.window.preferences.values.welcome_dismissed
