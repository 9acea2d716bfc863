"""One socket to the engine: hello, token, one call at a time. Runs on the desk."""

from __future__ import annotations

import itertools
import socket
import time
from typing import Any

from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire.framing import (
    Failure,
    LineSplitter,
    Reply,
    Request,
    decode,
    encode,
    error_from,
    hello,
    read_hello,
)

CONNECT_SECONDS = 5.0
MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""The engine is trusted and an exact series may be long; a node's lines have a tighter limit."""


def engine_gone(detail: str) -> LeptonError:
    """The error of a broken connection."""
    return LeptonError(
        f"The connection to the engine broke: {detail}.",
        "Runs on the nodes go on. Start the engine again with: leptonctl engine start",
        code="engine_gone",
    )


class Connection:
    """An open, authorised socket. Not thread-safe: one call at a time.

    Attributes:
        status: What the engine answered to ``session.open``, as JSON.
    """

    def __init__(self, port: int, token: str, role: str) -> None:
        self._numbers = itertools.count(1)
        self._splitter = LineSplitter(MAX_ANSWER_BYTES)
        self._lines: list[bytes] = []
        self._socket = _open(port)
        try:
            self._greet()
            self.status = self.call("session.open", {"token": token, "client": role}, 10.0)
        except BaseException:
            self.close()
            raise

    def call(self, method: str, params: dict[str, Any], timeout_seconds: float) -> Any:  # noqa: ANN401
        """Send one request and wait for its answer.

        Raises:
            LeptonError: The engine refused it, is gone (``engine_gone``) or silent (``timeout``).
        """
        number = next(self._numbers)
        deadline = time.monotonic() + timeout_seconds
        self._send(encode(Request(number, method, params)), timeout_seconds)
        while True:
            answer = decode(self._line(method, deadline))
            if isinstance(answer, Failure) and answer.id in (number, None):
                raise error_from(answer)
            if isinstance(answer, Reply) and answer.id == number:
                return answer.result

    @property
    def is_open(self) -> bool:
        """False when the engine has closed its side; for connections that are not in use."""
        try:
            self._socket.setblocking(False)
            return bool(self._socket.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Close the socket; a call that waits in another thread ends with ``engine_gone``."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # never connected, or the other side was first
        finally:
            self._socket.close()

    def _greet(self) -> None:
        self._send(hello("client"), CONNECT_SECONDS)
        deadline = time.monotonic() + CONNECT_SECONDS
        role = read_hello(self._line("hello", deadline))
        if role != "engine":
            raise WireError("What listens on the engine's port is not an engine.")

    def _send(self, line: bytes, timeout_seconds: float) -> None:
        try:
            self._socket.settimeout(timeout_seconds)
            self._socket.sendall(line)
        except OSError as error:
            raise engine_gone(error.strerror or str(error)) from None

    def _line(self, waiting_for: str, deadline: float) -> bytes:
        while not self._lines:
            try:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                data = self._socket.recv(1 << 18)
            except TimeoutError:
                raise LeptonError(
                    f"The engine did not answer '{waiting_for}' in time.",
                    "Look at engine.log; leptonctl engine status shows where it is.",
                    code="timeout",
                ) from None
            except OSError as error:
                raise engine_gone(error.strerror or str(error)) from None
            if not data:
                raise engine_gone("it closed the connection")
            self._lines = self._splitter.feed(data)
            if self._splitter.dropped:
                raise WireError(f"The answer to '{waiting_for}' is too long.")
        return self._lines.pop(0)


def _open(port: int) -> socket.socket:
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS)
    except OSError as error:
        raise engine_gone(error.strerror or str(error)) from None
