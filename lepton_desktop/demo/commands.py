"""Runs what an SSH client asks a demo node to run, without a terminal. Runs on the desk."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import paramiko

CHUNK_BYTES = 32768
LAST_WORD_SECONDS = 0.02
"""paramiko confirms a request only after its handler returned: a command that ends sooner would
close the channel before the confirmation, which OpenSSH takes for a protocol error."""


class Command:
    """One executed command, bridged to one channel.

    Channel windows and pipes are both bounded, so a slow reader on either side slows the other.
    """

    def __init__(
        self, channel: paramiko.Channel, command: str, login: Path, env: dict[str, str]
    ) -> None:
        self._channel = channel
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            [env["SHELL"], "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=login,
            env=env,
            start_new_session=True,
            bufsize=0,
        )
        self._threads = [
            threading.Thread(target=target, name=f"lab command {self._process.pid}", daemon=True)
            for target in (self._feed, self._forward_errors, self._finish)
        ]

    def start(self) -> None:
        """Begin to forward."""
        for thread in self._threads:
            thread.start()

    @property
    def is_running(self) -> bool:
        """Whether something of it still works."""
        return any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Kill the command's process group and wait until nothing forwards any more."""
        if self.is_running:  # else its number may belong to somebody else by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _feed(self) -> None:
        stdin = _pipe(self._process.stdin)
        with stdin:
            while data := self._receive():
                try:
                    _write_all(stdin, data)
                except OSError:
                    return  # the command does not read any more

    def _receive(self) -> bytes:
        try:
            return self._channel.recv(CHUNK_BYTES)
        except OSError:
            return b""

    def _forward_errors(self) -> None:
        self._forward(_pipe(self._process.stderr), self._channel.sendall_stderr)

    def _finish(self) -> None:
        self._forward(_pipe(self._process.stdout), self._channel.sendall)
        self._threads[1].join()
        code = self._process.wait()
        time.sleep(max(0.0, self._begun + LAST_WORD_SECONDS - time.monotonic()))
        # The client may be gone. Shells and OpenSSH report a signal as 128 + its number.
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.send_exit_status(code if code >= 0 else 128 - code)
        self._close()

    def _close(self) -> None:
        """The client may be gone at this very moment."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()

    def _forward(self, source: IO[bytes], send: Callable[[bytes], object]) -> None:
        with source:
            while data := source.read(CHUNK_BYTES):
                try:
                    send(data)
                except OSError:
                    return  # closing the pipe tells the command


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("the command was started without pipes")
    return stream


def _write_all(stream: IO[bytes], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]
