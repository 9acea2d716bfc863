"""Why a node cannot be used, in words: every failure with its message, hint and code.

Runs in the engine. ``BLOCKING`` are the codes that a retry cannot mend.
"""

from __future__ import annotations

import errno
import os
import re
from typing import Any

from lepton_desktop.errors import LeptonError

BLOCKING = frozenset(
    {
        "host_key_unknown",
        "host_key_changed",
        "login_refused",
        "passphrase_needed",
        "key_file",
        "not_ssh",
        "sftp_missing",
        "sessions",
        "python_missing",
        "python_old",
        "home_not_writable",
        "disk_full",
        "shell_noise",
        "agent_failed",
        "jump",
        "bug",
    }
)

# A machine that boots refuses logins and lacks its network home for a while.
PASSING_AFTER_UP = frozenset(
    {"login_refused", "not_ssh", "sftp_missing", "python_missing", "home_not_writable"}
    | {"disk_full", "shell_noise", "agent_failed"}
)

# The second try pushes the agent anew, which mends a folder that somebody cleaned up.
WORTH_A_SECOND_TRY = frozenset({"agent_failed"})

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain_text(text: str, limit: int = 300) -> str:
    """Text from a node, without control characters, cut to a length that fits a row."""
    clean = " ".join(_CONTROL.sub("", text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def last_line(output: bytes) -> str:
    """What a program ended with; of a traceback that is the error."""
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return plain_text(lines[-1]) if lines else ""


def plain_json(value: object) -> Any:  # noqa: ANN401
    """The same JSON value without control characters in its texts."""
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if isinstance(value, list):
        return [plain_json(item) for item in value]
    if isinstance(value, dict):
        return {plain_json(key): plain_json(item) for key, item in value.items()}
    return value


def name_not_found(host: str) -> LeptonError:
    """DNS."""
    return LeptonError(
        f"The host name '{host}' cannot be resolved.",
        "Check the spelling and whether this computer's network or VPN is up.",
        code="dns",
    )


def refused(address: str) -> LeptonError:
    """A closed port."""
    return LeptonError(
        f"{address} refuses the connection.",
        "Check the port and that an SSH server runs there.",
        code="refused",
    )


def unreachable(address: str, detail: str = "") -> LeptonError:
    """No answer, or no route."""
    cause = f" ({plain_text(detail, 100)})" if detail else ""
    return LeptonError(
        f"{address} does not answer{cause}.",
        "Check that the machine is on, that the address is right and that no firewall is between.",
        code="timeout",
    )


def not_ssh(address: str, detail: str) -> LeptonError:
    """Something else listens, or the server hangs up in the handshake."""
    return LeptonError(
        f"{address} does not speak SSH: {plain_text(detail, 150)}.",
        "Check the port; an overloaded SSH server also hangs up here.",
        code="not_ssh",
    )


def login_refused(user: str, address: str, tried: list[str], allowed: list[str]) -> LeptonError:
    """No method worked; the hint depends on what could not be tried."""
    attempts = ", ".join(tried) if tried else "nothing to try"
    accepts = f"; the server accepts {', '.join(allowed)}" if allowed else ""
    if "SSH_AUTH_SOCK" not in os.environ and not any(item.startswith("key") for item in tried):
        hint = (
            "No SSH agent could be asked because SSH_AUTH_SOCK is not set, as happens to programs "
            "started from a desktop icon. Choose a key file or enter the password."
        )
    else:
        hint = (
            "Check the user name, put the public key into ~/.ssh/authorized_keys on the node, "
            "choose another key file or enter the password."
        )
    return LeptonError(
        f"{address} refused the login of {user} (tried: {attempts}{accepts}).",
        hint,
        code="login_refused",
    )


def passphrase_needed(path: str) -> LeptonError:
    """An encrypted key."""
    return LeptonError(
        f"The key file {path} is protected by a passphrase.",
        "Enter the passphrase, or add the key to the SSH agent with ssh-add.",
        code="passphrase_needed",
    )


def passphrase_wrong(path: str) -> LeptonError:
    """An encrypted key and the wrong words."""
    return LeptonError(
        f"The passphrase does not open the key file {path}.",
        "Enter it again.",
        code="passphrase_needed",
    )


def key_file(path: str, detail: str) -> LeptonError:
    """A key that is not there or not a key."""
    return LeptonError(
        f"The key file {path} cannot be used: {plain_text(detail, 150)}.",
        "Choose a private key file that you may read.",
        code="key_file",
    )


def sftp_missing(address: str) -> LeptonError:
    """No file transfer."""
    return LeptonError(
        f"The SSH server of {address} offers no file transfer (SFTP).",
        "Add 'Subsystem sftp internal-sftp' to its sshd_config.",
        code="sftp_missing",
    )


def too_many_sessions(address: str) -> LeptonError:
    """The agent holds one session; files and probes need another for moments."""
    return LeptonError(
        f"The SSH server of {address} refuses a further session.",
        "Set MaxSessions in its sshd_config to 4 or more.",
        code="sessions",
    )


def python_missing() -> LeptonError:
    """Nothing called python3."""
    return LeptonError(
        "No python3 was found on the node.",
        "Install Python 3.9 or newer there, or name an interpreter in the node's settings.",
        code="python_missing",
    )


def python_old(path: str, version: str) -> LeptonError:
    """Only old interpreters."""
    return LeptonError(
        f"The node's Python is too old: {plain_text(path, 200)} is {plain_text(version, 20)}.",
        "Install Python 3.9 or newer there, or name a newer interpreter in the node's settings.",
        code="python_old",
    )


def home_not_writable(home: str, detail: str = "") -> LeptonError:
    """No place for the agent."""
    cause = f": {plain_text(detail, 150)}" if detail else ""
    return LeptonError(
        f"The node home {plain_text(home, 200)} cannot be written{cause}.",
        "Set another node home in the node's settings, or mend the permissions.",
        code="home_not_writable",
    )


def disk_full(where: str) -> LeptonError:
    """No space."""
    return LeptonError(
        f"The disk that holds {plain_text(where, 200)} is full.",
        "Free some space there, or set another node home in the node's settings, then reconnect.",
        code="disk_full",
    )


def shell_noise(seen: str) -> LeptonError:
    """The login shell talks so much that no answer was found in it."""
    return LeptonError(
        f"The node's login shell printed too much or ended early: {plain_text(seen, 120)!r}.",
        "Let .bashrc and .profile print only when the shell is interactive.",
        code="shell_noise",
    )


def is_full(error: OSError) -> bool:
    """Whether a write failed for want of space or quota."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def agent_failed(detail: str) -> LeptonError:
    """The agent did not say hello."""
    return LeptonError(
        f"The agent did not start on the node: {plain_text(detail, 250) or 'no output'}.",
        "Run `leptonctl node test NAME` for details.",
        code="agent_failed",
    )


def link_down(name: str, why: str = "") -> LeptonError:
    """A call to a node that is not UP, or lost while the call ran."""
    return LeptonError(
        f"The link to {name} is down{': ' + why if why else ''}.",
        "It is tried again by itself; see the node's row.",
        code="link_down",
    )
