"""One client at the engine's door: hello, token, calls side by side. Runs in the engine."""

from __future__ import annotations

import asyncio
import contextvars
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire.framing import (
    INTERNAL_ERROR,
    UNKNOWN_METHOD,
    Failure,
    LineSplitter,
    Reply,
    Request,
    failure_from,
    hello,
    message_from,
    read_hello,
)

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], Awaitable[Any]]

caller: contextvars.ContextVar[str] = contextvars.ContextVar("caller", default="engine")
"""Who asked for what is being done, for the activity log."""

OPENING_SECONDS = 10.0
SENDING_SECONDS = 60.0
CALLS_AT_ONCE = 32
READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Door:
    """What every connection is given."""

    token: str
    handlers: Mapping[str, Handler]
    max_line_bytes: int


class Connection:
    """Serves one client until it leaves, breaks the rules or stops reading."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, door: Door
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._door = door
        self._splitter = LineSplitter(door.max_line_bytes)
        self._lines: list[bytes] = []
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = ""

    async def serve(self) -> None:
        """Answer calls until the end of the connection."""
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                await self._open()
            while line := await self._line():
                await self._take(line)
        except (TimeoutError, OSError, WireError, EOFError, _ClosedError) as error:
            log.debug("A client left: %r", error)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._writer.close()

    async def _open(self) -> None:
        self._writer.write(hello("engine"))
        if read_hello(await self._line()) is None:
            raise WireError("Not a client of this engine.")
        request = self._request(await self._line())
        if request is None:
            await self._send(failure_from(None, WireError("The line is not a request.")))
            raise _ClosedError
        problem = self._opening_problem(request)
        if problem is not None:
            await self._send(failure_from(request.id, problem))
            raise _ClosedError
        self._client = str(request.params.get("client", ""))[:40] or "client"
        await self._answer(request)

    def _opening_problem(self, request: Request) -> LeptonError | None:
        if request.method != "session.open":
            return LeptonError("The first call must be session.open.", code="token")
        token = str(request.params.get("token", ""))
        if hmac.compare_digest(token.encode(), self._door.token.encode()):
            return None
        return LeptonError(
            "The engine refused the token.",
            "Read engine.json again: the engine was started anew since.",
            code="token",
        )

    async def _line(self) -> bytes:
        while not self._lines:
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise EOFError
            dropped = self._splitter.dropped
            self._lines = self._splitter.feed(data)
            if self._splitter.dropped > dropped:
                log.warning("An over-long line of client %r was dropped.", self._client)
                await self._send(failure_from(None, WireError("The line was too long.")))
        return self._lines.pop(0)

    def _request(self, line: bytes) -> Request | None:
        try:
            message = message_from(msgspec.json.decode(line))
        except (msgspec.DecodeError, WireError, RecursionError) as error:
            log.warning("A malformed line of client %r was dropped: %s", self._client, error)
            return None
        return message if isinstance(message, Request) else None

    async def _take(self, line: bytes) -> None:
        request = self._request(line)
        if request is None:
            await self._send(failure_from(None, WireError("The line is not a request.")))
            return
        # A client with this many calls under way is not read from until one of them is answered.
        await self._calls.acquire()
        task = asyncio.create_task(self._serve_call(request), name=f"call {request.method}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_call(self, request: Request) -> None:
        try:
            await self._answer(request)
        except (OSError, _ClosedError):
            self._writer.close()
        finally:
            self._calls.release()

    async def _answer(self, request: Request) -> None:
        caller.set(self._client)
        handler = self._door.handlers.get(request.method)
        if handler is None:
            text = f"The engine knows no method '{request.method}'."
            await self._send(Failure(request.id, UNKNOWN_METHOD, text, {"code": "unknown_method"}))
            return
        try:
            result = await handler(request.params)
        except LeptonError as error:
            await self._send(failure_from(request.id, error))
        except Exception as error:
            log.exception("A bug in %s", request.method)
            await self._send(_bug(request, error))
        else:
            await self._send(Reply(request.id, result))

    async def _send(self, message: Reply | Failure) -> None:
        # Encoded only when it is this message's turn, so what waits costs no second copy.
        async with self._sending:
            self._writer.write(_encoded(message))
            try:
                async with asyncio.timeout(SENDING_SECONDS):
                    await self._writer.drain()
            except TimeoutError:
                log.warning("Client %r stopped reading; it was disconnected.", self._client)
                self._writer.transport.abort()
                raise _ClosedError from None


class _ClosedError(Exception):
    """The connection is over; the client was told why where that was possible."""


def _bug(request: Request, error: Exception) -> Failure:
    text = f"The engine failed in {request.method}: {type(error).__name__}."
    hint = "This is a bug; engine.log has the details."
    return Failure(request.id, INTERNAL_ERROR, text, {"hint": hint, "code": "internal"})


def _encoded(message: Reply | Failure) -> bytes:
    if isinstance(message, Reply):
        return msgspec.json.encode({"id": message.id, "result": message.result}) + b"\n"
    error = {"code": message.code, "message": message.message, "data": message.data}
    return msgspec.json.encode({"id": message.id, "error": error}) + b"\n"
