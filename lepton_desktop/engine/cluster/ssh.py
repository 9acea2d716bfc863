"""SSH to a node through paramiko: connect, verify, log in, execute, move files. Runs in the engine.

paramiko's only home in the engine. Everything here blocks and is called from short-lived threads;
``SshChannel`` alone lives on the event loop. Each SSH hop costs one paramiko thread while it is up,
so 200 nodes make 200 threads plus one a jump host; reading the agent's stream needs none, because
paramiko's buffer rings the event loop directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import paramiko
from paramiko.pkey import UnknownKeyType
from paramiko.ssh_exception import IncompatiblePeer

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.hostkeys import HostKey, KeyCheck
from lepton_desktop.engine.cluster.route import Hop, Login
from lepton_desktop.engine.cluster.threads import in_thread
from lepton_desktop.errors import LeptonError

# Every failure reaches the caller as an exception; paramiko would log it as an error besides.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

CONNECT_SECONDS = 10.0
HANDSHAKE_SECONDS = 15.0
LOGIN_SECONDS = 20.0
EXECUTE_SECONDS = 30.0
KEEPALIVE_SECONDS = 5
AGENT_KEY_LIMIT = 4
OUTPUT_LIMIT = 1024 * 1024
DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")

# Key exchange is the one costly step: a hundred at once would starve each other into timeouts. A
# slow peer may hold a place, so nobody waits for one longer than a few seconds.
_handshakes = threading.BoundedSemaphore(16)
_HANDSHAKE_QUEUE_SECONDS = 5.0

_BROKEN = (paramiko.SSHException, OSError, EOFError)


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
                secrets = self._login if final else Login(self._login.key)
                _log_in(transport, hop, secrets)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up, also in the middle of connecting."""
        self._closed = True
        for transport in reversed(self._transports):
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
    def _sftp(self) -> Any:  # noqa: ANN401 - a generator that mypy sees as a context manager
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
        channel = self._transports[-1].open_session(timeout=timeout)
        channel.settimeout(timeout)
        return channel

    @contextlib.contextmanager
    def _translated(self) -> Any:  # noqa: ANN401 - a generator that mypy sees as a context manager
        try:
            yield
        except _BROKEN as error:
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
            return _open_through(self._transports[-1], self._route[len(self._transports) - 1], hop)
        try:
            way = socket.create_connection((hop.host, hop.port), timeout=CONNECT_SECONDS)
        except (OSError, UnicodeError) as error:
            raise _explain_socket(hop, error) from None
        _keep_alive(way)
        self._socket = way
        return way

    def _handshake(self, hop: Hop, way: Any) -> paramiko.Transport:  # noqa: ANN401
        listening = _FirstBytes(way)
        transport = paramiko.Transport(cast("socket.socket", listening))
        self._transports.append(transport)
        if self._closed:
            raise self._lost(EOFError("closed from this side"))
        transport.daemon = True
        transport.banner_timeout = HANDSHAKE_SECONDS
        transport.handshake_timeout = HANDSHAKE_SECONDS
        transport.auth_timeout = LOGIN_SECONDS
        _prefer(transport, self._keys.known(hop.address))
        in_line = _handshakes.acquire(timeout=_HANDSHAKE_QUEUE_SECONDS)
        try:
            transport.start_client(timeout=HANDSHAKE_SECONDS)
            transport.get_remote_server_key()
        except _BROKEN as error:
            raise _explain_handshake(hop, listening.seen, error) from None
        finally:
            if in_line:
                _handshakes.release()
        transport.set_keepalive(KEEPALIVE_SECONDS)
        return transport

    def _verify(self, transport: paramiko.Transport, hop: Hop) -> HostKey:
        self._tell(f"Checking the host key of {hop.address}")
        key = transport.get_remote_server_key()
        offered = HostKey.from_blob(key.get_name(), key.asbytes())
        self._keys.check(hop.address, offered)
        return offered


class SshChannel:
    """The agent's stdin and stdout over SSH, on the event loop."""

    def __init__(self, connection: SshConnection, channel: paramiko.Channel) -> None:
        self._connection = connection
        self._channel = channel
        self._errors = bytearray()
        self._rung = asyncio.Event()
        bell = _Bell(asyncio.get_running_loop(), self._rung)
        channel.in_buffer.set_event(bell)  # type: ignore[arg-type] # anything with set and clear
        channel.in_stderr_buffer.set_event(bell)  # type: ignore[arg-type]

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""
        channel = self._channel
        while True:
            self._rung.clear()
            if channel.recv_stderr_ready():
                self._errors += channel.recv_stderr(4096)
                del self._errors[:-4096]
            if channel.recv_ready():
                return channel.recv(65536)
            if channel.closed or channel.eof_received:
                return b""
            await self._rung.wait()

    async def write(self, data: bytes) -> None:
        """Send everything; callers take turns.

        Raises:
            LeptonError: The connection broke.
        """
        try:
            await in_thread(lambda: self._channel.sendall(data), "lepton-ssh-write")
        except _BROKEN as error:
            raise LeptonError(f"Writing failed: {error}.", code="link_lost") from None

    async def close(self) -> None:
        """Hang up; the agent sees the end of its input and leaves."""
        await in_thread(self._connection.close, "lepton-ssh-close")

    def last_words(self) -> str:
        """The end of what the agent wrote to stderr."""
        return reasons.plain_text(bytes(self._errors).decode("utf-8", "replace")[-400:])


