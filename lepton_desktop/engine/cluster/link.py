"""One live channel to an agent: hello, calls, notifications, silence noticed. Runs in the engine.

Whatever bytes arrive, the worst outcome is a lost link: lines that are not messages are dropped,
counted and logged. Samples are handled at once; job lines wait in a short queue that stops the
reading when it is full, so a fast job cannot flood the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.machine import Channel
from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire.framing import (
    MAGIC,
    Failure,
    LineSplitter,
    Message,
    Notification,
    Reply,
    Request,
    encode,
    error_from,
    hello,
    message_from,
    read_hello,
)
from lepton_desktop.wire.node import AgentHello, JobLines, JobStatus, Sample

T = TypeVar("T")

HELLO_SECONDS = 30.0
NOISE_LIMIT_BYTES = 256 * 1024
SILENCE_SECONDS = 8.0
"""Nothing heard for so long means that the peer is dead; it is pinged long before."""
PING_AFTER_SECONDS = 2.0
PING_EVERY_SECONDS = 10.0
"""Also when samples arrive: for the clock, and so that an agent can tell that its engine lives."""
LONGEST_ROUND_TRIP_SECONDS = 2.0
"""A slower answer says too little about the clock."""
BACKLOG = 16
STORE_SECONDS = 5.0
_NOT_A_MESSAGE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError, WireError)

_log = logging.getLogger(__name__)


class LinkEvents(Protocol):
    """Who is told what an agent says by itself."""

    def on_sample(self, sample: Sample) -> None:
        """One reading."""

    def on_skew(self, seconds: float) -> None:
        """The node's clock minus this one."""

    async def on_job_lines(self, lines: JobLines) -> None:
        """Awaited before the next is handed over. Must not call the same node."""

    async def on_job_status(self, status: JobStatus) -> None:
        """In order with the lines."""


