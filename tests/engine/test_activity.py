"""The activity log: who, what, where; bounded; there after a restart."""

import asyncio

import pytest

from lepton_desktop.engine import activity
from lepton_desktop.engine.activity import ActivityLog
from lepton_desktop.engine.changes import TOPICS, ChangeBoard
from lepton_desktop.engine.connection import caller
from lepton_desktop.engine.store import Store


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def listed(log, limit=100):
    return asyncio.run(log.methods()["activity.list"]({"limit": limit}))["activity"]


def test_line_says_who_did_what_where(store):
    board = ChangeBoard()
    log = ActivityLog(store, board)
    token = caller.set("cli")
    log.write("run started", "abc", "demo", "info")
    caller.reset(token)
    log.write("Link up", "node-a")
    first, second = listed(log)
    assert (first.who, first.what, first.where, first.detail) == (
        *("cli", "run started", "abc", "demo"),
    )
    assert second.who == "engine"
    assert board.collect(0, TOPICS).activity == [first, second]


def test_log_is_there_after_a_restart(store):
    ActivityLog(store, ChangeBoard()).write("Node added", "a")
    board = ChangeBoard()
    log = ActivityLog(store, board)
    assert [row.what for row in board.collect(0, TOPICS).activity] == ["Node added"]
    log.write("Node removed", "a")
    assert [row.id for row in listed(log)] == [1, 2]


def test_board_and_store_are_bounded(store, monkeypatch):
    monkeypatch.setattr(activity, "SHOWN", 3)
    monkeypatch.setattr(activity, "KEPT", 5)
    board = ChangeBoard()
    log = ActivityLog(store, board)
    for number in range(9):
        log.write("thing", str(number))
    assert [row.where for row in board.collect(0, TOPICS).activity] == ["6", "7", "8"]
    assert [row.where for row in listed(log)] == ["4", "5", "6", "7", "8"]
    assert [row.where for row in listed(log, 2)] == ["7", "8"]


@pytest.mark.expects_log("no space")
def test_level_reaches_the_log_file(store, caplog):
    ActivityLog(store, ChangeBoard()).write("Link lost", "a", "no space", "warning")
    assert caplog.records[-1].levelname == "WARNING"
