"""How results and errors reach the terminal: one JSON value or aligned text. Runs on the desk."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from lepton_desktop.client.words import clean
from lepton_desktop.errors import LeptonError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]

COLUMN_GAP = "  "


def result(value: object, as_json: bool, text: Callable[[], str]) -> None:
    """Print ``value`` as JSON, or what ``text`` makes of it."""
    print(to_json(value) if as_json else text())


def to_json(value: object) -> str:
    """JSON with every field, defaults included: scripts want a stable shape."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def plain(value: object) -> Any:  # noqa: ANN401
    """Dataclasses to objects, all the way down."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def note(text: str) -> None:
    """A message for a person, kept apart from results."""
    print(clean(text, keep="\n"), file=sys.stderr, flush=True)


def show_error(error: LeptonError) -> None:
    """Message, hint; never a traceback."""
    note(f"Error: {error.message}")
    if error.hint:
        note(error.hint)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> str:
    """Aligned columns; a number is put right. ``empty`` is said when there are no rows."""
    if not rows:
        return empty
    cells = [[clean(str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [list(heads), *cells]) for at in range(len(heads))]
    right = [all(isinstance(row[at], (int, float)) for row in rows) for at in range(len(heads))]
    return "\n".join(
        COLUMN_GAP.join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [list(heads), *cells]
    )


def pairs(values: dict[str, object]) -> str:
    """``name: value`` lines with aligned values; empty values are left out."""
    shown = {name: clean(str(value)) for name, value in values.items() if value not in ("", None)}
    width = max((len(name) for name in shown), default=0)
    return "\n".join(f"{(name + ':').ljust(width + 1)} {value}" for name, value in shown.items())


def when(moment: float | None) -> str:
    """Local date and time."""
    if moment is None:
        return "–"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
