"""What a link needs of the computer behind it, by SSH or by subprocess. Runs in the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from lepton_desktop.engine.cluster.bundle import Bundle

Tell = Callable[[str, float | None], None]
"""Says what happens now and, where it is known, which fraction is done."""


class Channel(Protocol):
    """The stdin and stdout of an agent."""

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""

    async def write(self, data: bytes) -> None:
        """Send all of it; LeptonError when the channel broke."""

    async def close(self) -> None:
        """Hang up; the agent leaves."""

    def last_words(self) -> str:
        """The last line that the agent wrote to stderr."""

    def is_cut(self) -> bool:
        """After the end: whether the way to the agent broke, rather than the agent itself."""


class Machine(Protocol):
    """A computer that was reached."""

    @property
    def home(self) -> str:
        """Absolute path of the node home."""

    @property
    def host_key(self) -> str:
        """Fingerprint of the verified key; empty for this computer."""

    @property
    def pushed(self) -> list[Bundle]:
        """What was brought to it; whoever reports it empties the list."""

    async def start_agent(self, tell: Tell, mend: bool) -> Channel:
        """Push the agent where it is missing (or anyway, to mend it), and start it."""

    async def unpack(self, bundle: Bundle, tell: Tell) -> str:
        """Bring a bundle to the node; the answer is the absolute path of its place."""

    async def put(self, path: str, data: bytes) -> None:
        """Write a file atomically; the path is absolute or relative to the node home."""

    async def get(self, path: str, target: Path) -> None:
        """Copy a file from the node, atomically at the target."""

    async def close(self) -> None:
        """Hang up."""
