import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton_desktop.agent.home import NodeHome
from lepton_desktop.wire import framing
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.framing import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    OPERATOR_ERROR,
    UNKNOWN_METHOD,
    Notification,
)
from lepton_desktop.wire.node import AGENT_METHODS, AgentHello
from tests.agent.agent_process import CURRENT, AgentProcess, wait_until
from tests.agent.conftest import StartAgent


def test_hello_comes_first_and_names_the_node(any_agent: AgentProcess, home: NodeHome) -> None:
    first = any_agent.wait_for(lambda message: True)
    assert framing.read_hello(any_agent.lines[0]) == "agent"
    assert isinstance(first, Notification)
    assert first.method == "agent.hello"
    hello = build(AgentHello, first.params)
    assert hello.home == str(home.root)
    assert hello.pid == any_agent.process.pid
    assert hello.boot_id
    assert abs(hello.time - time.time()) < 60


def test_every_method_of_the_contract_is_known(any_agent: AgentProcess) -> None:
    for method in AGENT_METHODS:
        if method != "agent.quit":
            ident = any_agent.request(method)
            reply = any_agent.wait_for(lambda m, ident=ident: getattr(m, "id", None) == ident)
            assert getattr(reply, "code", 0) in (0, INVALID_PARAMS, OPERATOR_ERROR)


def test_unknown_method_and_bad_params_are_failures(agent: AgentProcess) -> None:
    assert agent.failure("node.explode").code == UNKNOWN_METHOD
    assert agent.failure("job.status").code == INVALID_PARAMS
    assert agent.failure("job.status", job_id=7).code == INVALID_PARAMS
    assert agent.failure("job.start", job={"job_id": "a"}).code == INVALID_PARAMS
    assert agent.failure("job.status", job_id="../..").code == OPERATOR_ERROR
    assert agent.failure("job.follow", job_id="a", offsets={"passwd": 0}).code == INVALID_PARAMS


def test_dropped_lines_are_counted_and_never_fatal(agent: AgentProcess) -> None:
    agent.write(b"\x00\xff\xfe binary\n[1,2]\n{}\n")
    agent.write(b"x" * (framing.MAX_LINE_BYTES + 10) + b"\n")
    assert agent.call("node.ping")["dropped_lines"] == 4
    assert "dropped" in agent.errors


def test_a_second_hello_is_a_line_that_makes_no_sense(agent: AgentProcess) -> None:
    agent.write(framing.hello("engine"))
    assert agent.call("node.ping")["dropped_lines"] == 1


def test_other_wire_version_is_named(start_agent: StartAgent) -> None:
    agent = start_agent(hello=b"lepton-wire 99 engine\n")
    message = agent.wait_for(lambda m: isinstance(m, framing.Failure))
    assert "version 99" in getattr(message, "message", "")
    assert agent.process.wait(10) == 1
    assert "version 99" in agent.errors


def test_agent_ends_when_stdin_closes(any_agent: AgentProcess) -> None:
    any_agent.call("node.ping")
    assert any_agent.close() == 0


def test_agent_ends_on_quit(agent: AgentProcess) -> None:
    assert agent.call("agent.quit") == {}
    assert agent.process.wait(10) == 0


def test_agent_ends_although_a_request_is_under_way(agent: AgentProcess, slow_python: Path) -> None:
    agent.request("python.list", paths=[str(slow_python)])
    wait_until(lambda: (slow_python.parent / "began").exists())
    began = time.monotonic()
    assert agent.close() == 0
    assert time.monotonic() - began < 5
    pid = int((slow_python.parent / "began").read_text())
    os.kill(pid, 9)


@pytest.fixture
def slow_python(tmp_path: Path) -> Path:
    """An "interpreter" that hangs."""
    path = tmp_path / "slow" / "python"
    path.parent.mkdir()
    path.write_text(
        f"#!/bin/sh\necho $$ > {path.parent}/began.new\n"
        f"mv {path.parent}/began.new {path.parent}/began\nexec sleep 600\n"
    )
    path.chmod(0o755)
    return path


def test_a_slow_request_delays_neither_telemetry_nor_others(
    agent: AgentProcess, slow_python: Path
) -> None:
    agent.request("python.list", paths=[str(slow_python)])
    wait_until(lambda: (slow_python.parent / "began").exists())
    agent.call("telemetry.start", interval_seconds=0.2)
    began = time.monotonic()
    agent.call("node.ping")
    for _ in range(5):
        agent.wait_for_new(_is_sample, 5)
    assert time.monotonic() - began < 4
    os.kill(int((slow_python.parent / "began").read_text()), 9)


def _is_sample(message: framing.Message) -> bool:
    return isinstance(message, Notification) and message.method == "telemetry.sample"


def test_stray_prints_never_reach_the_wire(start_agent: StartAgent, tmp_path: Path) -> None:
    (tmp_path / "pynvml.py").write_text(
        "import os\nprint('hello from a library')\nos.write(1, b'raw bytes\\n')\n"
        "def nvmlInit(): raise OSError('no driver')\n"
    )
    agent = start_agent(CURRENT, env={"PYTHONPATH": str(tmp_path)})
    assert "no driver" in agent.call("node.describe")["reasons"]["gpu.nvidia"]
    agent.close()
    assert b"library" not in b"".join(agent.lines)
    assert "hello from a library" in agent.errors
    assert "raw bytes" in agent.errors


def test_home_that_cannot_be_made_is_a_failure_with_a_hint(
    start_agent: StartAgent, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    agent = start_agent(home=tmp_path / "file" / "home")
    message = agent.wait_for(lambda m: isinstance(m, framing.Failure))
    assert "cannot be made" in getattr(message, "message", "")
    assert agent.process.wait(10) == 1
    assert "cannot be made" in agent.errors


def test_results_are_plain_json(any_agent: AgentProcess) -> None:
    any_agent.call("node.describe")
    any_agent.call("processes.list")
    for line in any_agent.lines[1:]:
        text = line.decode("ascii")
        json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} on the wire"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
params = st.dictionaries(
    st.sampled_from(
        ["job_id", "job", "offsets", "path", "offset", "limit", "paths", "address", "grace_seconds"]
    ),
    json_values,
    max_size=4,
)
safe_methods = sorted(set(AGENT_METHODS) - {"agent.quit", "python.list", "telemetry.start"})
calls = st.fixed_dictionaries(
    {"id": json_values, "method": st.sampled_from(safe_methods) | json_values, "params": params}
)
garbage = st.binary(max_size=200) | calls.map(lambda body: json.dumps(body).encode("utf-8"))


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AgentProcess]:
    home = tmp_path_factory.mktemp("fuzzed")
    running: list[AgentProcess] = []

    def get() -> AgentProcess:
        if not running:
            running.append(AgentProcess(home))
            running[0]._number = 10**12
        return running[0]

    return get


def test_no_input_stops_the_request_loop(fuzzed: Callable[[], AgentProcess]) -> None:
    agent = fuzzed()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(garbage, max_size=5))
    def attack(lines: list[bytes]) -> None:
        agent.write(b"\n".join([*lines, b""]))
        assert agent.call("node.ping")["time"] > 0

    attack()
    bugs = [m for m in agent.messages if isinstance(m, framing.Failure)]
    assert [m.message for m in bugs if m.code == INTERNAL_ERROR] == []
    assert agent.close() == 0
