"""The node filter: ``gpu:A100 state:up tag:robotics words``. Pure; runs in the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lepton_desktop.wire.desk import LinkState, NodeRow

Test = Callable[[NodeRow, str], bool]


@dataclass(frozen=True)
class FilterTerm:
    """One word of the filter; ``field`` is empty for free text."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}:{self.value}" if self.field else self.value


def _gpu(row: NodeRow, value: str) -> bool:
    names = [gpu.name.lower() for gpu in row.facts.gpus] if row.facts is not None else []
    if value in ("none", "no"):
        return not names
    return any(value in name for name in names)


def _state(row: NodeRow, value: str) -> bool:
    if value in ("drained", "draining"):
        return row.drained
    if value == "down":
        return row.state in (LinkState.BLOCKED, LinkState.RECONNECTING)
    return row.state.value.lower().startswith(value)


def _tag(row: NodeRow, value: str) -> bool:
    return value in (tag.lower() for tag in row.tags)


def _group(row: NodeRow, value: str) -> bool:
    return row.group.lower() == value


def _environment(row: NodeRow, value: str) -> bool:
    return ("ready" if row.python else "missing").startswith(value)


def _text(row: NodeRow, value: str) -> bool:
    places = (row.name, row.address, row.group, *row.tags)
    return any(value in place.lower() for place in places)


FIELDS: dict[str, Test] = {
    "gpu": _gpu,
    "state": _state,
    "tag": _tag,
    "group": _group,
    "env": _environment,
}


def parse_filter(text: str) -> list[FilterTerm]:
    """The words of a filter; an unknown field is free text, so nothing the user types is lost."""
    terms = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and value and name.lower() in FIELDS:
            terms.append(FilterTerm(name.lower(), value.lower()))
        elif not (colon and not value and name.lower() in FIELDS):
            terms.append(FilterTerm("", word.lower()))
    return terms


def matches(row: NodeRow, terms: list[FilterTerm]) -> bool:
    """Whether the node satisfies every term."""
    return all(FIELDS.get(term.field, _text)(row, term.value) for term in terms)
