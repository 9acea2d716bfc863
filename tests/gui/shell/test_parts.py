"""Engine words, preferences, action registry, fault reports."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.actions import ActionRegistry, ActionSpec, shortcut_text
from lepton_desktop.gui.engine_link import LinkStatus, Phase
from lepton_desktop.gui.shell.engine_words import engine_words
from lepton_desktop.gui.shell.fault_report import FaultReporter, ReportSheet
from lepton_desktop.gui.shell.preferences import Preferences
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.sheet import SheetHost
from lepton_desktop.settings import paths


def test_countdown_is_in_whole_seconds() -> None:
    words = engine_words(LinkStatus(Phase.RECONNECTING, retry_at=103.4), now=100.0)
    assert words.chip == "Reconnecting 3\u00a0s"
    assert words.pulsing
    assert words.tone == "warn"


def test_old_data_is_named_with_its_time() -> None:
    words = engine_words(LinkStatus(Phase.RECONNECTING, "Gone.", data_at=1_760_000_000.0), now=0)
    assert words.banner.startswith("Showing data from ")
    assert words.button == "Retry now"


def test_connected_needs_no_words() -> None:
    words = engine_words(LinkStatus(Phase.CONNECTED, data_at=1.0))
    assert (words.banner, words.reason, words.tone) == ("", "", "ok")


@pytest.mark.parametrize("phase", [Phase.CONNECTING, Phase.RECONNECTING, Phase.STOPPED])
def test_every_other_phase_gives_a_reason_for_disabled_actions(phase: Phase) -> None:
    assert engine_words(LinkStatus(phase)).reason


def test_preferences_outlive_the_window(tmp_path: Path, qapp: QApplication) -> None:
    Preferences(paths(tmp_path)).set(theme="light", zoom_percent=110)
    again = Preferences(paths(tmp_path))
    assert (again.values.theme, again.values.zoom_percent) == ("light", 110)


def test_broken_settings_fall_back_to_defaults_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{", encoding="utf-8")
    preferences = Preferences(paths(tmp_path))
    assert preferences.values.theme == "system"
    assert "settings.json" in preferences.problem


def test_a_zoom_outside_the_limits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LeptonError):
        Preferences(paths(tmp_path)).set(zoom_percent=500)


def test_zoom_steps_stop_at_the_limits(tmp_path: Path) -> None:
    preferences = Preferences(paths(tmp_path))
    for _ in range(20):
        preferences.zoom_in()
    assert theme().zoom == 2.0
    for _ in range(30):
        preferences.zoom_out()
    assert theme().zoom == 0.8
    assert json.loads((tmp_path / "settings.json").read_text())["zoom_percent"] == 80


def test_registering_an_action_again_replaces_what_it_does(qtbot: QtBot) -> None:
    area = QWidget()
    qtbot.addWidget(area)
    registry = ActionRegistry(area, area)
    heard: list[str] = []
    first = registry.add(ActionSpec("a.b", "One"), lambda: heard.append("one"))
    second = registry.add(ActionSpec("a.b", "Two"), lambda: heard.append("two"))
    assert first is second
    registry.trigger("a.b")
    assert heard == ["two"]
    assert first.text() == "Two"


def test_a_disabled_action_says_why(qtbot: QtBot) -> None:
    area = QWidget()
    qtbot.addWidget(area)
    registry = ActionRegistry(area, area)
    action = registry.add(ActionSpec("a.b", "Stop", shortcut="Ctrl+N", needs_engine=True), list)
    assert action.toolTip() == "Stop (Ctrl+N)"
    registry.set_enabled("a.b", False, "Nothing is selected.")
    registry.set_engine_reason("The engine is stopped.")
    assert action.toolTip() == "Nothing is selected."
    registry.set_enabled("a.b", True)
    assert action.toolTip() == "The engine is stopped."
    assert not action.isEnabled()


def test_key_sequences_read_as_people_say_them() -> None:
    assert shortcut_text(ActionSpec("go.nodes", "Nodes", shortcut="G, N")) == "G then N"


@pytest.mark.expects_log("A bug in the window")
def test_a_bug_is_reported_and_the_window_stays(qtbot: QtBot) -> None:
    room = QWidget()
    qtbot.addWidget(room)
    room.resize(900, 600)
    room.show()
    faults = FaultReporter(SheetHost(room), room)
    for _ in range(2):
        try:
            int("seeded")
        except ValueError as error:
            faults.report(error, error.__traceback__)
    qtbot.waitUntil(lambda: len(faults.reports) == 2)
    assert len(room.findChildren(ReportSheet)) == 1
    copy = room.findChild(QWidget, "fault-copy")
    assert copy is not None
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert "ValueError: invalid literal" in QApplication.clipboard().text()
    assert "PySide6" in QApplication.clipboard().text()


@pytest.mark.expects_log("A bug in the window")
def test_a_bug_in_a_thread_is_reported_too(qtbot: QtBot) -> None:
    room = QWidget()
    qtbot.addWidget(room)
    room.show()
    faults = FaultReporter(SheetHost(room), room)
    faults.install()
    try:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(faults.reports) == 1)
    finally:
        faults.uninstall()
    assert "ZeroDivisionError" in faults.reports[0]
