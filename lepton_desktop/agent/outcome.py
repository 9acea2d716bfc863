"""How a job ended, in a state and in words. Runs on every node, in the supervisor."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from lepton_desktop.agent.text import clean
from lepton_desktop.wire.node import State

TAIL_BYTES = 64 * 1024


def outcome(
    exit_code: int, stopped: bool = False, told: int = 0, error: str = ""
) -> tuple[State, str]:
    """State and reason of a job whose leader ended.

    Args:
        exit_code: Of the leader; negative is the signal that killed it.
        stopped: The operator asked for the end.
        told: Signal that ended the supervisor and the job with it.
        error: What the job itself said was wrong.
    """
    if stopped:
        return State.CANCELLED, "stopped"
    if told:
        return State.FAILED, f"the supervisor was told to end by signal {_named(told)}"
    if exit_code == 0:
        return State.SUCCEEDED, ""
    how = f"killed by signal {_named(-exit_code)}" if exit_code < 0 else f"exit code {exit_code}"
    return State.FAILED, f"{how}: {error}" if error else how


def _named(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)


def last_error(folder: Path) -> str:
    """The newest error event of the job, else the last line it printed."""
    for line in reversed(_tail(folder / "events.jsonl")):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and event.get("kind") == "error":
            return clean(str(event.get("text", "")))
    lines = [text for text in map(clean, _tail(folder / "output.log")) if text]
    return lines[-1] if lines else ""


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return stream.read(TAIL_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
