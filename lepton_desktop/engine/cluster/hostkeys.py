"""Which host keys are trusted: the user's known_hosts (read only) and the engine's pins.

Runs in the engine. A ``KeyCheck`` is made for one connection attempt and used from its thread; it
only reads. What the operator accepted is handed back in ``accepted`` and pinned by the event loop.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lepton_desktop.errors import LeptonError

KNOWN_HOSTS = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))
DOCUMENT_KIND = "host_keys"


class Documents(Protocol):
    """Where the engine keeps JSON documents; ``engine/store.py`` implements it."""

    def save(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Insert or replace."""

    def load(self, kind: str, key: str) -> dict[str, Any] | None:
        """One document, or None."""

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Every document of a kind, by key."""

    def delete(self, kind: str, key: str) -> None:
        """Remove; nothing happens when there is none."""


@dataclass(frozen=True)
class HostKey:
    """A public key that a host showed or that is known for it."""

    algorithm: str
    fingerprint: str
    """``SHA256:…`` as ssh prints it."""

    @classmethod
    def from_blob(cls, algorithm: str, blob: bytes) -> HostKey:
        """Of the key in SSH's binary form."""
        digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
        return cls(algorithm, f"SHA256:{digest}")


class HostKeyError(LeptonError):
    """The host key is unknown (``host_key_unknown``) or another one (``host_key_changed``).

    Attributes:
        address: Of the host in question, which may be a jump host.
        offered: The key that it showed.
    """

    def __init__(self, address: str, offered: HostKey, expected: list[HostKey]) -> None:
        self.address = address
        self.offered = offered
        shown = f"{offered.fingerprint} ({offered.algorithm})"
        if expected:
            known = " or ".join(f"{key.fingerprint} ({key.algorithm})" for key in expected)
            super().__init__(
                f"The host key of {address} has changed: it shows {shown}, known is {known}.",
                "Somebody may be in between, or the machine was installed anew. Ask whoever looks "
                "after it, then trust the new key if it is the right one.",
                code="host_key_changed",
            )
        else:
            super().__init__(
                f"The host key of {address} is not known yet: {shown}.",
                "Compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the machine "
                "and trust it if they are equal.",
                code="host_key_unknown",
            )


def address_of(host: str, port: int) -> str:
    """As known_hosts writes it."""
    return host if port == 22 else f"[{host}]:{port}"


@dataclass
class KeyCheck:
    """Judges the keys of one connection attempt, hop by hop."""

    pins: dict[str, HostKey]
    accept: frozenset[str] = frozenset()
    """Fingerprints that the operator accepted before the host was reached."""
    files: tuple[Path, ...] = KNOWN_HOSTS
    accepted: dict[str, HostKey] = field(default_factory=dict)

    def known(self, address: str) -> list[HostKey]:
        """The pin if there is one, else what known_hosts says."""
        pin = self.pins.get(address)
        return [pin] if pin else _read_known_hosts(self.files, address)[0]

    def check(self, address: str, offered: HostKey) -> None:
        """Let a trusted key pass.

        Raises:
            HostKeyError: The key is unknown, changed or revoked.
        """
        revoked = _read_known_hosts(self.files, address)[1]
        if offered.fingerprint in {key.fingerprint for key in revoked}:
            raise LeptonError(
                f"The host key of {address} ({offered.fingerprint}) is marked as revoked.",
                "Give the machine a new host key, or remove the @revoked line from known_hosts.",
                code="host_key_changed",
            )
        known = self.known(address)
        if offered.fingerprint in {key.fingerprint for key in known}:
            return
        if not known and offered.fingerprint in self.accept:
            self.accepted[address] = offered
            return
        raise HostKeyError(address, offered, known)


class Pins:
    """The engine's own trusted keys, kept in the store. Used from the event loop only."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._pins = {
            address: HostKey(str(body.get("algorithm", "")), str(body.get("fingerprint", "")))
            for address, body in documents.all(DOCUMENT_KIND).items()
        }

    def get(self, address: str) -> HostKey | None:
        """The pin of an address."""
        return self._pins.get(address)

    def pin(self, address: str, key: HostKey) -> None:
        """Trust this key from now on, and no other."""
        self._pins[address] = key
        body = {"algorithm": key.algorithm, "fingerprint": key.fingerprint}
        self._documents.save(DOCUMENT_KIND, address, body)

    def check(self, accept: Iterable[str] = ()) -> KeyCheck:
        """A judge for one connection attempt."""
        return KeyCheck(dict(self._pins), frozenset(accept))


def _read_known_hosts(files: Iterable[Path], address: str) -> tuple[list[HostKey], list[HostKey]]:
    """Keys that are known for the address, and those that are revoked."""
    known: list[HostKey] = []
    revoked: list[HostKey] = []
    for file in files:
        try:
            text = file.expanduser().read_text(encoding="utf-8", errors="replace")
        except (OSError, RuntimeError):
            continue
        for line in text.splitlines():
            marker, key = _entry(line, address)
            if key is not None:
                (revoked if marker == "@revoked" else known).append(key)
    return known, revoked


def _entry(line: str, address: str) -> tuple[str, HostKey | None]:
    words = line.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    # Certificate authorities are not checked here, so their lines must not count as keys.
    if len(words) < 3 or words[0].startswith("#") or marker == "@cert-authority":
        return marker, None
    if not _matches(words[0], address):
        return marker, None
    try:
        blob = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        return marker, None
    return marker, HostKey.from_blob(words[1], blob)


def _matches(patterns: str, address: str) -> bool:
    if patterns.startswith("|1|"):
        return _matches_hash(patterns, address)
    found = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        # fnmatch would read [host]:port as a set of characters.
        shape = pattern.lstrip("!").replace("[", "[[]")
        if fnmatch.fnmatchcase(address.lower(), shape.lower()):
            if negated:
                return False
            found = True
    return found


def _matches_hash(entry: str, address: str) -> bool:
    try:
        _, _, salt, digest = entry.split("|")
        expected = base64.b64decode(digest)
        made = hmac.new(base64.b64decode(salt), address.encode(), hashlib.sha1).digest()
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(expected, made)