class Link:
    """The wire to one agent. ``open``, then ``serve`` until it ends; ``call`` in between."""

    def __init__(self, name: str, channel: Channel, events: LinkEvents) -> None:
        self.name = name
        self.malformed = 0
        self._channel = channel
        self._events = events
        self._splitter = LineSplitter()
        self._idents = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._inbox: asyncio.Queue[JobLines | JobStatus] = asyncio.Queue(BACKLOG)
        self._hello: asyncio.Future[AgentHello] = asyncio.get_running_loop().create_future()
        self._heard = time.monotonic()
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[str]] = []
        self._lost = ""

    async def open(self) -> AgentHello:
        """Exchange hellos; everything that the login shell prints before is skipped.

        Raises:
            LeptonError: The agent did not start, or it speaks another version of the wire.
        """
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                with contextlib.suppress(LeptonError):  # reading will tell why it is gone
                    await self._channel.write(hello("engine"))
                rest = await self._skip_noise()
                for line in rest:
                    await self._take(line)
                loops = (self._read(), self._write(), self._deliver(), self._watch())
                self._tasks = [asyncio.create_task(loop) for loop in loops]
                for task in self._tasks:
                    task.add_done_callback(self._ended)
                ends: list[asyncio.Future[Any]] = [*self._tasks, self._hello]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise LeptonError(
                f"The agent did not say hello within {HELLO_SECONDS:g} seconds.",
                "The node may be overloaded.",
                code="timeout",
            ) from None
        if not self._hello.done():
            raise self._no_hello(b"")
        return self._hello.result()

    async def serve(self) -> str:
        """Until the link ends; the answer says why."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        return self._lost

    async def call(self, method: str, params: dict[str, Any], timeout_seconds: float) -> Any:  # noqa: ANN401
        """Ask the agent.

        Raises:
            LeptonError: The agent's error, no answer in time, or the link was lost meanwhile.
        """
        if self._lost:
            raise reasons.link_down(self.name, self._lost)
        ident = next(self._idents)
        future = self._send(Request(ident, method, params))
        try:
            async with asyncio.timeout(timeout_seconds):
                return await future
        except TimeoutError:
            raise LeptonError(
                f"{self.name} did not answer {method} within {timeout_seconds:g} seconds.",
                "The node may be overloaded.",
                code="timeout",
            ) from None
        finally:
            self._pending.pop(ident, None)

    async def call_for(
        self, kind: type[T], method: str, params: dict[str, Any], timeout_seconds: float
    ) -> T:
        """Ask, and read the answer as a dataclass.

        Raises:
            LeptonError: As ``call``, or the answer has another shape.
        """
        answer = await self.call(method, params, timeout_seconds)
        try:
            return msgspec.convert(reasons.plain_json(answer), kind)
        except (msgspec.ValidationError, RecursionError) as error:
            raise LeptonError(
                f"{self.name} answered {method} in another shape: {error}.", code="wire"
            ) from None

    async def close(self) -> None:
        """Hang up and let go of everything that waits."""
        self._fail_pending("closed from this side")
        # What is being stored is stored to its end, so that the next link begins behind it.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), STORE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close()

    def _ended(self, task: asyncio.Task[str]) -> None:
        """Nobody waits longer than the link lives."""
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, LeptonError):
            why = error.message
        elif error is not None:
            _log.error("The link to %s failed", self.name, exc_info=error)
            why = f"a fault in the engine ({type(error).__name__})"
        else:
            why = task.result()
        self._fail_pending(why)

    async def _skip_noise(self) -> list[bytes]:
        seen = bytearray()
        while len(seen) < NOISE_LIMIT_BYTES:
            data = await self._channel.read()
            if not data:
                raise self._no_hello(bytes(seen))
            seen += data
            lines = self._splitter.feed(data)
            for index, line in enumerate(lines):
                # Noise may lack its newline, so the magic word need not begin the line.
                at = line.find(MAGIC.encode())
                if at >= 0 and read_hello(line[at:]) == "agent":
                    return lines[index + 1 :]
        raise reasons.shell_noise(bytes(seen[-200:]).decode("utf-8", "replace"))

    def _no_hello(self, seen: bytes) -> LeptonError:
        if self._channel.is_cut():
            return LeptonError(f"The connection to {self.name} broke.", code="link_lost")
        words = self._channel.last_words()
        if words or not seen.strip():
            return reasons.agent_failed(words)
        return reasons.shell_noise(seen[-200:].decode("utf-8", "replace"))

    async def _read(self) -> str:
        while data := await self._channel.read():
            self._heard = time.monotonic()
            dropped = self._splitter.dropped
            for line in self._splitter.feed(data):
                await self._take(line)
            if self._splitter.dropped > dropped:
                self._drop("an over-long line")
            # A channel with bytes at hand does not suspend; other nodes want their turn.
            await asyncio.sleep(0)
        return self._channel.last_words() or "the agent or the connection ended"

    async def _take(self, line: bytes) -> None:
        try:
            message = message_from(msgspec.json.decode(line))
            await self._handle(message)
        except _NOT_A_MESSAGE as error:
            self._drop(str(error))

    async def _handle(self, message: Message) -> None:
        if isinstance(message, Notification):
            await self._notified(message)
        elif isinstance(message, Reply):
            self._settle(message.id, lambda future: future.set_result(message.result))
        elif isinstance(message, Failure) and message.id is not None:
            error = _plain_error(message)
            self._settle(message.id, lambda future: future.set_exception(error))
        elif isinstance(message, Request):
            raise WireError("An agent asks nothing.")

    async def _notified(self, message: Notification) -> None:
        method, params = message.method, message.params
        if method == "telemetry.sample":
            if params.get("reasons"):
                params = {**params, "reasons": reasons.plain_json(params["reasons"])}
            self._events.on_sample(msgspec.convert(params, Sample))
        elif method == "job.lines":
            await self._queue(msgspec.convert(params, JobLines))
        elif method == "job.status":
            await self._queue(msgspec.convert(params, JobStatus))
        elif method == "agent.hello" and not self._hello.done():
            self._hello.set_result(msgspec.convert(reasons.plain_json(params), AgentHello))

    def _settle(self, ident: int, finish: Callable[[asyncio.Future[Any]], None]) -> None:
        future = self._pending.pop(ident, None)
        if future is not None and not future.done():
            finish(future)

    async def _queue(self, item: JobLines | JobStatus) -> None:
        self._busy = True  # waiting for our own side is not the peer's silence
        try:
            await self._inbox.put(item)
        finally:
            self._busy = False
            self._heard = time.monotonic()

    async def _deliver(self) -> str:
        while True:
            item = await self._inbox.get()
            self._idle.clear()
            try:
                if isinstance(item, JobLines):
                    await self._events.on_job_lines(item)
                else:
                    await self._events.on_job_status(item)
            finally:
                self._idle.set()
            await asyncio.sleep(0)  # ``close`` waits here, between two items

    async def _write(self) -> str:
        while True:
            data = bytearray(await self._outbox.get())
            while not self._outbox.empty():
                data += self._outbox.get_nowait()
            await self._channel.write(bytes(data))

    def _send(self, request: Request) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[request.id] = future
        self._outbox.put_nowait(encode(request))
        return future

    async def _watch(self) -> str:
        looked = asked = time.monotonic()
        self._ping()
        while True:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            if now - looked > 3.0:
                self._heard = now  # this process was held up, which says nothing about the peer
            looked = now
            silent = 0.0 if self._busy else now - self._heard
            if silent > SILENCE_SECONDS:
                return f"no sign of life for {silent:.0f} seconds"
            if now - asked > (PING_AFTER_SECONDS if silent > 1.0 else PING_EVERY_SECONDS):
                asked = now
                self._ping()

    def _ping(self) -> None:
        sent = time.time()

        def answered(future: asyncio.Future[Any]) -> None:
            if future.cancelled() or future.exception() is not None:
                return
            result = future.result()
            there = result.get("time") if isinstance(result, dict) else None
            now = time.time()
            if isinstance(there, (int, float)) and now - sent < LONGEST_ROUND_TRIP_SECONDS:
                self._events.on_skew(there - (sent + now) / 2)

        self._send(Request(next(self._idents), "node.ping", {})).add_done_callback(answered)

    def _drop(self, why: str) -> None:
        """Log the first and then ever fewer, for a broken agent may send thousands a second."""
        self.malformed += 1
        if self.malformed & (self.malformed - 1) == 0:
            _log.warning(
                "%s sent %d lines that are not messages, the last: %s",
                self.name,
                self.malformed,
                reasons.plain_text(why, 120),
            )

    def _fail_pending(self, why: str) -> None:
        self._lost = self._lost or why
        waiting, self._pending = self._pending, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(reasons.link_down(self.name, why))
                future.exception()  # pings are asked by nobody; their failure is no news


def _plain_error(failure: Failure) -> LeptonError:
    error = error_from(failure)
    return LeptonError(
        reasons.plain_text(error.message, 500),
        reasons.plain_text(error.hint, 500),
        code=reasons.plain_text(error.code, 40),
    )
