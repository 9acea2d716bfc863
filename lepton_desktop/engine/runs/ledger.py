"""The SQL of runs, jobs, metrics, events and output. Runs in the engine, inside transactions.

Every function takes the connection of the caller's transaction, see ``Store.write``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lepton_desktop.engine.runs.lines import Event, MetricLine
from lepton_desktop.engine.runs.progress import Progress
from lepton_desktop.engine.runs.records import TRAIN, Job, Run, job_body, job_of, run_body, run_of
from lepton_desktop.engine.store import Connection
from lepton_desktop.wire.convert import dump

OUTPUT_KEPT_BYTES = 4 * 1024 * 1024
"""Of each job's output in the store; the node keeps more."""


def insert_run(base: Connection, run: Run) -> int:
    """Store a new run and return its number, which is never given twice."""
    cursor = base.execute(
        "INSERT INTO runs (run_id, active, body) VALUES (?, 1, ?)",
        (run.run_id, json.dumps(run_body(run))),
    )
    return cursor.lastrowid or 0


def save_run(base: Connection, run: Run) -> None:
    """Store a run's present state."""
    base.execute(
        "UPDATE runs SET active = ?, body = ? WHERE number = ?",
        (not run.state.state.is_final, json.dumps(run_body(run)), run.number),
    )


def delete_run(base: Connection, run: Run) -> None:
    """Forget a run and everything of it."""
    base.execute("DELETE FROM runs WHERE number = ?", (run.number,))


def insert_job(base: Connection, run: Run, job: Job) -> int:
    """Store a new job and return its number."""
    cursor = base.execute(
        "INSERT INTO jobs (job_id, run, body) VALUES (?, ?, ?)",
        (job.job_id, run.number, json.dumps(job_body(job))),
    )
    return cursor.lastrowid or 0


def save_job(base: Connection, job: Job) -> None:
    """Store a job's present state."""
    base.execute(
        "UPDATE jobs SET body = ? WHERE number = ?", (json.dumps(job_body(job)), job.number)
    )


def load_runs(base: Connection) -> list[Run]:
    """Every run with its jobs and newest metrics."""
    runs = {
        number: run_of(number, run_id, json.loads(body))
        for number, run_id, body in base.execute("SELECT number, run_id, body FROM runs")
    }
    for number, owner, body in base.execute("SELECT number, run, body FROM jobs ORDER BY number"):
        runs[owner].jobs.append(job_of(number, json.loads(body)))
    for run in runs.values():
        run.progress = _progress(base, run)
    return list(runs.values())


def _progress(base: Connection, run: Run) -> Progress:
    (count,) = base.execute(
        "SELECT count(*) FROM metric_points WHERE run = ?", (run.number,)
    ).fetchone()
    training = {job.number for job in run.jobs if job.kind == TRAIN}
    progress = Progress(count=count)
    for key_id, key in base.execute("SELECT id, key FROM metric_keys").fetchall():
        newest = base.execute(
            "SELECT step, job, value FROM metric_points WHERE run = ? AND key = ?"
            " ORDER BY step DESC, job DESC, line DESC LIMIT 1",
            (run.number, key_id),
        ).fetchone()
        if newest is None:
            continue
        step, job, value = newest
        if value is not None:
            progress.newest[key] = value
        if job in training:
            progress.step = max(progress.step, step)
    return progress


def offsets(base: Connection, job: Job) -> dict[str, int]:
    """File name to the offset that was stored last."""
    return dict(
        base.execute(
            "SELECT file, next_offset FROM offsets WHERE job = ?", (job.number,)
        ).fetchall()
    )


def set_offset(base: Connection, job: Job, file: str, next_offset: int) -> None:
    """Remember how far a file was stored."""
    base.execute("INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", (job.number, file, next_offset))


