from dataclasses import replace

from lepton_desktop.engine.cluster.checks import node_checks
from lepton_desktop.wire.desk import Check, LinkState, NodeRow
from lepton_desktop.wire.node import HostSample, PythonEnvironment, Sample

PYTHON = PythonEnvironment("/py", "3.11.2", "venv", "2.13.0", "1.4.0", cuda="12.8")
UP = NodeRow(
    "n",
    "me@n:22",
    LinkState.UP,
    agent_version="0.1.0",
    clock_skew_seconds=0.1,
    sample=Sample(0.0, HostSample(disk_free_bytes=50 * 10**9)),
    environments=[PYTHON],
    python="/py",
)


def lines(row: NodeRow) -> dict[str, Check]:
    return {check.name: check for check in node_checks(row)}


def test_a_healthy_node_is_all_ok() -> None:
    found = lines(UP)
    assert list(found) == ["link", "python", "torch", "gymnasium", "disk", "clock"]
    assert {check.level for check in found.values()} == {"ok"}
    assert "CUDA 12.8" in found["torch"].message


def test_a_node_that_is_down_says_only_why() -> None:
    row = NodeRow("n", "a", LinkState.BLOCKED, "Key unknown.", "Trust it.", "host_key_unknown")
    assert node_checks(row) == [Check("link", "error", "Key unknown.", "Trust it.", "n")]
    row = NodeRow("n", "a", LinkState.RECONNECTING, "Refused.")
    assert node_checks(row)[0].level == "warning"


def test_missing_packages_are_named_with_the_command_that_mends_it() -> None:
    row = replace(UP, environments=[replace(PYTHON, torch=None)], python_problem="torch missing.")
    found = lines(row)["torch"]
    assert (found.level, found.hint) == ("error", "/py -m pip install torch")


def test_no_fit_python_is_an_error() -> None:
    row = replace(UP, environments=[], python="", python_problem="No Python was found.")
    assert lines(row)["python"].level == "error"


def test_little_disk_and_a_wrong_clock_are_warnings() -> None:
    row = replace(UP, sample=Sample(0.0, HostSample(disk_free_bytes=10**9)))
    row = replace(row, clock_skew_seconds=-7200.0)
    found = lines(row)
    assert (found["disk"].level, found["clock"].level) == ("warning", "warning")
    assert "7200.0 s behind" in found["clock"].message


def test_what_is_not_known_is_said_and_not_guessed() -> None:
    found = lines(replace(UP, sample=None, clock_skew_seconds=None))
    assert (found["disk"].level, found["clock"].level) == ("warning", "warning")
    assert "not known" in found["disk"].message
