"""A real agent behind pipes, for tests."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lepton_desktop.wire import framing
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.framing import Failure, Message, Notification, Reply, Request
from lepton_desktop.wire.node import JobLines, JobStatus

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "lepton_desktop" / "agent" / "__main__.py"

CURRENT = [sys.executable, "-m", "lepton_desktop.agent"]


def oldest_python() -> str:
    """The oldest supported interpreter at hand; 3.9 where there is one."""
    for minor in range(9, sys.version_info.minor):
        named = shutil.which(f"python3.{minor}")
        stored = sorted(Path("~/.pyenv/versions").expanduser().glob(f"3.{minor}.*/bin/python3"))
        for candidate in [named, *map(str, stored)]:
            if candidate and _runs(candidate):
                return candidate
    return sys.executable


def _runs(interpreter: str) -> bool:
    return subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode == 0


ISOLATED = [oldest_python(), "-I", "-S", "-u", str(MAIN)]
"""As on a node: no site-packages, hence neither psutil nor pynvml."""


class AgentProcess:
    """Speaks the wire with an agent and keeps everything it said."""

    def __init__(
        self,
        home: Path,
        command: list[str] | None = None,
        env: dict[str, str] | None = None,
        hello: bytes = framing.hello("engine"),
    ) -> None:
        self.process = subprocess.Popen(
            command or CURRENT,
            cwd=ROOT,
            env={**os.environ, "LEPTON_NODE_HOME": str(home), **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.lines: list[bytes] = []
        self.messages: list[Message] = []
        self._fresh: queue.Queue[Message | None] = queue.Queue()
        self._number = 0
        self._errors: list[bytes] = []
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self.write(b"Last login: yesterday\n" + hello)

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def request(self, method: str, **params: Any) -> int:
        self._number += 1
        self.write(framing.encode(Request(self._number, method, params)))
        return self._number

    def answer(self, ident: int, seconds: float = 30.0) -> Any:
        """The result of a request; raises the LeptonError that a failure stands for."""
        reply = self.wait_for(
            lambda message: isinstance(message, (Reply, Failure)) and message.id == ident, seconds
        )
        if isinstance(reply, Failure):
            raise framing.error_from(reply)
        assert isinstance(reply, Reply)
        return reply.result

    def call(self, method: str, **params: Any) -> Any:
        return self.answer(self.request(method, **params))

    def failure(self, method: str, **params: Any) -> Failure:
        ident = self.request(method, **params)
        message = self.wait_for(lambda m: isinstance(m, (Reply, Failure)) and m.id == ident)
        assert isinstance(message, Failure), message
        return message

    def wait_for(self, wanted: Callable[[Message], bool], seconds: float = 30.0) -> Message:
        """The first message, old or new, that is wanted."""
        for message in self.messages:
            if wanted(message):
                return message
        return self.wait_for_new(wanted, seconds)

    def wait_for_new(self, wanted: Callable[[Message], bool], seconds: float = 30.0) -> Message:
        deadline = time.monotonic() + seconds
        while True:
            try:
                message = self._fresh.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the agent said nothing of the kind: {self.errors}") from None
            if message is None:
                raise AssertionError(f"the agent ended: {self.errors}")
            self.messages.append(message)
            if wanted(message):
                return message

    def notifications(self, method: str) -> list[dict[str, Any]]:
        return [
            message.params
            for message in self.messages
            if isinstance(message, Notification) and message.method == method
        ]

    def follow_to_end(
        self, job_id: str, offsets: dict[str, int] | None = None, seconds: float = 30.0
    ) -> JobStatus:
        """Follow a job until its final status; ``text`` gives what was sent."""
        self.call("job.follow", job_id=job_id, offsets=offsets or {})
        message = self.wait_for(lambda m: _is_final(m, job_id), seconds)
        assert isinstance(message, Notification)
        return build(JobStatus, message.params)

    def pieces(self, job_id: str, file: str) -> list[JobLines]:
        found = [build(JobLines, params) for params in self.notifications("job.lines")]
        return [piece for piece in found if (piece.job_id, piece.file) == (job_id, file)]

    def text(self, job_id: str, file: str) -> str:
        return "".join(piece.text for piece in self.pieces(job_id, file))

    @property
    def errors(self) -> str:
        return b"".join(self._errors).decode("utf-8", "replace")

    def close(self) -> int:
        """End as the engine does: close stdin."""
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        return self._reap()

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def _reap(self) -> int:
        code = self.process.wait(10)
        for thread in self._threads:
            thread.join(10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                stream.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if framing.read_hello(line) is None:
                self._fresh.put(framing.decode(line))
        self._fresh.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._errors.append(line)


def _is_final(message: Message, job_id: str) -> bool:
    if not isinstance(message, Notification) or message.method != "job.status":
        return False
    status = build(JobStatus, message.params)
    return status.job_id == job_id and status.state.is_final


def wait_until(condition: Callable[[], bool], seconds: float = 15.0, what: str = "") -> None:
    """Poll for a condition with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never came true: {what or condition}"
        time.sleep(0.02)
