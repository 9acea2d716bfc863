import dataclasses
import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.pages.runs.log_view import LogList, LogTab
from lepton_desktop.gui.pages.runs.page import RunsPage
from lepton_desktop.gui.pages.runs.run_list import RunList
from lepton_desktop.gui.widgets.chips import Chip
from lepton_desktop.gui.widgets.choices import Combo, SegmentedControl, Tabs
from lepton_desktop.gui.widgets.plot import Plot
from lepton_desktop.gui.widgets.plot_legend import PlotLegend
from lepton_desktop.wire.node import State
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow


def _open(lab: LabWindow, key: str = "run-0004") -> RunsPage:
    lab.engine.set_nodes(lab_rows.lab(3))
    lab.engine.set_runs(lab_rows.some_runs())
    lab.open("runs")
    lab.main.navigate("runs", key)
    lab.wait(lambda: lab.shows("run-name"))
    page = lab.page
    assert isinstance(page, RunsPage)
    return page


def _legend(lab: LabWindow) -> list[str]:
    return [entry.name for entry in lab.find("terms-legend", PlotLegend)._entries]


def test_a_run_shows_state_progress_and_curves(lab: LabWindow) -> None:
    _open(lab)
    assert lab.text("run-name") == "cartpole-r4"
    plot = lab.find("chart-steps", Plot)
    lab.wait(lambda: len(plot._lines) == 4)
    assert [line.name for line in plot._lines] == [
        "True objective",
        "True objective",
        "Designed return",
        "Designed return",
    ]
    assert _legend(lab) == ["upright", "centred", "effort"]


def test_new_points_are_appended_while_the_run_goes_on(lab: LabWindow) -> None:
    _open(lab)
    plot = lab.find("chart-steps", Plot)
    lab.wait(lambda: len(plot._lines) == 4)
    before = len(plot._lines[0].x)
    lab.engine.edit_run("run-0004", metric_count=70, step=70 * lab_rows.STEP)
    lab.wait(lambda: len(plot._lines[0].x) == before + 10)
    assert lab.called("runs.metrics")[-1]["x_from"] == 60 * lab_rows.STEP


def test_stop_asks_then_shows_stopping_at_once(lab: LabWindow) -> None:
    _open(lab)
    lab.click("run-stop")
    assert not lab.called("runs.stop")
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused.objectName() == "confirm-safe"
    lab.engine.held.add("runs.stop")
    lab.click("confirm-danger")
    assert lab.find("run-stop", QPushButton).text() == "Stopping…"
    lab.engine.held.clear()
    lab.wait(lambda: lab.lab.runs["run-0004"].state is State.CANCELLED)
    lab.wait(lambda: lab.find("run-state", Chip).accessibleName() == "Stopped")
    assert not lab.shows("run-stop")


def test_keep_running_changes_nothing(lab: LabWindow) -> None:
    _open(lab)
    lab.click("run-stop")
    lab.press(Qt.Key.Key_Escape)
    assert not lab.shows("confirm")
    assert not lab.called("runs.stop")


def test_a_stop_on_many_nodes_needs_the_name(lab: LabWindow) -> None:
    nodes = [f"gpu-a-{n:02d}" for n in range(1, 6)]
    lab.engine.set_nodes(lab_rows.lab(3))
    lab.engine.set_runs([lab_rows.run(1, nodes=nodes, world_size=5)])
    lab.open("runs")
    lab.wait(lambda: lab.shows("run-stop"))
    lab.click("run-stop")
    danger = lab.find("confirm-danger")
    assert not danger.isEnabled()
    lab.type("confirm-name", "cartpole-r1")
    assert danger.isEnabled()


def test_a_refused_stop_is_told_and_taken_back(lab: LabWindow) -> None:
    _open(lab)
    lab.engine.failures["runs.stop"] = LeptonError("The node does not answer.", "Wait for it.")
    lab.click("run-stop")
    lab.click("confirm-danger")
    lab.wait(lambda: lab.find("run-stop", QPushButton).text() == "Stop")
    assert [notice.text for notice in lab.window.main.toasts.history] == [
        "The node does not answer. Wait for it."
    ]


def test_rerun_opens_the_new_run(lab: LabWindow) -> None:
    _open(lab, "run-0003")
    lab.click("run-rerun")
    lab.wait(lambda: "run-0007" in lab.lab.runs)
    lab.wait(lambda: lab.find("run-state", Chip).accessibleName() == "Starting")


def test_a_failed_run_says_why_with_a_hint_and_a_way_to_its_log(lab: LabWindow) -> None:
    _open(lab, "run-0002")
    assert "NaN in the reward term" in lab.text("run-reason")
    lab.engine.logs["run-0002"] = {"job-2-0": "Traceback\nValueError: NaN\n"}
    show = lab.find("run-trouble").findChild(QPushButton)
    assert show is not None
    show.click()
    lines = lab.find("log-lines", LogList)
    lab.wait(lambda: lines.model().rowCount() == 2)


def test_the_result_names_mean_episodes_and_whether_it_is_solved(lab: LabWindow) -> None:
    _open(lab, "run-0001")
    lab.wait(lambda: lab.shows("run-result-verdict"))
    assert lab.text("run-result-value") == "500.0"
    assert lab.find("run-result-verdict").accessibleName() == "solved ≥ 475"
    result = {**lab_rows.RESULT, "eval/return_mean": 431.2}
    lab.engine.edit_run("run-0001", result=result)
    lab.wait(lambda: lab.find("run-result-verdict").accessibleName() == "below 475")


