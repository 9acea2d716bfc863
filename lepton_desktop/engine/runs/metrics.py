"""Takes in what jobs write: every line once, whatever is sent twice or lost. Runs in the engine."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lepton_desktop.engine.decimation import keep
from lepton_desktop.engine.runs import ledger
from lepton_desktop.engine.runs.lines import (
    EVENTS,
    METRICS,
    OUTPUT,
    Event,
    MetricLine,
    event_line,
    metric_line,
    split,
)
from lepton_desktop.engine.runs.records import Job, Run
from lepton_desktop.engine.store import Connection
from lepton_desktop.wire.desk import Series
from lepton_desktop.wire.node import JobLines


class Fit(enum.Enum):
    """How a part of a file joins what is stored."""

    NEXT = "next"
    OLD = "old"
    GAP = "gap"


@dataclass(frozen=True)
class Taken:
    """What one part added."""

    fit: Fit
    metrics: Sequence[MetricLine] = ()
    events: Sequence[Event] = ()
    malformed: int = 0
    offsets: dict[str, int] = field(default_factory=dict)
    """Of all files of the job, as stored; where to follow again from after a gap."""


def take(base: Connection, run: Run, job: Job, part: JobLines, accept_gap: bool) -> Taken:
    """Store one part and its offset, in the caller's transaction.

    A part that is stored already is skipped, the new end of an overlapping one is taken. A part
    that leaves a hole is refused, unless the node no longer has what is missing (``accept_gap``).
    """
    stored = ledger.offsets(base, job)
    part = _clean(part)
    cut = _join(part, stored.get(part.file, 0), accept_gap)
    if isinstance(cut, Fit):
        return Taken(cut, offsets=stored)
    taken = _store(base, run, job, cut)
    ledger.set_offset(base, job, part.file, cut.next_offset)
    return taken


def _clean(part: JobLines) -> JobLines:
    # JSON can carry half a surrogate pair, which neither UTF-8 nor SQLite takes.
    text = part.text.encode("utf-8", "replace").decode()
    return part if text == part.text else replace(part, text=text)


def _join(part: JobLines, end: int, accept_gap: bool) -> JobLines | Fit:
    if part.next_offset <= end:
        return Fit.OLD
    if part.offset > end and not accept_gap:
        return Fit.GAP
    if part.offset >= end:
        return part
    data = part.text.encode()
    if len(data) != part.next_offset - part.offset:
        return Fit.GAP  # where the new end begins is not known: it is asked for again
    rest = data[end - part.offset :].decode("utf-8", "replace")
    return replace(part, offset=end, text=rest)


def _store(base: Connection, run: Run, job: Job, part: JobLines) -> Taken:
    if part.file == OUTPUT:
        if part.text:
            output = ledger.OutputPart(part.offset, part.next_offset, part.text)
            ledger.add_output(base, job, output)
        return Taken(Fit.NEXT)
    lines = list(split(part.text, part.offset, part.next_offset))
    if part.file == METRICS:
        metrics = [line for place in lines if (line := metric_line(*place)) is not None]
        ledger.add_metrics(base, run, job, metrics)
        return Taken(Fit.NEXT, metrics=metrics, malformed=len(lines) - len(metrics))
    if part.file == EVENTS:
        events = [one for place in lines if (one := event_line(*place)) is not None]
        ledger.add_events(base, run, job, events)
        return Taken(Fit.NEXT, events=events, malformed=len(lines) - len(events))
    return Taken(Fit.NEXT)


def series(
    base: Connection,
    run: Run,
    keys: Sequence[str],
    width: int,
    limits: tuple[float | None, float | None],
) -> list[Series]:
    """The wanted metrics of a run (all without keys); ``width`` 0 is exact."""
    known = ledger.metric_keys(base, run)
    wanted = [pair for pair in known if not keys or pair[1] in keys]
    return [_series(ledger.points(base, run, pair, *limits), width) for pair in wanted]


def _series(points: ledger.Points, width: int) -> Series:
    kept = keep(points.steps, points.values, width)
    return Series(
        key=points.key,
        x=[float(points.steps[index]) for index in kept],
        y=[points.values[index] for index in kept],
        time=[points.times[index] for index in kept],
        count=len(points.steps),
        decimated=len(kept) < len(points.steps),
    )


def event_view(body: dict[str, Any]) -> dict[str, Any]:
    """An event as clients get it."""
    view = {"t": body.get("time"), "kind": body["kind"], "text": body["text"]}
    view.update((key, body[key]) for key in ("step", "file", "fraction", "hint") if key in body)
    return view
