"""Interfaces and free ports of a node. Runs on every node, in the agent."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import socket
import struct

from lepton_desktop.agent.text import clean
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.node import InterfaceFacts

SIOCGIFADDR = 0x8915
SIOCGIFNETMASK = 0x891B


def interfaces() -> list[InterfaceFacts]:
    """Every interface that has an IPv4 address, the loopback too, as the kernel lists them."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # it has no IPv4 address
                address = _ask(any_socket, SIOCGIFADDR, name)
                mask = _ask(any_socket, SIOCGIFNETMASK, name)
                prefix = bin(int.from_bytes(mask, "big")).count("1")
                found.append(InterfaceFacts(name, socket.inet_ntoa(address), prefix))
    return found


def _ask(any_socket: socket.socket, request: int, name: str) -> bytes:
    """The IPv4 address in the ``ifreq`` that the kernel answers with."""
    answer = fcntl.ioctl(any_socket.fileno(), request, struct.pack("256s", name.encode()[:15]))
    return answer[20:24]


def find_port(address: str) -> int:
    """A TCP port that is free on this address right now.

    Raises:
        LeptonError: The node does not have the address.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind((address, 0))
            port: int = listener.getsockname()[1]
            return port
    except (OSError, UnicodeError, TypeError) as error:  # the last two: no host name at all
        known = ", ".join(item.address for item in interfaces())
        missing = getattr(error, "errno", None) == errno.EADDRNOTAVAIL
        what = "is not an address of this node" if missing else f"cannot be used: {error}"
        raise LeptonError(
            f"'{clean(address, 100)}' {clean(what)}.",
            f"Set the node's fabric address to one of {known}.",
            code="address",
        ) from None
