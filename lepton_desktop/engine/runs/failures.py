"""Why a run failed, in words: the rank that broke first and what it said. Engine; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lepton_desktop.engine.runs.lines import Event, clean
from lepton_desktop.wire.node import State

OPERATOR_ERROR_EXIT = 2
"""The runtime ends with it after an error event that the operator can mend."""

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_ERROR = re.compile(r"^(?:\[rank\d+\]: *)?(?:[\w.]*\.)?\w*(?:Error|Exception|Interrupt|Exit)\b.*")
_CONSEQUENCE = re.compile(
    r"ChildFailedError|Connection (?:closed|reset)|Connection refused|DistNetworkError"
    r"|DistStoreError|Broken pipe|SignalException|Gloo connect|NCCL.*(?:remote|abort)"
)


@dataclass(frozen=True)
class Ending:
    """How one job of a gang ended."""

    node: str
    ranks: str
    state: State
    reason: str
    exit_code: int | None
    ended: float | None
    errors: Sequence[Event] = ()
    output: str = ""
    """The end of what it printed."""


def explain(endings: Sequence[Ending]) -> tuple[str, str]:
    """Reason and hint for the run's row.

    When one rank breaks, the others lose their connection and end too: theirs is a consequence.
    """
    failed = [one for one in endings if one.state is State.FAILED] or list(endings)
    if not failed:
        return "No job was left.", ""
    first = min(failed, key=_rank)
    said, hint = _said(first)
    place = f"{first.ranks} on {first.node}"
    return f"{place}: {said}", hint or _usual_hint(first)


def _rank(ending: Ending) -> tuple[bool, bool, bool, float]:
    return (
        not ending.errors,
        ending.exit_code != OPERATOR_ERROR_EXIT,
        bool(_CONSEQUENCE.search(last_words(ending.output) or ending.reason)),
        ending.ended or float("inf"),
    )


def _said(ending: Ending) -> tuple[str, str]:
    if ending.errors:
        error = ending.errors[-1]
        return error.text, error.hint
    words = last_words(ending.output)
    if words and words not in ending.reason:
        return f"{ending.reason}: {words}" if ending.reason else words, ""
    return ending.reason or "ended without a reason", ""


def _usual_hint(ending: Ending) -> str:
    text = f"{ending.reason} {ending.output[-4000:]}"
    if "No space left" in text:
        return f"Free some space on {ending.node} and start the run again."
    if "out of memory" in text.lower():
        return "Use fewer environments or a smaller minibatch, or fewer processes per node."
    if "EADDRINUSE" in text or "address already in use" in text.lower():
        return "Another program took the port in between: start the run again."
    return f"The whole output is in the run's logs (node {ending.node})."


def last_words(output: str) -> str:
    """The line of an output that says most about its end.

    That is the last exception which is not torchrun's own summary, else the last line.
    """
    lines = [line.strip() for line in plain(output).splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    causes = [line for line in errors if not _CONSEQUENCE.search(line)]
    found = causes or errors or lines
    return found[-1][:400] if found else ""


def plain(text: str) -> str:
    """Output of a job without terminal control: colours, cursor moves, carriage returns."""
    text = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in text if char.isprintable() or char in "\n\t")


def short(text: str, limit: int = 300) -> str:
    """One line for a row."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
