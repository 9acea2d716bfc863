"""Finding and starting the real engine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from lepton_desktop.client import EngineClient, find_engine, start_engine
from lepton_desktop.client.process import is_alive
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import paths


def wait_until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        threading.Event().wait(0.05)


@pytest.fixture
def where(tmp_path):
    where = paths(tmp_path / "home")
    yield where
    address = find_engine(where)
    if address is None:
        return
    with EngineClient.connect(where.home, start=False) as client:
        client.stop_engine()
    wait_until(lambda: not is_alive(address.pid))


def test_an_engine_is_started_with_progress_and_found_again(where):
    said = []
    address = start_engine(where, said.append)
    assert said[0] == "Starting the engine"
    assert "ready" in said[-1]
    assert start_engine(where) == address
    with EngineClient.connect(where.home) as client:
        assert client.status().pid == address.pid
        assert client.version_problem == ""


def test_it_outlives_whoever_started_it_in_a_session_of_its_own(where):
    address = start_engine(where)
    assert os.getsid(address.pid) == address.pid


def test_starting_from_several_places_at_once_gives_one_engine(where):
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: start_engine(where).pid, range(3)))
    assert len(set(found)) == 1


def test_a_killed_engine_is_noticed_and_replaced(where):
    old = start_engine(where)
    with EngineClient.connect(where.home, start=False) as client:
        os.kill(old.pid, signal.SIGKILL)
        wait_until(lambda: find_engine(where) is None)
        with pytest.raises(LeptonError) as caught:
            client.status()
        assert caught.value.code in ("engine_gone", "engine_not_running")
        assert start_engine(where).pid != old.pid
        assert client.status().pid != old.pid


def test_a_stale_address_of_a_living_stranger_is_not_an_engine(where):
    where.make()
    stale = {"port": 1, "token": "x", "pid": psutil.Process().ppid()}
    where.engine_file.write_text(json.dumps(stale))
    assert find_engine(where) is None
    assert start_engine(where).pid != stale["pid"]


def test_a_dead_process_that_nobody_asked_for_is_not_alive():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        wait_until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
        assert not is_alive(child.pid)
    assert is_alive(os.getpid())


def test_a_start_that_fails_shows_the_end_of_the_log(where):
    where.make()
    where.store_file.mkdir()  # no database can be opened there
    with pytest.raises(LeptonError) as caught:
        start_engine(where)
    assert caught.value.code == "engine_start"
    assert "ended with code" in caught.value.message
    assert "store.sqlite" in caught.value.hint
    assert str(where.log_file) in caught.value.hint


def test_a_start_that_takes_too_long_is_given_up(where):
    with pytest.raises(LeptonError, match="did not answer within 0 s"):
        start_engine(where, deadline_seconds=0.0)
    wait_until(lambda: find_engine(where) is None)