class _Bell:
    """Stands in for a ``threading.Event`` in paramiko's buffers and wakes the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rung: asyncio.Event) -> None:
        self._loop = loop
        self._rung = rung

    def set(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._rung.set)

    def clear(self) -> None:
        """Nothing: the reader clears its own event before it looks."""


class _FirstBytes:
    """A socket that remembers its first bytes, to tell a web server from an SSH server."""

    def __init__(self, way: Any) -> None:  # noqa: ANN401 - a socket or a channel
        self._way = way
        self.seen = b""

    def recv(self, size: int) -> bytes:
        data = bytes(self._way.recv(size))
        self.seen += data
        if len(self.seen) > 64:
            self.recv = self._way.recv  # type: ignore[method-assign] # straight through from now on
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._way, name)


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


def _keep_alive(way: socket.socket) -> None:
    """Let the kernel notice a dead peer as well; which options exist depends on the system."""
    way.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wanted = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
    for name, value in wanted.items():
        if hasattr(socket, name):
            with contextlib.suppress(OSError):
                way.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _prefer(transport: paramiko.Transport, known: list[HostKey]) -> None:
    """Ask for the kinds of key that are known, or a host with two keys would look like another."""
    names = [key.algorithm for key in known]
    options = transport.get_security_options()
    if "ssh-rsa" in names:
        names += ["rsa-sha2-512", "rsa-sha2-256"]
    first = [kind for kind in options.key_types if kind in names]
    options.key_types = (*first, *(kind for kind in options.key_types if kind not in first))


def _open_through(transport: paramiko.Transport, jump: Hop, hop: Hop) -> paramiko.Channel:
    try:
        channel = transport.open_channel(
            "direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=CONNECT_SECONDS
        )
    except paramiko.ChannelException as error:
        text = str(error.text)
        if error.code == 1:
            raise LeptonError(
                f"The jump host {jump.address} does not forward connections to {hop.address}.",
                "Set 'AllowTcpForwarding yes' in its sshd_config, or choose another jump host.",
                code="jump",
            ) from None
        raise _explain_forward(hop, text) from None
    except _BROKEN as error:
        raise reasons.unreachable(hop.address, str(error)) from None
    channel.settimeout(0.1)  # paramiko's transport polls its socket at this pace
    return channel


def _explain_forward(hop: Hop, text: str) -> LeptonError:
    """The jump host's own words for what happened to the connection behind it."""
    lower = text.lower()
    if "refused" in lower:
        return reasons.refused(hop.address)
    if "not known" in lower or "resolve" in lower or "temporary failure" in lower:
        return reasons.name_not_found(hop.host)
    return reasons.unreachable(hop.address, text)


def _explain_socket(hop: Hop, error: OSError | UnicodeError) -> LeptonError:
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return reasons.name_not_found(hop.host)
    if isinstance(error, ConnectionRefusedError):
        return reasons.refused(hop.address)
    if isinstance(error, TimeoutError):
        return reasons.unreachable(hop.address)
    return reasons.unreachable(hop.address, error.strerror or str(error))


def _explain_handshake(hop: Hop, seen: bytes, error: BaseException) -> LeptonError:
    if seen and not seen.startswith(b"SSH-"):
        shown = seen.decode("utf-8", "replace").partition("\n")[0]
        return reasons.not_ssh(hop.address, f"it says {reasons.plain_text(shown, 60)!r}")
    if isinstance(error, IncompatiblePeer):
        return reasons.not_ssh(hop.address, f"no common algorithms ({error})")
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return reasons.refused(hop.address)
    return LeptonError(
        f"{hop.address} accepts the connection but does not finish the SSH handshake.",
        "The machine may be starting, overloaded or behind a broken proxy.",
        code="handshake",
    )


def _log_in(transport: paramiko.Transport, hop: Hop, login: Login) -> None:
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
    if problem is not None:
        raise problem
    raise reasons.login_refused(hop.user, hop.address, tried, allowed)


def _allowed_methods(transport: paramiko.Transport, user: str) -> list[str]:
    try:
        transport.auth_none(user)
    except paramiko.BadAuthenticationType as error:
        return list(error.allowed_types)
    except _BROKEN:
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
        except _BROKEN:
            return []


def _attempts(login: Login, stack: contextlib.ExitStack) -> Any:  # noqa: ANN401 - a generator
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
    except _BROKEN:
        return []
    wanted = ""
    if chosen:
        with contextlib.suppress(OSError, IndexError):
            wanted = Path(f"{chosen}.pub").expanduser().read_text().split()[1]
    keys.sort(key=lambda key: key.get_base64() != wanted)
    return keys[:AGENT_KEY_LIMIT]
