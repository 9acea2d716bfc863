from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.engine_link import LinkStatus, Phase
from lepton_desktop.gui.main_window import MainWindow
from lepton_desktop.gui.shell.settings_sheet import SettingsSheet
from lepton_desktop.gui.shell.shortcut_sheet import ShortcutSheet
from lepton_desktop.gui.shell.task_sheet import TaskSheet
from lepton_desktop.gui.theme.current import Theme, theme
from lepton_desktop.settings import paths, read_settings
from lepton_desktop.wire.desk import Changes, EngineStatus, LinkState, NodeRow, RunRow, TaskRow
from lepton_desktop.wire.node import State
from tests.gui.shell.sample_window import NodesSample, OverviewSample, make_window

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> MainWindow:
    window = make_window(tmp_path)
    qtbot.addWidget(window)
    window.navigate("overview")
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    window._root.setFocus()
    return window


def say(window: MainWindow, status: LinkStatus) -> None:
    window.context.link._on_status_found(status)


def find(window: MainWindow, name: str) -> QWidget:
    found = window.frame.findChild(QWidget, name)
    assert found is not None
    return found


def lab(window: MainWindow, **rows: object) -> None:
    window.context.refresh.apply(Changes(2, reset=True, **rows))  # type: ignore[arg-type]
    window.context.refresh.flush()


NODES = [
    NodeRow("this-computer", "this computer", LinkState.UP),
    NodeRow("gpu-a-01", "lab@10.4.1.1:22", LinkState.UP),
    NodeRow("gpu-a-02", "lab@10.4.1.2:22", LinkState.RECONNECTING),
]


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1440, 900), (1180, 720)])
def test_window_is_exactly_as_large_as_asked(
    qtbot: QtBot, window: MainWindow, dark_theme: Theme, size: tuple[int, int], scheme: str
) -> None:
    dark_theme.set_scheme(scheme)
    lab(window, nodes=NODES, tasks=[TaskRow("t", "Provisioning gpu-a-11 " * 6, "install", 0.6)])
    say(window, LinkStatus(Phase.RECONNECTING, "It does not answer. " * 9, "", time.time() + 3))
    window.page.open_key("a-very-long-object-name-" * 8)
    window.resize(*size)
    assert window.grab().size() == QSize(*size)


@pytest.mark.parametrize("zoom", [80, 150, 200])
def test_window_keeps_its_size_at_every_zoom(window: MainWindow, zoom: int) -> None:
    lab(window, nodes=NODES)
    window.context.preferences.set(zoom_percent=zoom)
    window.resize(1440, 900)
    assert window.grab().size() == QSize(1440, 900)


def test_pages_are_made_when_first_shown(window: MainWindow) -> None:
    assert list(window.frame._pages) == ["overview"]
    window.navigate("nodes")
    assert isinstance(window.page, NodesSample)
    overview = window.frame.page("overview")
    assert isinstance(overview, OverviewSample)
    assert overview.happened == ["shown", "hidden"]


