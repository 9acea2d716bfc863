"""Lines of a followed job file, each with its byte offset. Runs in the engine; pure.

Text from nodes is data: a line that does not say what it should is counted, never fatal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

METRICS, EVENTS, OUTPUT = "metrics.jsonl", "events.jsonl", "output.log"
FILES = (METRICS, EVENTS, OUTPUT)

MAX_KEY_CHARACTERS = 120
MAX_TEXT_CHARACTERS = 4000


@dataclass(frozen=True)
class MetricLine:
    """One line of ``metrics.jsonl``."""

    offset: int
    step: int
    time: float | None
    values: dict[str, float | None]


@dataclass(frozen=True)
class Event:
    """One line of ``events.jsonl``."""

    kind: str
    text: str
    time: float | None = None
    step: int | None = None
    file: str = ""
    fraction: float | None = None
    hint: str = ""
    offset: int = field(default=0, compare=False)


def split(text: str, offset: int, next_offset: int) -> Iterator[tuple[int, str]]:
    """Each line with the offset of its first byte.

    Where bytes were undecodable the exact place is not known: a replacement character is counted
    as one byte, which keeps the places distinct and inside the part.
    """
    exact = len(text.encode()) == next_offset - offset
    for line in text.split("\n"):
        if line:
            yield offset, line.rstrip("\r")
        surplus = 0 if exact else 2 * line.count("\ufffd")
        offset += len(line.encode()) - surplus + 1


def metric_line(offset: int, line: str) -> MetricLine | None:
    """A metrics line, or None when it is none; values that are no numbers become None."""
    body = _object(line)
    if body is None or not isinstance(body.get("m"), dict):
        return None
    step = body.get("step")
    if isinstance(step, bool) or not isinstance(step, int) or not -(2**62) < step < 2**62:
        return None
    values = {
        key: number(value)
        for key, value in body["m"].items()
        if key and len(key) <= MAX_KEY_CHARACTERS
    }
    return MetricLine(offset, step, number(body.get("t")), values)


def event_line(offset: int, line: str) -> Event | None:
    """An event line, or None when it is none."""
    body = _object(line)
    if body is None or not isinstance(body.get("kind"), str):
        return None
    step = body.get("step")
    return Event(
        kind=body["kind"][:40],
        text=clean(str(body.get("text", ""))),
        time=number(body.get("t")),
        step=step if isinstance(step, int) and not isinstance(step, bool) else None,
        file=clean(str(body.get("file", ""))),
        fraction=number(body.get("fraction")),
        hint=clean(str(body.get("hint", ""))),
        offset=offset,
    )


def number(value: object) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        real = float(value)
    except OverflowError:
        return None
    return real if math.isfinite(real) else None


def clean(text: str) -> str:
    """Text from a node without control characters, of a bearable length."""
    kept = "".join(char for char in text if char.isprintable() or char in "\n\t")
    return kept[:MAX_TEXT_CHARACTERS]


def _object(line: str) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    return body if isinstance(body, dict) else None
