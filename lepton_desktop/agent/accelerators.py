"""All accelerators of a node behind one door, with a time limit. Runs on every node, in the agent.

A driver in trouble can hold a call for minutes. Each probe therefore lives on its own thread,
and whoever asks waits a moment only: the host's readings are not held up by an ill GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import fields, replace
from typing import Any, TypeVar

from lepton_desktop.agent.probes.probe import AcceleratorProbe, GpuProcess, GpuReading
from lepton_desktop.wire.node import GpuColumns, GpuFacts

T = TypeVar("T")

READ_SECONDS = 0.5
ASK_SECONDS = 5.0
COLUMNS = tuple(item.name for item in fields(GpuColumns))


class Accelerators:
    """Every device of every probe, numbered through."""

    def __init__(self, probes: list[AcceleratorProbe]) -> None:
        self._desks = [_Desk(probe) for probe in probes]

    def facts(self) -> tuple[list[GpuFacts], dict[str, str]]:
        """What the devices are; reasons say why a kind has none."""
        found: list[GpuFacts] = []
        reasons: dict[str, str] = {}
        for desk in self._desks:
            problem = desk.ask(desk.probe.open, "the driver does not answer")
            listed: list[GpuFacts] = [] if problem else desk.ask(desk.probe.facts, [])
            if problem:
                reasons[f"gpu.{desk.probe.kind}"] = problem
            found += [replace(item, index=len(found) + at) for at, item in enumerate(listed)]
            desk.count = len(listed) or desk.count
        return found, reasons

    def read(self) -> tuple[GpuColumns, dict[str, str]]:
        """All devices at this moment, as columns, and why something is missing."""
        rows: list[GpuReading] = []
        reasons: dict[str, str] = {}
        for desk in self._desks:
            found, problem = desk.read()
            if problem:
                reasons[f"gpu.{desk.probe.kind}"] = problem
            rows += found
        return _columns(rows), {**reasons, **_missing(rows)}

    def processes(self) -> list[GpuProcess]:
        """Who uses which device."""
        found: list[GpuProcess] = []
        first = 0
        for desk in self._desks:
            uses: list[GpuProcess] = desk.ask(desk.probe.processes, [])
            found += [replace(use, index=use.index + first) for use in uses]
            first += desk.count
        return found

    def close(self) -> None:
        """Let the threads go."""
        for desk in self._desks:
            desk.close()


class _Desk:
    """One probe and the only thread that may call it."""

    def __init__(self, probe: AcceleratorProbe) -> None:
        self.probe = probe
        self.count = 0
        self._thread = ThreadPoolExecutor(1, f"probe-{probe.kind}")
        self._reading: Future[tuple[list[GpuReading], str]] | None = None

    def ask(self, question: Callable[[], T], otherwise: T) -> T:
        """The probe's answer, or ``otherwise`` when it takes too long."""
        answer = self._thread.submit(question)
        try:
            return answer.result(ASK_SECONDS)
        except NoAnswer:
            answer.cancel()
            return otherwise

    def read(self) -> tuple[list[GpuReading], str]:
        """Readings and the problem; a device that was there stays in its place when it is slow."""
        if self._reading is None:
            self._reading = self._thread.submit(self._read)
        try:
            rows, problem = self._reading.result(READ_SECONDS)
        except NoAnswer:
            return [GpuReading()] * self.count, "the driver did not answer in time"
        self._reading = None
        self.count = len(rows) or self.count
        return rows, problem

    def close(self) -> None:
        """End the thread once its call returns."""
        self._thread.shutdown(wait=False)

    def _read(self) -> tuple[list[GpuReading], str]:
        problem = self.probe.open()
        return ([], problem) if problem else (self.probe.read(), "")


def _columns(rows: list[GpuReading]) -> GpuColumns:
    columns: dict[str, list[Any]] = {}
    for name in COLUMNS:
        values = [getattr(row, name) for row in rows]
        if any(value is not None for value in values):
            columns[name] = values
    return GpuColumns(**columns)


def _missing(rows: list[GpuReading]) -> dict[str, str]:
    """Reasons, said once when every device has the same."""
    reasons: dict[str, str] = {}
    for name in COLUMNS:
        said = [row.reasons.get(name, "") for row in rows]
        if said and said[0] and said.count(said[0]) == len(said):
            reasons[f"gpu.{name}"] = said[0]
            continue
        for index, reason in enumerate(said):
            if reason:
                reasons[f"gpu.{index}.{name}"] = reason
    return reasons
