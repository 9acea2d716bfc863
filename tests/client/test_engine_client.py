"""EngineClient against a real socket server that can misbehave."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import lepton_desktop
from lepton_desktop.client import EngineClient
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import paths
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.desk import LinkState
from tests.client.tiny_engine import STATUS, TinyEngine


@pytest.fixture
def where(tmp_path):
    return paths(tmp_path / "home")


def attach(where, **more):
    return EngineClient.connect(where.home, start=False, **more)


def code_of(action):
    with pytest.raises(LeptonError) as caught:
        action()
    return caught.value.code


def test_without_an_engine_the_error_says_how_to_start_one(where):
    with pytest.raises(LeptonError, match="leptonctl engine start") as caught:
        attach(where)
    assert caught.value.code == "engine_not_running"


def test_a_stale_engine_file_counts_as_no_engine(where):
    with TinyEngine(where):
        pass
    assert code_of(lambda: attach(where)) == "engine_not_running"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": "x"}'])
def test_a_damaged_engine_file_counts_as_no_engine(where, text):
    where.make()
    where.engine_file.write_text(text)
    assert code_of(lambda: attach(where)) == "engine_not_running"


def test_rows_come_back_typed(where):
    row = {"name": "a", "address": "u@a:22", "state": "UP"}
    with TinyEngine(where, {"nodes.list": lambda _: {"nodes": [row]}}), attach(where) as client:
        (node,) = client.nodes()
    assert (node.name, node.state) == ("a", LinkState.UP)


def test_specs_travel_and_absent_secrets_do_not(where):
    row = {"name": "a", "address": "u@a:22", "state": "CONNECTING"}
    with TinyEngine(where, {"nodes.add": lambda _: row}) as engine, attach(where) as client:
        client.add_node(NodeSpec(name="a", host="h"), accept_key="SHA256:x")
    assert engine.calls[-1] == (
        "nodes.add",
        {"spec": {"name": "a", "host": "h"}, "accept_key": "SHA256:x"},
    )


def test_an_operator_error_arrives_whole(where):
    def refuse(_):
        raise LeptonError("No.", "Do that.", code="because")

    with TinyEngine(where, {"nodes.show": refuse}), attach(where) as client:
        with pytest.raises(LeptonError) as caught:
            client.node("a")
        assert client.status().pid == STATUS["pid"]  # the connection is still good
    error = caught.value
    assert (error.message, error.hint, error.code) == ("No.", "Do that.", "because")


def test_a_wrong_token_is_refused(where):
    with TinyEngine(where):
        data = json.loads(where.engine_file.read_text())
        where.engine_file.write_text(json.dumps({**data, "token": "wrong"}))
        assert code_of(lambda: attach(where)) == "token"


def test_another_wire_version_is_named(where):
    with (
        TinyEngine(where, greeting=b"lepton-wire 99 engine\n"),
        pytest.raises(LeptonError, match="version 99"),
    ):
        attach(where)


def test_another_program_on_the_port_is_named(where):
    with (
        TinyEngine(where, greeting=b"HTTP/1.1 400 Bad Request\n"),
        pytest.raises(LeptonError, match="not an engine"),
    ):
        attach(where)


def test_another_product_version_is_named_but_works(where):
    with TinyEngine(where), attach(where) as client:
        assert "0.0.0" in client.version_problem
        assert lepton_desktop.__version__ in client.version_problem


def test_a_broken_connection_is_engine_gone_and_the_next_call_finds_the_new_engine(where):
    blocked = threading.Event()
    with TinyEngine(where, {"runs.list": lambda _: blocked.wait(10)}) as engine:
        client = attach(where)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(code_of, client.runs)
            while ("runs.list", {}) not in engine.calls:
                time.sleep(0.01)
            engine.drop_clients()
            assert waiting.result(timeout=10) == "engine_gone"
            blocked.set()
    with TinyEngine(where):
        assert client.status().pid == STATUS["pid"]
    client.close()


def test_an_idle_connection_that_the_engine_closed_is_not_used_again(where):
    with TinyEngine(where):
        client = attach(where)
    with TinyEngine(where):
        assert client.status().pid == STATUS["pid"]
    client.close()


def test_a_silent_engine_ends_in_a_timeout(where, monkeypatch):
    monkeypatch.setattr("lepton_desktop.client.engine_client.CALL_SECONDS", 0.2)
    wait = threading.Event()
    with TinyEngine(where, {"runs.list": lambda _: wait.wait(10)}), attach(where) as client:
        assert code_of(client.runs) == "timeout"
        assert client.status().pid == STATUS["pid"]
        wait.set()


def test_threads_do_not_wait_for_each_other(where):
    wait = threading.Event()
    answers = {"runs.list": lambda _: {"runs": []} if wait.wait(10) else None}
    with TinyEngine(where, answers) as engine, attach(where) as client:
        with ThreadPoolExecutor(4) as pool:
            slow = [pool.submit(client.runs) for _ in range(3)]
            assert client.status().pid == STATUS["pid"]
            wait.set()
            assert [item.result() for item in slow] == [[], [], []]
        assert engine.clients <= 4
        for _ in range(10):
            client.status()
        assert engine.clients <= 4  # connections are kept


def test_close_wakes_a_waiting_call(where):
    wait = threading.Event()
    with TinyEngine(where, {"changes.next": lambda _: wait.wait(10)}) as engine:
        client = attach(where)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(code_of, lambda: client.changes(1))
            while engine.calls[-1][0] != "changes.next":
                time.sleep(0.01)
            client.close()
            assert waiting.result(timeout=5) == "engine_gone"
        wait.set()
        assert code_of(client.status) == "engine_gone"


def test_changes_ask_for_topics_and_time(where):
    answer = {"revision": 7, "reset": True}
    with (
        TinyEngine(where, {"changes.next": lambda _: answer}) as engine,
        attach(where) as client,
    ):
        changes = client.changes(0, ["nodes"], timeout_seconds=1.5)
    assert (changes.revision, changes.reset, changes.nodes) == (7, True, [])
    assert engine.calls[-1][1] == {"revision": 0, "topics": ["nodes"], "timeout_seconds": 1.5}


def test_a_long_answer_arrives_whole(where):
    series = {"key": "k", "x": [float(i) for i in range(500_000)], "y": [0.5] * 500_000}
    answers = {"runs.metrics": lambda _: {"series": [series]}}
    with TinyEngine(where, answers), attach(where) as client:
        (got,) = client.metrics("r", ["k"])
    assert got.x == series["x"]


def test_garbage_from_the_engine_is_an_error_and_the_next_call_works(where):
    with TinyEngine(where, {"runs.list": lambda _: b"\xff{not json\n"}), attach(where) as client:
        assert code_of(client.runs) == "wire"
        assert client.status().pid == STATUS["pid"]
