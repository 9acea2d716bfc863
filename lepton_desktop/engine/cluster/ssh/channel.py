"""The agent's stdin and stdout over SSH, on the event loop. Runs in the engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import paramiko

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.ssh.connection import SshConnection
from lepton_desktop.engine.cluster.ssh.way import BROKEN
from lepton_desktop.engine.cluster.threads import in_thread
from lepton_desktop.errors import LeptonError

CHUNK_BYTES = 65536


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
                self._errors += await self._take(channel.recv_stderr)
                del self._errors[:-4096]
            if channel.recv_ready():
                return await self._take(channel.recv)
            if channel.closed or channel.eof_received:
                return b""
            await self._rung.wait()

    async def _take(self, receive: Callable[[int], bytes]) -> bytes:
        """From paramiko's buffer; now and then that also sends, and sending may block."""
        channel = self._channel
        if channel.in_window_sofar + CHUNK_BYTES <= channel.in_window_threshold:
            return receive(CHUNK_BYTES)
        return await in_thread(lambda: receive(CHUNK_BYTES), "lepton-ssh-read")

    async def write(self, data: bytes) -> None:
        """Send everything; callers take turns.

        Raises:
            LeptonError: The connection broke.
        """
        try:
            await in_thread(lambda: self._channel.sendall(data), "lepton-ssh-write")
        except BROKEN as error:
            raise LeptonError(f"Writing failed: {error}.", code="link_lost") from None

    async def close(self) -> None:
        """Hang up; the agent sees the end of its input and leaves."""
        await in_thread(self._connection.close, "lepton-ssh-close")

    def is_cut(self) -> bool:
        """An agent that ends closes its output; a connection that breaks does not."""
        return not self._channel.eof_received

    def last_words(self) -> str:
        """The last line that the agent wrote to stderr."""
        return reasons.last_line(bytes(self._errors))


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
