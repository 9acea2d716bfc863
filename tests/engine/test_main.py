"""The engine as a program: one a home, found by its clients, ends cleanly."""

import itertools
import json
import os
import signal
import socket
import stat
import subprocess

import pytest

from lepton_desktop.client import EngineClient, find_engine
from lepton_desktop.engine.instance import Address, announce, sole_engine, where_it_runs
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import PACKAGE, Paths
from lepton_desktop.wire.desk import ENGINE_METHODS
from tests.engine.engine_process import EngineProcess, agents_of, wait_for


@pytest.fixture
def engine(tmp_path):
    with EngineProcess(tmp_path / "desk") as running:
        yield running


def run_again(engine):
    return subprocess.run(
        engine.command(), cwd=PACKAGE.parent, capture_output=True, text=True, timeout=30
    )


def test_second_start_says_where_the_first_runs_and_is_no_error(engine):
    second = run_again(engine)
    assert second.returncode == 0
    assert f"pid {engine.process.pid}" in second.stdout
    assert engine.client.status().pid == engine.process.pid


def test_address_file_is_private_and_gone_after_a_clean_end(engine):
    mode = stat.S_IMODE(engine.paths.engine_file.stat().st_mode)
    assert mode == 0o600
    engine.end()
    assert not engine.paths.engine_file.exists()
    assert "The engine ends" in engine.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_engine_with_status_0(tmp_path, number):
    engine = EngineProcess(tmp_path / "desk")
    engine.start()
    process = engine.process
    engine.end(number)
    assert process.returncode == 0
    wait_for(lambda: not agents_of(engine.paths.home))


def test_engine_stop_answers_and_ends_it(engine):
    engine.client.stop_engine()
    assert engine.process.wait(20) == 0
    engine.client.close()
    engine.client = None


def test_engine_killed_by_9_is_replaced_and_its_address_too(tmp_path):
    engine = EngineProcess(tmp_path / "desk")
    engine.start()
    old = json.loads(engine.paths.engine_file.read_text())
    engine.kill()
    assert engine.paths.engine_file.exists()
    assert find_engine(engine.paths) is None
    engine.start()
    try:
        new = json.loads(engine.paths.engine_file.read_text())
        assert new["pid"] == engine.process.pid
        assert new["token"] != old["token"]
    finally:
        engine.end()


def test_address_of_a_stranger_with_the_same_pid_is_replaced(tmp_path):
    engine = EngineProcess(tmp_path / "desk")
    engine.paths.make()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    announce(engine.paths, Address(port, "old", os.getpid(), "0", 0.0))
    with engine:
        assert engine.client.status().pid == engine.process.pid


def test_changes_of_a_new_engine_reset_the_clients_of_the_old_one(tmp_path):
    engine = EngineProcess(tmp_path / "desk")
    with engine:
        before = engine.client.changes(0)
        assert before.reset
        assert [row.name for row in before.nodes] == ["this-computer"]
        engine.kill()
        engine.start()
        after = engine.client.changes(before.revision)
        assert after.reset
        assert after.revision > before.revision


def test_status_activity_and_empty_lists_are_answered(engine):
    client = engine.client
    assert client.status().home == str(engine.paths.home)
    assert client.runs() == []
    wait_for(lambda: any("Link up" in row.what for row in client.activity()))
    with pytest.raises(LeptonError) as caught:
        client.call("no.such")
    assert caught.value.code == "unknown_method"
    with pytest.raises(LeptonError) as caught:
        client.run("nothing")
    assert caught.value.code == "run_unknown"


def test_every_method_of_the_contract_is_answered(engine):
    unknown = []
    for method in ENGINE_METHODS:
        if method in ("engine.stop", "changes.next"):
            continue  # they end the engine, or wait
        try:
            engine.client.call(method)
        except LeptonError as error:
            if error.code in ("unknown_method", "internal"):
                unknown.append((method, error.code))
    assert unknown == []


ODD = [-5, "x", [5], {"a": {}}]
NAMES = [
    *("spec", "run_id", "name", "limit", "width", "keys", "x_from", "before", "job_id"),
    *("topics", "revision", "timeout_seconds"),
]


@pytest.mark.slow
def test_params_of_a_wrong_type_are_the_callers_error(engine):
    own = ("runs.", "rewards.", "environments.", "plugins.", "activity.", "changes.", "engine.")
    methods = [one for one in ENGINE_METHODS if one.startswith(own) and one != "engine.stop"]
    bugs = []
    for method, name, odd in itertools.product(methods, NAMES, ODD):
        try:
            engine.client.call(method, **{name: odd})
        except LeptonError as error:
            if error.code in ("internal", "timeout"):
                bugs.append((method, name, odd, error.message))
    assert bugs == []


def test_wrong_token_is_refused(engine):
    address = json.loads(engine.paths.engine_file.read_text())
    engine.paths.engine_file.write_text(json.dumps({**address, "token": "wrong"}))
    with pytest.raises(LeptonError) as caught:
        EngineClient.connect(engine.paths.home, start=False)
    assert caught.value.code == "token"


def test_damaged_store_is_kept_aside_with_a_next_step_and_the_next_start_works(tmp_path):
    engine = EngineProcess(tmp_path / "desk")
    engine.paths.make()
    engine.paths.store_file.write_bytes(b"no database, this " * 300)
    failed = run_again(engine)
    assert failed.returncode == 1
    assert "damaged" in failed.stderr
    assert "start again" in failed.stderr
    assert not engine.paths.engine_file.exists()
    with engine:
        assert engine.client.runs() == []
    assert [file for file in engine.paths.home.iterdir() if "damaged" in file.name]


def test_home_that_cannot_be_made_is_an_error_with_a_hint(tmp_path):
    (tmp_path / "file").write_text("")
    engine = EngineProcess(tmp_path / "file" / "desk")
    failed = run_again(engine)
    assert failed.returncode == 1
    assert "LEPTON_HOME" in failed.stderr


def test_lock_is_for_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("lepton_desktop.engine.instance.ANNOUNCED_SECONDS", 0.1)
    home = Paths(tmp_path)
    with sole_engine(home) as first, sole_engine(home) as second:
        assert (first, second) == (True, False)
        assert "has not said where" in where_it_runs(home)
    with sole_engine(home) as third:
        assert third


def test_log_names_each_thing_once(engine):
    wait_for(lambda: "Link up" in engine.log())
    assert engine.log().count("port") == 1
