"""A channel without a computer behind it, for faults and scale that real nodes cannot show."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.framing import LineSplitter, hello


@dataclass
class Pipe:
    """What an agent says is put in; what it is told can be read back."""

    written: bytearray = field(default_factory=bytearray)
    words: str = ""
    closed: bool = False
    _incoming: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    def say(self, data: bytes | dict[str, Any]) -> None:
        """Bytes as they are, or a message."""
        self._incoming.put_nowait(
            data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n"
        )

    def end(self) -> None:
        """The agent is gone."""
        self._incoming.put_nowait(b"")

    async def read(self) -> bytes:
        return await self._incoming.get()

    async def write(self, data: bytes) -> None:
        if self.closed:
            raise LeptonError("Writing failed.", code="link_lost")
        self.written += data
        self.told(data)

    def told(self, data: bytes) -> None:
        """For those who answer."""

    async def close(self) -> None:
        self.closed = True
        self.end()

    def last_words(self) -> str:
        return self.words

    def is_cut(self) -> bool:
        return False


AGENT_HELLO = {
    "version": "0.1.0",
    "hostname": "fake",
    "home": "/home",
    "python": "3.11.2",
    "pid": 1,
    "boot_id": "b",
    "time": 0.0,
}


@dataclass
class AnsweringPipe(Pipe):
    """An agent that knows the few methods a link begins with."""

    answers: dict[str, Any] = field(default_factory=dict)
    _splitter: LineSplitter = field(default_factory=LineSplitter)

    def greet(self) -> None:
        """As an agent does at its start."""
        self.say(hello("agent"))
        params = {**AGENT_HELLO, "time": time.time()}
        self.say({"method": "agent.hello", "params": params})

    def told(self, data: bytes) -> None:
        for line in self._splitter.feed(data):
            if line.startswith(b"{"):
                request = json.loads(line)
                answer = self.answer(request["method"])
                if answer is not None:
                    self.say({"id": request["id"], "result": answer})

    def answer(self, method: str) -> Any:
        """None: no answer."""
        if method in self.answers:
            return self.answers[method]
        facts = {
            "os": "Fake",
            "kernel": "1",
            "architecture": "x86_64",
            "cpu_model": "fake",
            "cpu_count": 1,
            "memory_bytes": 1,
            "disk_total_bytes": 1,
            "disk_free_bytes": 1,
            "user": "nobody",
            "uptime_seconds": 1.0,
        }
        known = {
            "node.describe": facts,
            "node.ping": {"time": time.time()},
            "job.list": {"jobs": []},
            "python.list": {"environments": []},
        }
        return known.get(method, {})
