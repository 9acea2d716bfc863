"""Joins stdin and stdout to the engine's socket. Runs on the engine's computer.

Whoever may run this may also read the engine's token, so it is put into ``session.open`` here: the
desk at the other end of the SSH connection need not know it.
"""

from __future__ import annotations

import os
import socket
import threading

from lepton_desktop.client import EngineAddress
from lepton_desktop.errors import WireError
from lepton_desktop.wire.framing import LineSplitter, Request, decode, encode

CHUNK_BYTES = 1 << 16


def bridge(address: EngineAddress, source: int, target: int) -> None:
    """Forward both ways until either side ends."""
    with socket.create_connection(("127.0.0.1", address.port), timeout=5) as engine:
        engine.settimeout(None)
        forward = threading.Thread(
            target=_to_engine, args=(source, engine, address.token), daemon=True
        )
        forward.start()
        while data := engine.recv(CHUNK_BYTES):
            _write_all(target, data)


def _to_engine(source: int, engine: socket.socket, token: str) -> None:
    splitter, opened = LineSplitter(), False
    try:
        while data := os.read(source, CHUNK_BYTES):
            for line in splitter.feed(data):
                if not opened and b'"session.open"' in line:
                    line, opened = _with_token(line, token), True
                engine.sendall(line + b"\n")
        engine.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the engine ended; the other direction says so


def _with_token(line: bytes, token: str) -> bytes:
    try:
        message = decode(line)
    except WireError:
        return line
    if not isinstance(message, Request) or message.method != "session.open":
        return line
    opening = Request(message.id, message.method, {**message.params, "token": token})
    return encode(opening).rstrip(b"\n")


def _write_all(target: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(target, rest) :]
