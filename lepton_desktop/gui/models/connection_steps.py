"""How far the connection to a node has come, as five steps. Pure functions; runs in the window."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.wire.desk import LinkState, NodeRow

STEPS = ("reach", "host_key", "login", "agent", "environment")


class StepState(enum.Enum):
    """Where one step stands."""

    WAITING = "waiting"
    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    WARNING = "warning"


@dataclass(frozen=True)
class ConnectionStep:
    """One line of the list in the Add node sheet."""

    key: str
    title: str
    state: StepState
    detail: str = ""


FAILED_STEP = {
    "host_key_unknown": "host_key",
    "host_key_changed": "host_key",
    "login_refused": "login",
    "passphrase_needed": "login",
    "key_file": "login",
    "sftp_missing": "agent",
    "python_missing": "agent",
    "python_old": "agent",
    "home_not_writable": "agent",
    "disk_full": "agent",
    "shell_noise": "agent",
    "agent_failed": "agent",
}
"""Codes of the engine's reasons; every other one is about reaching the node."""

SECRET_CODES = frozenset({"login_refused", "passphrase_needed", "key_file"})

FIELD_OF_CODE = {
    "dns": "host",
    "timeout": "host",
    "refused": "port",
    "not_ssh": "port",
    "login_refused": "user",
    "key_file": "key",
    "passphrase_needed": "passphrase",
    "jump": "jump",
    "name": "name",
    "node_exists": "name",
}
"""The field of the form beside which an error is shown."""

_WORDS = (
    ("environment", ("environment",)),
    ("agent", ("agent", "push", "unpack", "look", "start")),
    ("login", ("log",)),
    ("host_key", ("key",)),
)


def steps(row: NodeRow | None) -> list[ConnectionStep]:
    """The steps for what the engine says of the node; None: nothing was asked yet."""
    current, state = _current(row)
    place = STEPS.index(current) if current else -1
    found = []
    for number, key in enumerate(STEPS):
        if number == place:
            found.append(ConnectionStep(key, title(key), state, _detail(row, key, state)))
        elif number < place:
            found.append(ConnectionStep(key, title(key), StepState.DONE, _done_detail(row, key)))
        else:
            found.append(ConnectionStep(key, title(key), StepState.WAITING))
    return found


def title(key: str) -> str:
    """What the step is called."""
    names = {
        "reach": QCoreApplication.translate("steps", "Reach the host"),
        "host_key": QCoreApplication.translate("steps", "Check the host key"),
        "login": QCoreApplication.translate("steps", "Log in"),
        "agent": QCoreApplication.translate("steps", "Start the agent"),
        "environment": QCoreApplication.translate("steps", "Find a training environment"),
    }
    return names[key]


def _current(row: NodeRow | None) -> tuple[str, StepState]:
    if row is None:
        return "", StepState.WAITING
    if row.state is LinkState.UP:
        return "environment", StepState.DONE if row.python else StepState.WARNING
    if row.state is LinkState.CONNECTING:
        return _step_of(row.step), StepState.ACTIVE
    state = StepState.WARNING if row.code == "host_key_unknown" else StepState.FAILED
    return FAILED_STEP.get(row.code, "reach"), state


def _step_of(words: str) -> str:
    lowered = words.lower()
    for key, signs in _WORDS:
        if any(sign in lowered for sign in signs):
            return key
    return "reach"


def _detail(row: NodeRow | None, key: str, state: StepState) -> str:
    if row is None:
        return ""
    if state is StepState.ACTIVE:
        return plain(row.step)
    if state is StepState.DONE:
        return _done_detail(row, key)
    if state is StepState.WARNING and key == "environment":
        return plain(row.python_problem)
    return plain(" ".join(part for part in (row.reason, row.hint) if part))


def _done_detail(row: NodeRow | None, key: str) -> str:
    if row is None:
        return ""
    if key == "reach":
        return plain(row.address)
    if key == "host_key":
        return f"{row.key_algorithm} {row.host_key}".strip()
    if key == "environment":
        return plain(row.python)
    return plain(row.agent_version) if key == "agent" else ""