def test_logs_follow_until_the_user_scrolls_up(lab: LabWindow) -> None:
    _open(lab)
    text = "".join(f"update {number}\n" for number in range(200))
    lab.engine.logs["run-0004"] = {"job-4-0": text}
    lab.find("run-tabs", Tabs).setCurrentIndex(1)
    lines = lab.find("log-lines", LogList)
    lab.wait(lambda: lines.model().rowCount() == 200)
    bar = lines.verticalScrollBar()
    lab.wait(lambda: bar.value() == bar.maximum() > 0)
    lab.engine.logs["run-0004"] = {"job-4-0": text + "WARNING slow step\n"}
    lab.wait(lambda: lines.model().rowCount() == 201)
    assert bar.value() == bar.maximum()
    lab.click("log-follow")
    bar.setValue(0)
    lab.engine.logs["run-0004"] = {"job-4-0": text + "WARNING slow step\nlast\n"}
    lab.wait(lambda: lines.model().rowCount() == 202)
    assert bar.value() == 0
    lab.click("log-follow")
    assert bar.value() == bar.maximum()
    assert lab.find("run-logs", LogTab).following


def test_log_levels_and_search(lab: LabWindow) -> None:
    _open(lab)
    lab.engine.logs["run-0004"] = {"job-4-0": "fine\nWARNING slow\nRuntimeError: boom\n"}
    lab.find("run-tabs", Tabs).setCurrentIndex(1)
    lines = lab.find("log-lines", LogList)
    lab.wait(lambda: lines.model().rowCount() == 3)
    level = lab.find("log-level", SegmentedControl)
    level.choose("error")
    assert lines.model().rowCount() == 1
    level.choose("all")
    lab.type("log-search", "nothing like it")
    lab.press(Qt.Key.Key_Return)
    assert not lab.shows("log-lines")


def test_category_pills_and_words_filter_the_list(lab: LabWindow) -> None:
    _open(lab)
    runs = lab.find("runs-list", RunList)
    lab.click("runs-failed")
    assert runs.model().rowCount() == 1
    lab.click("runs-all")
    lab.type("runs-filter", "r5")
    lab.press(Qt.Key.Key_Return)
    assert runs.model().rowCount() == 1
    lab.main.navigate("runs", "run-0001")
    lab.wait(lambda: lab.text("run-name") == "cartpole-r1")
    assert runs.model().rowCount() == 6, "a run asked for by name is shown whatever the filter"


def test_a_swatch_puts_a_second_run_on_the_chart(lab: LabWindow) -> None:
    _open(lab)
    runs = lab.find("runs-list", RunList)
    row = runs.visualRect(runs.model().index(5, 0))
    QTest.mouseClick(runs.viewport(), Qt.MouseButton.LeftButton, pos=row.topLeft() + QPoint(18, 16))
    plot = lab.find("chart-steps", Plot)
    lab.wait(lambda: any(line.name == "cartpole-r1" for line in plot._lines))
    assert lab.text("run-name") == "cartpole-r4", "the click on a swatch does not select"


def test_keyboard_moves_through_the_list(lab: LabWindow) -> None:
    _open(lab, "run-0006")
    lab.find("runs-list", RunList).setFocus()
    lab.press(Qt.Key.Key_J)
    assert lab.text("run-name") == "cartpole-r5"
    lab.press(Qt.Key.Key_K)
    assert lab.text("run-name") == "cartpole-r6"


def test_another_metric_and_the_time_axis(lab: LabWindow) -> None:
    _open(lab)
    steps = lab.find("chart-steps", Plot)
    lab.wait(lambda: len(steps._lines) == 4)
    QTest.mouseClick(lab.find("multiple-entropy"), Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    assert lab.find("chart-metric", Combo).currentData() == "train/entropy"
    lab.wait(lambda: [line.name for line in steps._lines][-1:] == ["cartpole-r4"])
    lab.find("chart-axis", SegmentedControl).choose("time")
    timed = lab.find("chart-time", Plot)
    started = lab.lab.runs["run-0004"].started
    assert started is not None
    assert timed._lines[0].x[0] >= started


def test_events_mark_the_chart_and_checkpoints_have_their_list(lab: LabWindow) -> None:
    now = time.time()
    lab.engine.events["run-0004"] = [
        {"t": now - 100, "kind": "checkpoint", "text": "step_20480.pt", "step": 20_480},
        {"t": now - 50, "kind": "progress", "text": "half", "fraction": 0.5},
    ]
    _open(lab)
    plot = lab.find("chart-steps", Plot)
    lab.wait(lambda: len(plot._overlay.events) == 1)
    assert plot._overlay.events[0].x == 20_480
    lab.find("run-tabs", Tabs).setCurrentIndex(4)
    lab.wait(lambda: lab.shows("Checkpoints"))


def test_config_shows_spec_and_exact_commands(lab: LabWindow) -> None:
    _open(lab)
    lab.find("run-tabs", Tabs).setCurrentIndex(3)
    commands = lab.find("config-commands")
    lab.wait(lambda: "torch.distributed.run" in commands.toPlainText())  # type: ignore[attr-defined]
    assert '"name": "cartpole-r4"' in lab.find("config-spec").toPlainText()  # type: ignore[attr-defined]


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_shown(lab: LabWindow, state: State) -> None:
    lab.engine.set_nodes(lab_rows.lab(1))
    step = 0 if state in (State.PENDING, State.STARTING) else 30_720
    run = lab_rows.run(1, state, step, reason="Because.", hint="Try again.")
    lab.engine.set_runs([dataclasses.replace(run, jobs=[] if not step else run.jobs)])
    lab.open("runs")
    lab.wait(lambda: lab.shows("run-name"))
    assert lab.shows("run-trouble") == (state in (State.FAILED, State.UNKNOWN))
