"""One connection through all hops: execute commands, move files. Blocks; runs in the engine."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO, Any, cast

import paramiko

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.hostkeys import HostKey, KeyCheck
from lepton_desktop.engine.cluster.route import Hop, Login
from lepton_desktop.engine.cluster.ssh.login import log_in
from lepton_desktop.engine.cluster.ssh.way import (
    BROKEN,
    FirstBytes,
    open_socket,
    open_through,
    shake_hands,
)
from lepton_desktop.errors import LeptonError

LOGIN_SECONDS = 20.0
EXECUTE_SECONDS = 30.0
SESSION_PAUSES_SECONDS = (0.1, 0.3, 1.0, 0.0)
"""A session that was just closed counts against the server's limit for a moment."""
OUTPUT_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Executed:
    """What a command printed and how it ended; -1 when the server did not say."""

    code: int
    output: str
    errors: str


class SshConnection:
    """One way to one node. ``close`` may be called from any thread, also while connecting."""

    def __init__(
        self, route: list[Hop], login: Login, keys: KeyCheck, tell: Callable[[str], None]
    ) -> None:
        self._route = route
        self._login = login
        self._keys = keys
        self._tell = tell
        self._transports: list[paramiko.Transport] = []
        self._socket: socket.socket | None = None
        self._closed = False
        self.host_key: HostKey | None = None

    @property
    def address(self) -> str:
        """Of the node itself."""
        return self._route[-1].address

    def connect(self) -> None:
        """Go through all hops; each key is verified before anything is sent to that host.

        Raises:
            LeptonError: With the code that says which step failed.
        """
        try:
            for index, hop in enumerate(self._route):
                final = index == len(self._route) - 1
                self._tell(f"Connecting to {hop.address}")
                transport = self._handshake(hop, self._open_way(hop))
                self.host_key = self._verify(transport, hop)
                self._tell(f"Logging in to {hop.address}")
                # A password is meant for the node alone; a passphrase never leaves this computer.
                log_in(
                    transport, hop, self._login if final else replace(self._login, password=None)
                )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up, also in the middle of connecting."""
        self._closed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # wakes paramiko's thread, which sleeps in it
                self._socket.shutdown(socket.SHUT_RDWR)
        for transport in reversed(self._transports):
            with contextlib.suppress(*BROKEN):  # a hop that has gone cannot be told
                transport.close()
        if self._socket is not None:
            self._socket.close()

    def execute(
        self, command: str, stdin: bytes = b"", timeout: float = EXECUTE_SECONDS
    ) -> Executed:
        """Run a command to its end.

        Raises:
            LeptonError: The connection broke or the command took too long.
        """
        deadline = time.monotonic() + timeout
        with self._translated(), contextlib.closing(self._session(timeout)) as channel:
            channel.exec_command(command)
            channel.sendall(stdin)
            channel.shutdown_write()
            output = _read_all(channel.recv, deadline)
            errors = _read_all(channel.recv_stderr, deadline)
            channel.status_event.wait(max(0.1, deadline - time.monotonic()))
            code = channel.exit_status
        return Executed(code, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"))

    def open(self, command: str) -> paramiko.Channel:
        """Start a command and keep its streams.

        Raises:
            LeptonError: The connection broke.
        """
        with self._translated():
            channel = self._session(EXECUTE_SECONDS)
            channel.exec_command(command)
        return channel

    def upload(
        self, data: bytes, path: str, progress: Callable[[int, int], object] | None = None
    ) -> None:
        """Write a file whose folder exists; folders above it are made.

        Raises:
            LeptonError: SFTP is missing or the connection broke.
            OSError: The server refused to write.
        """
        with self._sftp() as sftp:
            _make_folders(sftp, path.rpartition("/")[0])
            partial = f"{path}.part-{threading.get_ident()}"
            try:
                sftp.putfo(io.BytesIO(data), partial, len(data), progress)
                sftp.posix_rename(partial, path)
            except OSError:
                with contextlib.suppress(OSError):
                    sftp.remove(partial)
                raise

    def download(self, path: str, target: IO[bytes]) -> None:
        """Read a whole file.

        Raises:
            LeptonError: SFTP is missing or the connection broke.
            OSError: There is no such file, or it cannot be read.
        """
        with self._sftp() as sftp:
            sftp.getfo(path, target)

    @contextlib.contextmanager
    def _sftp(self) -> Iterator[paramiko.SFTPClient]:
        with self._translated():
            channel = self._session(EXECUTE_SECONDS)
        try:
            channel.invoke_subsystem("sftp")
            quiet = cast("paramiko.Channel", _AfterNoise(channel))
            sftp = paramiko.SFTPClient(quiet)
        except (paramiko.SSHException, paramiko.SFTPError, OSError, EOFError) as error:
            channel.close()
            if not self._transports[-1].is_active():
                raise self._lost(error) from None
            raise reasons.sftp_missing(self.address) from None
        try:
            yield sftp
        except (paramiko.SSHException, EOFError) as error:
            raise self._lost(error) from None
        finally:
            sftp.close()

    def _session(self, timeout: float) -> paramiko.Channel:
        for pause in SESSION_PAUSES_SECONDS:
            with contextlib.suppress(paramiko.ChannelException):
                channel = self._transports[-1].open_session(timeout=timeout)
                channel.settimeout(timeout)
                return channel
            time.sleep(pause)
        raise reasons.too_many_sessions(self.address)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except BROKEN as error:
            raise self._lost(error) from None

    def _lost(self, error: BaseException) -> LeptonError:
        detail = str(error) or type(error).__name__
        return LeptonError(
            f"The connection to {self.address} broke: {reasons.plain_text(detail, 150)}.",
            "It is tried again by itself.",
            code="link_lost",
        )

    def _open_way(self, hop: Hop) -> Any:  # noqa: ANN401 - a socket or a channel, as paramiko takes
        if self._transports:
            return open_through(self._transports[-1], self._route[len(self._transports) - 1], hop)
        self._socket = open_socket(hop)
        return self._socket

    def _handshake(self, hop: Hop, way: Any) -> paramiko.Transport:  # noqa: ANN401
        listening = FirstBytes(way)
        transport = paramiko.Transport(cast("socket.socket", listening))
        transport.auth_timeout = LOGIN_SECONDS
        self._transports.append(transport)
        if self._closed:
            raise self._lost(EOFError("closed from this side"))
        shake_hands(transport, hop, self._keys.known(hop.address), listening)
        return transport

    def _verify(self, transport: paramiko.Transport, hop: Hop) -> HostKey:
        self._tell(f"Checking the host key of {hop.address}")
        key = transport.get_remote_server_key()
        offered = HostKey.from_blob(key.get_name(), key.asbytes())
        self._keys.check(hop.address, offered)
        return offered


class _AfterNoise:
    """An SFTP channel without the text that a login shell prints before the server starts.

    SFTP begins with a length below 2**24, so with a NUL byte, which shell noise does not contain.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self._skipped = 0
        self._quiet = False

    def recv(self, size: int) -> bytes:
        while not self._quiet:
            first = self._channel.recv(1)
            self._skipped += 1
            if not first or self._skipped > OUTPUT_LIMIT:
                return b""
            if first == b"\0":
                self._quiet = True
                return first
        return self._channel.recv(size)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._channel, name)


def _read_all(receive: Callable[[int], bytes], deadline: float) -> bytes:
    data = bytearray()
    while chunk := receive(65536):
        data += chunk[: OUTPUT_LIMIT - len(data)]
        if time.monotonic() > deadline:
            raise TimeoutError("the command took too long")
    return bytes(data)


def _make_folders(sftp: paramiko.SFTPClient, folder: str) -> None:
    missing: list[str] = []
    while folder and folder != "/":
        try:
            sftp.stat(folder)
            break
        except FileNotFoundError:
            missing.append(folder)
            folder = folder.rpartition("/")[0]
    for path in reversed(missing):
        try:
            sftp.mkdir(path)
        except OSError:  # somebody else made it meanwhile
            sftp.stat(path)
