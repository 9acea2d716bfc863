"""The way to a node over SSH, jump hosts first, and what to log in with. Runs in the engine."""

from __future__ import annotations

import functools
import getpass
from dataclasses import dataclass, field

from lepton_desktop.engine.cluster.hostkeys import address_of
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec


@dataclass(frozen=True)
class Hop:
    """One SSH server on the way."""

    host: str
    port: int
    user: str

    @property
    def address(self) -> str:
        """As known_hosts writes it; the key of a pin."""
        return address_of(self.host, self.port)


@dataclass(frozen=True)
class Login:
    """What the operator gave; secrets live in memory only and never show in a repr."""

    key: str = ""
    password: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)


def route_of(spec: NodeSpec) -> list[Hop]:
    """The hops of a node, nearest first, the node itself last.

    Raises:
        LeptonError: A jump host is not written as user@host:port.
    """
    user = spec.user or me()
    jumps = [_parse_jump(word.strip(), user) for word in spec.jump.split(",") if word.strip()]
    return [*jumps, Hop(spec.host, spec.port, user)]


def shown_address(spec: NodeSpec) -> str:
    """For rows: ``user@host:port``, or ``this computer``."""
    if spec.is_local:
        return "this computer"
    return f"{spec.user or me()}@{spec.host}:{spec.port}"


@functools.cache
def me() -> str:
    """The desk's own login name; rows ask for it often."""
    return getpass.getuser()


def _parse_jump(word: str, default_user: str) -> Hop:
    user, _, place = word.rpartition("@")
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = place.partition(":")
    if not host or (port and not port.isdecimal()) or not 0 < int(port or 22) < 65536:
        raise LeptonError(
            f"'{word}' is not a jump host.",
            "Write user@host:port; several are separated by commas, the nearest first.",
            code="spec",
        )
    return Hop(host, int(port or 22), user or default_user)
