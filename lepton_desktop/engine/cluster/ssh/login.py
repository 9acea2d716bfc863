"""Proves who we are: key file, default keys, SSH agent, password. Runs in the engine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.pkey import UnknownKeyType

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.route import Hop, Login
from lepton_desktop.engine.cluster.ssh.way import BROKEN
from lepton_desktop.errors import LeptonError

AGENT_KEY_LIMIT = 4
"""Servers hang up after six attempts; the key file and the password need two of them."""
DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


def log_in(transport: paramiko.Transport, hop: Hop, login: Login) -> None:
    """Try what there is and what the server accepts.

    Raises:
        LeptonError: Nothing worked; the message names what was tried.
    """
    tried: list[str] = []
    allowed = _allowed_methods(transport, hop.user)
    problem: LeptonError | None = None
    with contextlib.ExitStack() as stack:
        for attempt in _attempts(login, stack):
            if transport.is_authenticated() or not transport.is_active():
                break
            if isinstance(attempt, LeptonError):
                problem = problem or attempt
            elif attempt.method in allowed:
                tried.append(attempt.label)
                allowed = attempt.run(transport, hop.user) or allowed
    if transport.is_authenticated():
        return
    if not tried and problem is None and not transport.is_active():
        raise reasons.unreachable(hop.address, "the connection broke at the login")
    if problem is not None and login.password is None:
        raise problem
    raise reasons.login_refused(hop.user, hop.address, tried, allowed)


def _allowed_methods(transport: paramiko.Transport, user: str) -> list[str]:
    try:
        transport.auth_none(user)
    except paramiko.BadAuthenticationType as error:
        return list(error.allowed_types)
    except BROKEN:
        pass
    return ["publickey", "password", "keyboard-interactive"]


@dataclass(frozen=True)
class _Attempt:
    method: str
    label: str
    send: Callable[[paramiko.Transport, str], list[str]]

    def run(self, transport: paramiko.Transport, user: str) -> list[str]:
        """The methods that are still wanted after this one was accepted as a first factor."""
        try:
            return self.send(transport, user)
        except BROKEN:
            return []


def _attempts(login: Login, stack: contextlib.ExitStack) -> Iterator[LeptonError | _Attempt]:
    """In the order OpenSSH tries; a key that cannot be read yields the error instead."""
    names = [login.key] if login.key else [f"~/.ssh/{name}" for name in DEFAULT_KEYS]
    for name in names:
        if not login.key and not Path(name).expanduser().exists():
            continue
        try:
            key = _load_key(name, login.passphrase)
        except LeptonError as error:
            if login.key or error.code != "key_file":
                yield error
            continue
        yield _key_attempt(f"key {name}", key)
    for agent_key in _agent_keys(login.key, stack):
        yield _key_attempt(f"agent key {agent_key.comment or agent_key.get_name()}", agent_key)
    if login.password is not None:
        password = login.password
        yield _Attempt(
            "password", "password", lambda t, user: t.auth_password(user, password, fallback=False)
        )
        yield _Attempt(
            "keyboard-interactive",
            "keyboard-interactive",
            lambda t, user: t.auth_interactive(
                user,
                lambda _title, _text, prompts: ["" if echo else password for _, echo in prompts],
            ),
        )


def _key_attempt(label: str, key: paramiko.PKey) -> _Attempt:
    return _Attempt("publickey", label, lambda t, user: t.auth_publickey(user, key))


def _load_key(name: str, passphrase: str | None) -> paramiko.PKey:
    path = Path(name).expanduser()
    try:
        return paramiko.PKey.from_path(path)
    except OSError as error:
        raise reasons.key_file(name, error.strerror or str(error)) from None
    except (TypeError, paramiko.PasswordRequiredException):
        pass  # encrypted
    except (ValueError, paramiko.SSHException, UnknownKeyType):
        raise reasons.key_file(name, "it is not a private key that is understood here") from None
    if passphrase is None:
        raise reasons.passphrase_needed(name)
    try:
        # The annotation says str, the library below it wants bytes.
        return paramiko.PKey.from_path(path, passphrase.encode())  # type: ignore[arg-type]
    except (ValueError, TypeError, paramiko.SSHException):
        raise reasons.passphrase_wrong(name) from None


def _agent_keys(chosen: str, stack: contextlib.ExitStack) -> list[paramiko.AgentKey]:
    """The SSH agent's keys; the one that belongs to the chosen key file comes first."""
    try:
        agent = paramiko.Agent()
        stack.callback(agent.close)
        keys = list(agent.get_keys())
    except BROKEN:
        return []
    wanted = ""
    if chosen:
        with contextlib.suppress(OSError, IndexError):
            wanted = Path(f"{chosen}.pub").expanduser().read_text().split()[1]
    keys.sort(key=lambda key: key.get_base64() != wanted)
    return keys[:AGENT_KEY_LIMIT]
