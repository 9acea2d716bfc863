"""One demo node: an SSH server on 127.0.0.1 that executes commands and serves SFTP.

Runs on the desk, in threads of the demo. It accepts one key and nothing else.
"""

from __future__ import annotations

import contextlib
import getpass
import hmac
import io
import os
import socket
import threading
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paramiko import common

from lepton_desktop.demo.commands import Command
from lepton_desktop.demo.sftp import LabFiles

LOG_CHANNEL = "lepton_desktop.demo.lab"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ")
"""What a command inherits: like sshd, not the whole environment of the desk."""


def new_key() -> tuple[paramiko.Ed25519Key, str]:
    """A fresh Ed25519 key and its text in OpenSSH's format."""
    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return paramiko.Ed25519Key(file_obj=io.StringIO(text)), text


class SshServer:
    """A listening demo node.

    Attributes:
        port: Where it listens on 127.0.0.1.
        fingerprint: ``SHA256:…`` of its host key.
    """

    def __init__(self, login: Path, client_key: paramiko.PKey, env: dict[str, str]) -> None:
        self._login = login
        self._client_key = client_key
        self._host_key, _ = new_key()
        shell = "/bin/sh"
        inherited = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        user = getpass.getuser()
        self._env = {**inherited, "USER": user, "LOGNAME": user, "SHELL": shell, **env}
        self._lock = threading.Lock()
        self._transports: list[paramiko.Transport] = []
        self._commands: list[Command] = []
        self._closing = False
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.fingerprint: str = self._host_key.fingerprint
        self._thread = threading.Thread(target=self._accept, name=f"lab ssh {self.port}")
        self._thread.daemon = True
        self._thread.start()

    def drop_links(self) -> None:
        """Cut every connection, as a pulled cable would; what commands started goes on."""
        with self._lock:
            transports, self._transports = self._transports, []
        for transport in transports:
            transport.close()

    def close(self) -> None:
        """Stop to listen, cut the connections, kill what was executed and its process groups."""
        with self._lock:
            self._closing = True
        # shutdown wakes the thread that waits in accept; close alone would not
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)
        with self._lock:
            transports, commands = list(self._transports), list(self._commands)
        for command in commands:
            command.end()
        for transport in transports:
            transport.close()
            transport.join(timeout=5)

    def execute(self, channel: paramiko.Channel, command: str) -> bool:
        """Start ``command`` on ``channel``; False when that cannot be done."""
        with self._lock:
            if self._closing:
                return False
            self._commands = [old for old in self._commands if old.is_running]
            try:
                started = Command(channel, command, self._login, self._env)
            except OSError:
                return False
            self._commands.append(started)
        started.start()
        return True

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        transport.set_log_channel(LOG_CHANNEL)
        transport.add_server_key(self._host_key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, LabFiles, self._login)
        with self._lock:
            if self._closing:
                transport.close()
                return
            self._transports = [old for old in self._transports if old.is_alive()]
            self._transports.append(transport)
            # with an event the negotiation goes on in the transport's own thread
            transport.start_server(threading.Event(), _Door(self, self._client_key))


class _Door(paramiko.ServerInterface):
    """Who may come in and what they may ask for, on one connection."""

    def __init__(self, server: SshServer, client_key: paramiko.PKey) -> None:
        self._server = server
        self._client_key = client_key

    def get_allowed_auths(self, username: str) -> str:
        """Keys only."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Only the key that was made for this demo."""
        same = hmac.compare_digest(key.asbytes(), self._client_key.asbytes())
        return common.AUTH_SUCCESSFUL if same else common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions only: no forwarding."""
        if kind == "session":
            return common.OPEN_SUCCEEDED
        return common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """Run a command."""
        return self._server.execute(channel, command.decode("utf-8", "surrogateescape"))
