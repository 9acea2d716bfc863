"""The way out: whole lines on the wire, from any thread. Runs on every node, in the agent."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from lepton_desktop.wire import framing
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.framing import Message, Notification


class Outbox:
    """Writes messages to a file descriptor; a full pipe makes the senders wait (back-pressure)."""

    def __init__(self, handle: int, on_broken: Callable[[], None]) -> None:
        self._handle = handle
        self._on_broken = on_broken
        self._lock = threading.Lock()
        self._broken = False

    def send_line(self, line: bytes) -> None:
        """Write a line that is encoded already; nothing happens when nobody reads any more."""
        with self._lock:
            if self._broken:
                return
            try:
                while line:
                    line = line[os.write(self._handle, line) :]
            except OSError:
                self._broken = True
        if self._broken:
            self._on_broken()

    def send(self, message: Message) -> None:
        """Write one message."""
        self.send_line(framing.encode(message))

    def notify(self, method: str, record: object) -> None:
        """Send a dataclass as the params of a notification."""
        self.send(Notification(method, dump(record)))
