"""From nothing to a finished SSH handshake: sockets, jump hosts, greetings. Runs in the engine."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from typing import Any

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.hostkeys import HostKey
from lepton_desktop.engine.cluster.route import Hop
from lepton_desktop.errors import LeptonError

CONNECT_SECONDS = 10.0
HANDSHAKE_SECONDS = 15.0
KEEPALIVE_SECONDS = 5
IDLE_SECONDS = 2.0
BROKEN = (paramiko.SSHException, OSError, EOFError)

# Key exchange is the one costly step: a hundred at once would starve each other into timeouts. A
# slow peer may hold a place, so nobody waits for one longer than a few seconds.
_handshakes = threading.BoundedSemaphore(16)
_HANDSHAKE_QUEUE_SECONDS = 5.0


class FirstBytes:
    """A socket that remembers its first bytes, to tell a web server from an SSH server."""

    def __init__(self, way: Any) -> None:  # noqa: ANN401 - a socket or a channel
        self._way = way
        self.seen = b""

    def recv(self, size: int) -> bytes:
        """As a socket's."""
        data = bytes(self._way.recv(size))
        self.seen += data
        if len(self.seen) > 64:
            self.recv = self._way.recv  # type: ignore[method-assign] # straight through from now on
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._way, name)


def open_socket(hop: Hop) -> socket.socket:
    """Connect to the first hop.

    Raises:
        LeptonError: The name is unknown, the port closed, or nothing answers.
    """
    try:
        way = socket.create_connection((hop.host, hop.port), timeout=CONNECT_SECONDS)
    except (OSError, UnicodeError) as error:
        raise _explain_socket(hop, error) from None
    _keep_alive(way)
    return way


def shake_hands(
    transport: paramiko.Transport, hop: Hop, known: list[HostKey], listening: FirstBytes
) -> None:
    """Agree on keys; the host key is there afterwards, and not yet trusted.

    Raises:
        LeptonError: It is no SSH server, or it does not finish.
    """
    transport.daemon = True
    transport.banner_timeout = HANDSHAKE_SECONDS
    transport.handshake_timeout = HANDSHAKE_SECONDS
    _prefer(transport, known)
    in_line = _handshakes.acquire(timeout=_HANDSHAKE_QUEUE_SECONDS)
    try:
        transport.start_client(timeout=HANDSHAKE_SECONDS)
        transport.get_remote_server_key()
    except BROKEN as error:
        raise _explain_handshake(hop, listening.seen, error) from None
    finally:
        if in_line:
            _handshakes.release()
    # paramiko looks up from an idle socket ten times a second, which hundreds of links would feel.
    listening.settimeout(IDLE_SECONDS)
    transport.set_keepalive(KEEPALIVE_SECONDS)


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


def open_through(transport: paramiko.Transport, jump: Hop, hop: Hop) -> paramiko.Channel:
    """Connect to the next hop from the one that was logged in to.

    Raises:
        LeptonError: The jump host does not forward, or cannot reach it.
    """
    try:
        channel = transport.open_channel(
            "direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=CONNECT_SECONDS
        )
    except paramiko.ChannelException as error:
        if error.code == 1:
            raise LeptonError(
                f"The jump host {jump.address} does not forward connections to {hop.address}.",
                "Set 'AllowTcpForwarding yes' in its sshd_config, or choose another jump host.",
                code="jump",
            ) from None
        # paramiko keeps the jump host's own words ("Connection refused") to itself.
        raise LeptonError(
            f"{hop.address} cannot be reached from the jump host {jump.address}.",
            "Check the name and port as that host sees them, and that the machine is on.",
            code="timeout",
        ) from None
    except BROKEN as error:
        raise reasons.unreachable(hop.address, str(error)) from None
    channel.settimeout(0.1)  # paramiko's transport polls its socket at this pace
    return channel


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
