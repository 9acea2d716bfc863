"""Where the ranks of a run meet: master address and network interfaces. Engine; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from lepton_desktop.engine.runs.placement import Seat
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.node import InterfaceFacts

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Meeting:
    """Master address, and one interface name a seat; empty where the system has to choose."""

    address: str
    interfaces: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def meeting(seats: Sequence[Seat]) -> Meeting:
    """One machine meets on loopback; several on a network of the first that all others share.

    Raises:
        LeptonError: The first node has no address that the others could reach.
    """
    first = seats[0]
    if all(seat.machine == first.machine for seat in seats):
        return Meeting(LOOPBACK, ("lo",) * len(seats))
    if first.spec.fabric_address:
        return _at(first.spec.fabric_address, seats, ())
    for interface in _preferred(first):
        if all(_shares(interface, seat, first) for seat in seats[1:]):
            return _at(interface.address, seats, ())
    host = first.spec.host
    if not host or _is_loopback(host):
        names = ", ".join(seat.node for seat in seats)
        raise LeptonError(
            f"No network was found that {names} share.",
            f"Set the fabric address of {first.node}: an address of it that the others reach.",
            code="no_shared_network",
        )
    warning = f"The nodes share no network; the others must reach {first.node} at {host}."
    return _at(host, seats, (warning,))


def _preferred(first: Seat) -> list[InterfaceFacts]:
    """The address that SSH uses is known to work, so it comes first."""
    return sorted(first.interfaces, key=lambda one: one.address != first.spec.host)


def _shares(interface: InterfaceFacts, seat: Seat, first: Seat) -> bool:
    """Whether another node is on this network.

    An address that both have (a container bridge has the same one everywhere) proves nothing.
    """
    if seat.machine == first.machine:
        return True
    if any(one.address == interface.address for one in seat.interfaces):
        return False
    return bool(_carrier(interface.address, seat, interface.prefix_length))


def _at(address: str, seats: Sequence[Seat], warnings: tuple[str, ...]) -> Meeting:
    interfaces = tuple(_carrier(address, seat) or _by_host(seat) for seat in seats)
    lacking = [seat.node for seat, name in zip(seats, interfaces, strict=True) if not name]
    if lacking:
        text = f"{', '.join(lacking)}: no interface is on the network of {address}."
        warnings = (*warnings, text)
    return Meeting(address, interfaces, warnings)


def _carrier(address: str, seat: Seat, prefix_length: int | None = None) -> str:
    """The interface whose network holds the address."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return ""
    for one in seat.interfaces:
        try:
            network = ipaddress.ip_network(f"{one.address}/{one.prefix_length}", strict=False)
        except ValueError:
            continue
        if prefix_length not in (None, one.prefix_length) or network.is_link_local:
            continue
        # Point-to-point links with /32 hold nobody but themselves.
        if wanted in network:
            return one.name
    return ""


def _by_host(seat: Seat) -> str:
    found = [one.name for one in seat.interfaces if one.address == seat.spec.host]
    return found[0] if found else ""


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"