def add_metrics(base: Connection, run: Run, job: Job, lines: Iterable[MetricLine]) -> None:
    """Store points; the same line of the same job cannot be there twice."""
    keys: dict[str, int] = dict(base.execute("SELECT key, id FROM metric_keys").fetchall())
    rows = []
    for line in lines:
        for key, value in line.values.items():
            if key not in keys:
                cursor = base.execute("INSERT INTO metric_keys (key) VALUES (?)", (key,))
                keys[key] = cursor.lastrowid or 0
            place = (run.number, keys[key], line.step, job.number, line.offset)
            rows.append((*place, line.time, value))
    base.executemany("INSERT OR IGNORE INTO metric_points VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def add_events(base: Connection, run: Run, job: Job, events: Iterable[Event]) -> None:
    """Store events."""
    base.executemany(
        "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)",
        [(job.number, one.offset, run.number, json.dumps(dump(one))) for one in events],
    )


def events_of(base: Connection, run: Run) -> list[tuple[int, dict[str, Any]]]:
    """Job number and event, in the order of time."""
    rows = base.execute(
        "SELECT job, body FROM events WHERE run = ? ORDER BY job, line", (run.number,)
    ).fetchall()
    return [(job, json.loads(body)) for job, body in rows]


@dataclass(frozen=True)
class OutputPart:
    """Some whole lines of a job's output."""

    offset: int
    next_offset: int
    text: str


def add_output(base: Connection, job: Job, part: OutputPart) -> None:
    """Store output and let go of the oldest beyond the limit."""
    base.execute(
        "INSERT OR IGNORE INTO output VALUES (?, ?, ?, ?)",
        (job.number, part.offset, part.next_offset, part.text),
    )
    base.execute(
        "DELETE FROM output WHERE job = ? AND next_offset <= ?",
        (job.number, part.next_offset - OUTPUT_KEPT_BYTES),
    )


def output_before(base: Connection, job: Job, before: int | None, limit: int) -> list[OutputPart]:
    """Parts that hold the ``limit`` bytes before an offset (the end without one), oldest first."""
    bound = 2**62 if before is None else before
    parts: list[OutputPart] = []
    taken = 0
    for row in base.execute(
        "SELECT offset, next_offset, text FROM output WHERE job = ? AND offset < ?"
        " ORDER BY offset DESC",
        (job.number, bound),
    ):
        part = OutputPart(*row)
        parts.insert(0, part)
        taken += min(part.next_offset, bound) - part.offset
        if taken >= limit:
            break
    return parts


@dataclass(frozen=True)
class Points:
    """One metric of a run, in the order of steps."""

    key: str
    steps: list[int]
    values: list[float | None]
    times: list[float]


def metric_keys(base: Connection, run: Run) -> list[tuple[int, str]]:
    """The metrics that a run has, by id and key."""
    return [
        (number, key)
        for number, key in base.execute("SELECT id, key FROM metric_keys ORDER BY key").fetchall()
        if base.execute(
            "SELECT 1 FROM metric_points WHERE run = ? AND key = ? LIMIT 1", (run.number, number)
        ).fetchone()
    ]


def points(
    base: Connection, run: Run, key: tuple[int, str], low: float | None, high: float | None
) -> Points:
    """The points of one metric between two steps, both included."""
    rows = base.execute(
        "SELECT step, value, time FROM metric_points WHERE run = ? AND key = ?"
        " AND step >= ? AND step <= ? ORDER BY step, job, line",
        (run.number, key[0], -(2**62) if low is None else low, 2**62 if high is None else high),
    ).fetchall()
    steps, values, times = zip(*rows, strict=True) if rows else ((), (), ())
    return Points(key[1], list(steps), list(values), [time or 0.0 for time in times])


def job_metrics(base: Connection, job: Job) -> dict[str, float]:
    """Newest value of every metric that one job wrote, for evaluations."""
    rows = base.execute(
        "SELECT metric_keys.key, value FROM metric_points"
        " JOIN metric_keys ON metric_keys.id = metric_points.key"
        " WHERE run = (SELECT run FROM jobs WHERE number = ?) AND job = ? ORDER BY line",
        (job.number, job.number),
    ).fetchall()
    return {key: value for key, value in rows if value is not None}


def tail(parts: list[OutputPart], before: int | None, limit: int) -> tuple[str, int]:
    """The last ``limit`` bytes before an offset, at line ends, and where they begin.

    A part with undecodable bytes is taken whole, because its inner offsets are not known.
    """
    text, begin = "", parts[0].offset if parts else before or 0
    left = limit
    for part in reversed(parts):
        data = part.text.encode()
        exact = len(data) == part.next_offset - part.offset
        if before is not None and part.next_offset > before and exact:
            data = data[: before - part.offset]
        begin = part.offset
        full = len(data) >= left
        if len(data) > left and exact:
            cut = data.find(b"\n", len(data) - left - 1) + 1
            if cut == len(data) and not text:  # one line at least, however long
                cut = data.rfind(b"\n", 0, len(data) - 1) + 1
            data, begin = data[cut:], part.offset + cut
        text = data.decode("utf-8", "replace") + text
        left -= len(data)
        if full:
            break
    return text, begin
