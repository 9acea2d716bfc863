import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from lepton_desktop.client import EngineClient
from lepton_desktop.errors import LeptonError
from lepton_desktop.gui import engine_link
from lepton_desktop.gui.engine_link import EngineCalls, EngineLink, LinkStatus, Phase, Progress
from lepton_desktop.wire.desk import Changes
from tests.gui import lab_rows
from tests.gui.fake_engine import FakeEngine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    engine = FakeEngine(tmp_path).start()
    yield engine
    engine.stop()


@pytest.fixture
def link(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineLink]:
    monkeypatch.setattr(engine_link, "LOOK_AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(engine_link, "FIRST_RETRY_SECONDS", 0.2)

    def connect(_start: bool, progress: Progress) -> EngineCalls:
        return EngineClient.connect(
            engine.paths.home, start=False, role="window", progress=progress
        )

    link = EngineLink(connect)
    yield link
    link.close()


def _connected(qtbot: QtBot, link: EngineLink) -> None:
    link.start()
    qtbot.waitUntil(lambda: link.connected, timeout=5000)


def test_the_whole_picture_comes_first_then_what_changed(
    qtbot: QtBot, link: EngineLink, engine: FakeEngine
) -> None:
    engine.set_nodes(lab_rows.lab(3))
    heard: list[Changes] = []
    link.changes_arrived.connect(heard.append)
    _connected(qtbot, link)
    assert heard[0].reset
    assert len(heard[0].nodes) == 4
    engine.edit_node("gpu-a-01", drained=True)
    qtbot.waitUntil(lambda: len(heard) > 1 and bool(heard[-1].nodes), timeout=5000)
    assert [row.name for row in heard[-1].nodes] == ["gpu-a-01"]


def test_results_and_errors_arrive_in_the_qt_thread(
    qtbot: QtBot, link: EngineLink, engine: FakeEngine
) -> None:
    engine.set_nodes([lab_rows.node("a")])
    _connected(qtbot, link)
    results: list[tuple[Any, threading.Thread]] = []
    link.call(
        "nodes.drain",
        {"name": "a", "reason": "test"},
        lambda result: results.append((result["drained"], threading.current_thread())),
    )
    link.call(
        "nodes.drain",
        {"name": "nobody", "reason": ""},
        on_error=lambda error: results.append((error.code, threading.current_thread())),
    )
    qtbot.waitUntil(lambda: len(results) == 2, timeout=5000)
    assert {value for value, _ in results} == {True, "node_unknown"}
    assert {thread for _, thread in results} == {threading.main_thread()}


def test_a_slow_call_does_not_hold_up_the_others(
    qtbot: QtBot, link: EngineLink, engine: FakeEngine
) -> None:
    _connected(qtbot, link)
    engine.held.add("rewards.list")
    done: list[str] = []
    link.call("rewards.list", on_result=lambda _: done.append("rewards"))
    link.call("environments.list", on_result=lambda _: done.append("environments"))
    qtbot.waitUntil(lambda: done == ["environments"], timeout=5000)
    engine.held.clear()
    qtbot.waitUntil(lambda: done == ["environments", "rewards"], timeout=5000)


def test_nothing_is_delivered_to_a_deleted_widget(
    qtbot: QtBot, link: EngineLink, engine: FakeEngine
) -> None:
    _connected(qtbot, link)
    engine.held.add("rewards.list")
    label = QLabel()
    told: list[str] = []
    link.call("rewards.list", on_result=lambda _: label.setText("late"), owner=label)
    label.deleteLater()
    qtbot.waitSignal(label.destroyed, timeout=2000).wait()
    engine.held.clear()
    link.call("environments.list", on_result=lambda _: told.append("alive"))
    qtbot.waitUntil(lambda: told == ["alive"], timeout=5000)


def test_the_engine_goes_and_comes_back_with_the_whole_picture(
    qtbot: QtBot, link: EngineLink, engine: FakeEngine
) -> None:
    engine.set_nodes([lab_rows.node("a")])
    heard: list[Changes] = []
    _connected(qtbot, link)
    link.changes_arrived.connect(heard.append)
    engine.stop()
    qtbot.waitUntil(lambda: link.status.phase is Phase.STOPPED, timeout=5000)
    assert link.status.data_at is not None, "the banner says how old the data is"
    assert "leptonctl engine start" in link.status.hint
    engine.start()
    qtbot.waitUntil(lambda: link.connected, timeout=5000)
    assert heard[-1].reset


def test_a_broken_line_is_tried_again_after_a_countdown(qtbot: QtBot) -> None:
    def connect(_start: bool, _progress: Progress) -> EngineCalls:
        raise LeptonError("The connection to the engine broke.", code="engine_gone")

    link = EngineLink(connect)
    statuses: list[LinkStatus] = []
    link.status_changed.connect(statuses.append)
    link.start()
    qtbot.waitUntil(lambda: link.status.phase is Phase.RECONNECTING, timeout=5000)
    assert link.status.retry_at is not None
    qtbot.waitUntil(lambda: statuses.count(LinkStatus(Phase.CONNECTING)) >= 1, timeout=5000)
    link.close()


def test_calls_fail_at_once_while_the_engine_is_away(
    qtbot: QtBot, link: EngineLink, engine: FakeEngine
) -> None:
    _connected(qtbot, link)
    engine.stop()
    qtbot.waitUntil(lambda: not link.connected, timeout=5000)
    errors: list[LeptonError] = []
    link.call("rewards.list", on_error=errors.append)
    qtbot.waitUntil(lambda: len(errors) == 1, timeout=5000)
    assert errors[0].code in ("engine_gone", "engine_not_running")
    assert errors[0].hint


def test_only_the_first_try_and_a_click_may_start_an_engine(qtbot: QtBot) -> None:
    tries: list[bool] = []

    def connect(start: bool, progress: Progress) -> EngineCalls:
        tries.append(start)
        progress("Starting the engine")
        raise LeptonError("No engine runs.", "Start it.", code="engine_not_running")

    link = EngineLink(connect)
    messages: list[str] = []
    link.status_changed.connect(lambda status: messages.append(status.message))
    link.start()
    qtbot.waitUntil(lambda: link.status.phase is Phase.STOPPED, timeout=5000)
    link.retry_now()
    qtbot.waitUntil(lambda: len(tries) >= 2, timeout=5000)
    link.close()
    assert tries[:2] == [True, True]
    assert "Starting the engine" in messages


def test_close_ends_every_thread_even_in_the_middle_of_a_call(
    qtbot: QtBot, link: EngineLink, engine: FakeEngine
) -> None:
    _connected(qtbot, link)
    engine.held.add("rewards.list")
    told: list[object] = []
    link.call("rewards.list", on_result=told.append, on_error=told.append, owner=QObject())
    link.close()
    engine.held.clear()
    assert not [t.name for t in threading.enumerate() if t.name.startswith("engine-")]
    assert told == []
