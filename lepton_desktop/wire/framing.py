"""JSON lines in the shape of JSON-RPC 2.0. Runs on every hop; standard library only.

A connection begins with one hello line in each direction, ``lepton-wire 1 <role>``; whatever a
login shell prints before it is skipped. Every later line is one message.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from lepton_desktop.errors import LeptonError, WireError

WIRE_VERSION = 1
MAGIC = "lepton-wire"
MAX_LINE_BYTES = 4 * 1024 * 1024

UNKNOWN_METHOD = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
OPERATOR_ERROR = -32000
"""A LeptonError travels under this code: ``data`` holds ``hint`` and the stable word ``code``."""


@dataclass(frozen=True)
class Request:
    """A call that wants one Reply or Failure with the same id."""

    id: int
    method: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """The result of a request; any JSON value."""

    id: int
    result: Any = None


@dataclass(frozen=True)
class Failure:
    """A request that failed; ``id`` is None when the request could not be read."""

    id: Optional[int]
    code: int
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Notification:
    """A message that wants no answer."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)


Message = Union[Request, Reply, Failure, Notification]


def hello(role: str) -> bytes:
    """The first line that a program sends; ``role`` is ``agent``, ``engine`` or ``client``."""
    return f"{MAGIC} {WIRE_VERSION} {role}\n".encode()


def read_hello(line: bytes) -> Optional[str]:
    """The peer's role, or None when the line is shell noise.

    Raises:
        WireError: The peer speaks another version of the wire.
    """
    words = line.decode("utf-8", "replace").split()
    if len(words) != 3 or words[0] != MAGIC or not words[1].isdecimal():
        return None
    if words[1] != str(WIRE_VERSION):
        raise WireError(
            f"The other side speaks wire version {words[1]}, this side {WIRE_VERSION}.",
            "Update the older of the two installations.",
        )
    return words[2]


def encode(message: Message) -> bytes:
    """One line, newline included. NaN and infinity are refused by JSON and must not be sent."""
    body: dict[str, Any]
    if isinstance(message, Request):
        body = {"id": message.id, "method": message.method, "params": message.params}
    elif isinstance(message, Notification):
        body = {"method": message.method, "params": message.params}
    elif isinstance(message, Reply):
        body = {"id": message.id, "result": message.result}
    else:
        error = {"code": message.code, "message": message.message, "data": message.data}
        body = {"id": message.id, "error": error}
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode(line: bytes) -> Message:
    """Read one line.

    Raises:
        WireError: The line is not one of the four messages.
    """
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"Not a JSON line: {str(error)[:120]}") from None
    return message_from(body)


def message_from(body: object) -> Message:
    """The message in an already parsed JSON value (the engine parses with msgspec).

    Raises:
        WireError: The value is not one of the four messages.
    """
    if not isinstance(body, dict):
        raise WireError("A message must be a JSON object.")
    ident, method, params = body.get("id"), body.get("method"), body.get("params", {})
    if ident is not None and (isinstance(ident, bool) or not isinstance(ident, int)):
        raise WireError("A message id must be an integer.")
    if method is not None:
        if not isinstance(method, str) or not isinstance(params, dict):
            raise WireError("A method must be a string and its params an object.")
        return Notification(method, params) if ident is None else Request(ident, method, params)
    if "error" in body:
        return _failure(ident, body["error"])
    if ident is None or "result" not in body:
        raise WireError("A message needs a method, a result or an error.")
    return Reply(ident, body["result"])


def _failure(ident: Optional[int], error: object) -> Failure:
    if not isinstance(error, dict):
        raise WireError("An error must be an object.")
    code, message, data = error.get("code"), error.get("message"), error.get("data", {})
    if not isinstance(code, int) or not isinstance(message, str) or not isinstance(data, dict):
        raise WireError("An error needs an integer code and a message.")
    return Failure(ident, code, message, data)


def failure_from(ident: Optional[int], error: BaseException) -> Failure:
    """How an exception travels: an operator's error whole, a bug as its name only."""
    if isinstance(error, LeptonError):
        data = {"hint": error.hint, "code": error.code}
        return Failure(ident, OPERATOR_ERROR, error.message, data)
    return Failure(ident, INTERNAL_ERROR, f"{type(error).__name__}: {error}"[:500])


def error_from(failure: Failure) -> LeptonError:
    """The exception that a received Failure stands for."""
    hint, code = failure.data.get("hint", ""), failure.data.get("code", "failed")
    return LeptonError(failure.message, str(hint), code=str(code))


class LineSplitter:
    """Cuts a byte stream into lines; over-long lines are dropped and counted, never stored.

    Attributes:
        dropped: How many over-long lines were thrown away.
    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self.dropped = 0
        self._limit = limit
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes, get the lines that are now complete, without their newline."""
        lines: list[bytes] = []
        *complete, rest = data.split(b"\n")
        for part in complete:
            if self._skipping:
                self._skipping = False
            elif len(self._rest) + len(part) > self._limit:
                self.dropped += 1
            else:
                lines.append(bytes(self._rest + part))
            self._rest.clear()
        if self._skipping:
            return lines
        self._rest += rest
        if len(self._rest) > self._limit:
            self.dropped += 1
            self._skipping = True
            self._rest.clear()
        return lines
