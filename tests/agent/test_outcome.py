from pathlib import Path

import pytest

from lepton_desktop.agent.outcome import last_error, outcome
from lepton_desktop.wire.node import State


@pytest.mark.parametrize(
    ("arguments", "state", "reason"),
    [
        ({"exit_code": 0}, State.SUCCEEDED, ""),
        ({"exit_code": 1}, State.FAILED, "exit code 1"),
        ({"exit_code": 2, "error": "NaN"}, State.FAILED, "exit code 2: NaN"),
        ({"exit_code": -9}, State.FAILED, "killed by signal 9 (SIGKILL)"),
        ({"exit_code": -11, "error": "x"}, State.FAILED, "killed by signal 11 (SIGSEGV): x"),
        ({"exit_code": -63}, State.FAILED, "killed by signal 63"),
        ({"exit_code": 0, "stopped": True}, State.CANCELLED, "stopped"),
        ({"exit_code": -15, "stopped": True, "told": 15}, State.CANCELLED, "stopped"),
        (
            {"exit_code": -15, "told": 15},
            State.FAILED,
            "the supervisor was told to end by signal 15 (SIGTERM)",
        ),
    ],
)
def test_every_way_to_end(arguments: dict[str, int], state: State, reason: str) -> None:
    assert outcome(**arguments) == (state, reason)  # type: ignore[arg-type]


def test_error_events_speak_before_output(tmp_path: Path) -> None:
    assert last_error(tmp_path) == ""
    (tmp_path / "output.log").write_bytes(b"first\n\xff\x1b[0mlast\n \n")
    assert last_error(tmp_path) == "\ufffd [0mlast"
    (tmp_path / "events.jsonl").write_text(
        '{"kind": "error", "text": "old"}\n{"kind": "error", "text": "new\\nline"}\n'
        '{"kind": "notice", "text": "after"}\n[1]\n{"torn'
    )
    assert last_error(tmp_path) == "new line"


def test_a_long_output_is_read_from_its_end_only(tmp_path: Path) -> None:
    (tmp_path / "output.log").write_bytes(b"x" * 1_000_000 + b"\nthe end\n")
    assert last_error(tmp_path) == "the end"
