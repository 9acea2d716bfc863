"""The engine's door: JSON lines on 127.0.0.1, a token, a table of methods. Runs in the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from lepton_desktop.engine.connection import Connection, Door, Handler
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.framing import MAX_LINE_BYTES

log = logging.getLogger(__name__)

__all__ = ["Handler", "Server", "merge"]


def merge(*tables: Mapping[str, Handler]) -> dict[str, Handler]:
    """One table of methods; a name that two parts claim is a bug."""
    methods: dict[str, Handler] = {}
    for table in tables:
        for name, handler in table.items():
            if name in methods:
                raise ValueError(f"Two parts of the engine answer {name}.")
            methods[name] = handler
    return methods


class Server:
    """Listens and serves each client in tasks of its own."""

    def __init__(
        self,
        token: str,
        handlers: Mapping[str, Handler],
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        self._door = Door(token, handlers, max_line_bytes)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> int:
        """Open the port and return its number.

        Raises:
            LeptonError: The port cannot be opened.
        """
        try:
            self._server = await asyncio.start_server(self._on_client, "127.0.0.1", port)
        except OSError as error:
            raise LeptonError(
                f"The engine cannot listen on 127.0.0.1: {error.strerror}.",
                "Check that the loopback interface is up.",
                code="listen",
            ) from None
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def close(self) -> None:
        """Close the port and disconnect every client."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._server is not None:
            await self._server.wait_closed()

    def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._door)
        task = asyncio.get_running_loop().create_task(connection.serve(), name="client")
        self._tasks.add(task)
        task.add_done_callback(self._on_served)

    def _on_served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A client's connection failed.", exc_info=error)
