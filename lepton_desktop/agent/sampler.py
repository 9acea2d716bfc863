"""Sends one Sample at every tick. Runs on every node, in the agent, on its own thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from lepton_desktop.agent.accelerators import Accelerators
from lepton_desktop.agent.probes.host import HostProbe
from lepton_desktop.wire.node import Sample

log = logging.getLogger(__name__)

SHORTEST_SECONDS = 0.1
LONGEST_SECONDS = 3600.0
FIRST_SECONDS = 0.25
"""The first sample covers at least so long: rates over a shorter time mean little."""


class Sampler:
    """Reads all probes on a steady beat.

    Ticks are multiples of the interval; one that is late is left out, not made up for.
    """

    def __init__(
        self, host: HostProbe, accelerators: Accelerators, send: Callable[[Sample], None]
    ) -> None:
        self._host = host
        self._accelerators = accelerators
        self._send = send
        self._changed = threading.Condition()
        self._interval: float | None = None
        self._told: dict[str, str] = {}
        self._host.read()  # rates need a first reading
        self._first_tick = time.monotonic() + FIRST_SECONDS
        threading.Thread(target=self._run, name="sampler", daemon=True).start()

    def start(self, interval_seconds: float) -> None:
        """Begin, or change the beat; reasons are said again."""
        with self._changed:
            self._interval = min(max(interval_seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
            self._told = {}
            self._changed.notify()

    def stop(self) -> None:
        """Fall silent."""
        with self._changed:
            self._interval = None
            self._changed.notify()

    def sample(self) -> Sample:
        """One reading of everything; reasons only when they differ from the ones said last."""
        host, reasons = self._host.read()
        columns, gpu_reasons = self._accelerators.read()
        reasons.update(gpu_reasons)
        news, self._told = ({} if reasons == self._told else reasons), reasons
        return Sample(round(time.time(), 3), host, columns, news)

    def _run(self) -> None:
        next_tick = 0.0
        interval: float | None = None
        while True:
            with self._changed:
                if self._interval != interval:
                    interval = self._interval
                    next_tick = max(time.monotonic(), self._first_tick)
                if interval is None:
                    self._changed.wait()
                    continue
                wait = next_tick - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                    continue
            self._tick()
            missed = (time.monotonic() - next_tick) // interval
            next_tick += interval * (missed + 1)

    def _tick(self) -> None:
        try:
            self._send(self.sample())
        except Exception:
            log.exception("A sample could not be taken.")