def test_number_keys_and_g_sequences_change_the_page(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    qtbot.waitUntil(lambda: window.page_id == "runs")
    QTest.keyClick(window, Qt.Key.Key_G)
    QTest.keyClick(window, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: window.page_id == "nodes")


def test_a_page_that_is_shown_gets_the_keys_not_its_first_field(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.page.focus_filter()
    window.navigate("nodes")
    assert QApplication.focusWidget() is window.page


def test_single_letters_are_typed_while_a_field_has_the_focus(
    qtbot: QtBot, window: MainWindow
) -> None:
    QTest.keyClick(window, Qt.Key.Key_Slash)
    page = window.page
    assert isinstance(page, OverviewSample)
    qtbot.waitUntil(page.filter.hasFocus)
    qtbot.keyClicks(page.filter, "gn?/")
    assert page.filter.text() == "gn?/"
    assert window.page_id == "overview"
    assert window.sheets.top is None
    page.filter._pause.stop()


def test_question_mark_lists_every_key(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_Question)
    qtbot.waitUntil(lambda: isinstance(window.sheets.top, ShortcutSheet))
    from lepton_desktop.gui.widgets.chips import KeyCap

    caps = {cap.accessibleName() for cap in window.sheets.top.findChildren(KeyCap)}
    assert {"Ctrl+K", "G O", "F11", "?", "Ctrl+N"} <= caps


def test_keys_of_the_frame_rest_while_a_sheet_is_open(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_registry.trigger("window.settings")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_3, CTRL)
    QApplication.processEvents()
    assert window.page_id == "overview"


def test_rail_collapses_and_remembers(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    assert window.frame.rail.width() == 208
    QTest.keyClick(window, Qt.Key.Key_B, CTRL)
    qtbot.waitUntil(lambda: window.frame.rail.width() == 60)
    assert read_settings(paths(tmp_path)).rail_collapsed


def test_pages_of_two_panes_get_the_room_until_the_rail_is_chosen(window: MainWindow) -> None:
    window.navigate("nodes")
    assert window.frame.rail.width() == 60
    window.navigate("overview")
    assert window.frame.rail.width() == 208
    window.navigate("nodes")
    window.actions_registry.trigger("view.rail")
    assert window.frame.rail.width() == 208
    window.navigate("runs")
    assert window.frame.rail.width() == 208


def test_rail_shows_only_pages_that_exist(window: MainWindow) -> None:
    names = [item.text() for item in window.frame.rail._items.values()]
    assert names == ["Overview", "Nodes", "Runs", "Settings"]


def test_click_in_the_rail_opens_the_page(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.mouseClick(window.frame.rail.item("runs"), Qt.MouseButton.LeftButton)
    assert window.page_id == "runs"
    assert window.frame.rail.item("runs").isChecked()
    assert not window.frame.rail.item("overview").isChecked()


def test_counts_in_the_rail_and_the_strip_follow_the_lab(window: MainWindow) -> None:
    run = RunRow("r1", "quad", 1, State.RUNNING, {}, 0.0)
    done = RunRow("r2", "quad-2", 2, State.SUCCEEDED, {}, 0.0)
    status = EngineStatus("0.1.0", 1, "/home", 0.0, store_bytes=1_800_000_000)
    lab(window, nodes=NODES, runs=[run, done], engine=[status])
    assert window.frame.rail.item("nodes")._badge == "3"
    assert window.frame.rail.item("runs")._badge == "1"
    assert find(window, "status-nodes")._text.text() == "2 of 3 nodes reporting"  # type: ignore[attr-defined]
    assert find(window, "status-links")._text.text() == "1 SSH links"  # type: ignore[attr-defined]


def test_a_lost_engine_shows_banner_countdown_and_reasons(window: MainWindow) -> None:
    now = time.time()
    lab(window, nodes=NODES)
    say(window, LinkStatus(Phase.CONNECTED, data_at=now - 100))
    assert window.actions_registry.action("run.new").isEnabled()
    assert not window.frame.banner.isVisible()
    say(window, LinkStatus(Phase.RECONNECTING, "It does not answer.", "", now + 3))
    assert window.frame.top.engine.text().startswith("Reconnecting")
    assert window.frame.banner.isVisible()
    action = window.actions_registry.action("run.new")
    assert not action.isEnabled()
    assert "does not answer" in action.toolTip()
    say(window, LinkStatus(Phase.CONNECTED, data_at=now))
    assert action.isEnabled()
    assert not window.frame.banner.isVisible()


def test_without_any_data_the_reason_stands_in_for_the_pages(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[bool] = []
    monkeypatch.setattr(window.context.link, "start", lambda: started.append(True))
    say(window, LinkStatus(Phase.STOPPED, "No engine runs.", "Start it."))
    assert window.frame._content.state == "error"
    window.frame._content._message._button.click()
    assert started == [True]
    lab(window, nodes=NODES)
    assert window.frame._content.state == "content"


def test_a_stopped_engine_is_named_on_the_chip(window: MainWindow) -> None:
    say(window, LinkStatus(Phase.STOPPED, "No engine runs."))
    assert window.frame.top.engine.text() == "Engine stopped"


def test_breadcrumb_names_page_and_object(window: MainWindow) -> None:
    window.navigate("nodes", "gpu-a-07")
    assert find(window, "crumb-page").text() == "Nodes"  # type: ignore[attr-defined]
    assert find(window, "crumb-object").text() == "gpu-a-07"  # type: ignore[attr-defined]
    window.navigate("overview")
    assert not find(window, "crumb-object").isVisible()


def test_the_primary_action_is_one_button(qtbot: QtBot, window: MainWindow) -> None:
    say(window, LinkStatus(Phase.CONNECTED, data_at=time.time()))
    button = find(window, "top-primary")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.page.happened[-1] == "run.new"  # type: ignore[attr-defined]


def test_settings_apply_at_once_and_are_saved(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    window.actions_registry.trigger("window.settings")
    sheet = window.sheets.top
    assert isinstance(sheet, SettingsSheet)
    sheet.theme_choice.choose("light")
    assert theme().name == "light"
    sheet.motion.click()
    assert theme().reduced_motion
    saved = read_settings(paths(tmp_path))
    assert (saved.theme, saved.reduced_motion) == ("light", True)


def test_zoom_builds_the_frame_anew_on_the_same_page(qtbot: QtBot, window: MainWindow) -> None:
    window.navigate("nodes")
    window.actions_registry.trigger("window.settings")
    before = window.frame
    window.context.preferences.zoom_in()
    assert window.frame is not before
    assert window.page_id == "nodes"
    assert isinstance(window.sheets.top, SettingsSheet), "the sheet that asked for it stays"
    assert window.frame.top.height() == round(52 * 1.1)
    window._root.setFocus()
    window.sheets.close_all()
    QTest.keyClick(window, Qt.Key.Key_0, CTRL)
    qtbot.waitUntil(lambda: theme().zoom == 1.0)


def test_full_screen_and_back(window: MainWindow) -> None:
    window.actions_registry.trigger("view.full-screen")
    assert window.isFullScreen()
    window.actions_registry.trigger("view.full-screen")
    assert not window.isFullScreen()


def test_tasks_come_and_go_in_strip_and_sheet(window: MainWindow) -> None:
    lab(window, nodes=NODES, tasks=[TaskRow("t1", "Push the agent", "to gpu-a-01", 0.62)])
    assert find(window, "status-task").isVisible()
    window.frame.status.tasks_wanted.emit()
    sheet = window.sheets.top
    assert isinstance(sheet, TaskSheet)
    assert list(sheet._boxes) == ["t1"]
    lab(window, nodes=NODES)
    assert sheet._boxes == {}
    assert not find(window, "status-task").isVisible()


def test_every_icon_button_of_the_frame_has_a_name(window: MainWindow) -> None:
    from PySide6.QtWidgets import QAbstractButton

    for button in window.frame.findChildren(QAbstractButton):
        assert button.accessibleName() or button.text(), button.objectName()


def test_tab_goes_through_rail_top_bar_and_page(window: MainWindow) -> None:
    window.frame.rail.item("overview").setFocus()
    seen: list[str] = []
    for _ in range(12):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        seen.append(QApplication.focusWidget().objectName())
    assert seen.index("rail-nodes") < seen.index("palette-field") < seen.index("engine-chip")
