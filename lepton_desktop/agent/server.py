"""The request loop of an agent: lines in, lines out. Runs on every node.

stdout carries the wire only; whatever else is printed goes to stderr. Each request is answered on
a thread of its own, so a slow one delays neither telemetry nor the others.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys
import threading
from collections.abc import Mapping

from lepton_desktop.agent import facts
from lepton_desktop.agent.accelerators import Accelerators
from lepton_desktop.agent.home import NodeHome, open_home
from lepton_desktop.agent.jobs import Jobs
from lepton_desktop.agent.methods import Method, Parts, methods
from lepton_desktop.agent.outbox import Outbox
from lepton_desktop.agent.probes import accelerator_probes
from lepton_desktop.agent.probes.host import HostProbe, best_reader
from lepton_desktop.agent.processes import ProcessList
from lepton_desktop.agent.sampler import Sampler
from lepton_desktop.agent.tails import Tails
from lepton_desktop.agent.text import clean
from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire import framing
from lepton_desktop.wire.framing import (
    INVALID_PARAMS,
    UNKNOWN_METHOD,
    Failure,
    LineSplitter,
    Reply,
    Request,
)

log = logging.getLogger(__name__)

REQUESTS_AT_ONCE = 32
READ_BYTES = 64 * 1024


class Server:
    """Reads requests from ``handle`` until it closes or ``quit`` is called."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._splitter = LineSplitter()
        self._malformed = 0
        self._greeted = False
        self._slots = threading.Semaphore(REQUESTS_AT_ONCE)
        self._leaving = False
        self._quit_end, self._quit = os.pipe()

    def quit(self) -> None:
        """End the loop; jobs go on."""
        with contextlib.suppress(OSError):
            os.write(self._quit, b"1")

    def leave(self) -> None:
        """End the loop once the request that asks for it is answered."""
        self._leaving = True

    def dropped_lines(self) -> int:
        """How many lines made no sense so far."""
        return self._malformed + self._splitter.dropped

    def run(self, table: Mapping[str, Method], outbox: Outbox) -> None:
        """Serve.

        Raises:
            WireError: The engine speaks another version of the wire.
        """
        poll = select.poll()
        for handle in (self._handle, self._quit_end):
            poll.register(handle, select.POLLIN)
        while all(handle != self._quit_end for handle, _ in poll.poll()):
            data = os.read(self._handle, READ_BYTES)
            if not data:
                return
            for line in self._splitter.feed(data):
                self._take(line, table, outbox)

    def _take(self, line: bytes, table: Mapping[str, Method], outbox: Outbox) -> None:
        if not self._greeted:
            self._greeted = framing.read_hello(line) is not None  # what came before is noise
            return
        try:
            message = framing.decode(line)
        except WireError as error:
            self._malformed += 1
            log.warning("A line was dropped: %s", clean(error.message))
            return
        if isinstance(message, Request):
            self._slots.acquire()
            threading.Thread(
                target=self._answer, args=(message, table, outbox), name="request", daemon=True
            ).start()

    def _answer(self, request: Request, table: Mapping[str, Method], outbox: Outbox) -> None:
        try:
            try:
                line = framing.encode(answer(request, table))
            except ValueError as error:  # NaN in a result is a bug, but the asker must hear of it
                line = framing.encode(_failure(request.id, error))
            outbox.send_line(line)
        finally:
            self._slots.release()
            if self._leaving:
                self.quit()


def answer(request: Request, table: Mapping[str, Method]) -> Reply | Failure:
    """The result of a request, or why there is none; never raises."""
    method = table.get(request.method)
    if method is None:
        name = clean(request.method, 60)
        return Failure(request.id, UNKNOWN_METHOD, f"This agent has no method '{name}'.")
    try:
        return Reply(request.id, method(request.params))
    except WireError as error:
        return Failure(request.id, INVALID_PARAMS, clean(error.message))
    except LeptonError as error:
        return _failure(request.id, error)
    except Exception as error:
        log.exception("The request %s failed.", clean(request.method, 60))
        return _failure(request.id, error)


def _failure(ident: int | None, error: Exception) -> Failure:
    failure = framing.failure_from(ident, error)
    return Failure(failure.id, failure.code, clean(failure.message, 500), failure.data)


def serve() -> int:
    """Run the agent on stdin and stdout until the engine closes them."""
    logging.basicConfig(stream=sys.stderr, format="lepton agent: %(levelname)s %(message)s")
    wire_in, wire_out = _take_over_standard_streams()
    server = Server(wire_in)
    outbox = Outbox(wire_out, on_broken=server.quit)
    outbox.send_line(framing.hello("agent"))
    try:
        home = open_home()
        outbox.notify("agent.hello", facts.hello(home))
        server.run(methods(_assemble(home, server, outbox)), outbox)
    except LeptonError as error:
        sys.stderr.write(f"lepton agent: {error}\n")
        outbox.send(_failure(None, error))
        code = 1
    else:
        code = 0
    sys.stderr.flush()
    # Requests still under way must not hold up the end; what they started lives on its own.
    os._exit(code)


def _take_over_standard_streams() -> tuple[int, int]:
    """Keep stdin and stdout for the wire; stray prints of any library land in stderr."""
    wire_in, wire_out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return wire_in, wire_out


def _assemble(home: NodeHome, server: Server, outbox: Outbox) -> Parts:
    """The composition root."""
    reader = best_reader()
    accelerators = Accelerators(accelerator_probes())
    jobs = Jobs(home)
    return Parts(
        home=home,
        accelerators=accelerators,
        host_reader=reader.name,
        sampler=Sampler(
            HostProbe(reader, home.root),
            accelerators,
            lambda sample: outbox.notify("telemetry.sample", sample),
        ),
        processes=ProcessList(accelerators.processes),
        jobs=jobs,
        tails=Tails(jobs, outbox),
        leave=server.leave,
        dropped_lines=server.dropped_lines,
    )
