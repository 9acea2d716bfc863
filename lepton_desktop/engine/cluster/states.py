"""What is known of a link, folded from events; no I/O, no clock inside. Runs in the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lepton_desktop.engine.cluster.reasons import BLOCKING, PASSING_AFTER_UP, WORTH_A_SECOND_TRY
from lepton_desktop.wire.desk import LinkState

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
GRACE_SECONDS = 300.0
"""How long a node that was up may refuse logins, as a booting one does, before it is BLOCKED."""


@dataclass(frozen=True)
class LinkStatus:
    """State, and why; the reason stays visible while a retry is under way."""

    state: LinkState = LinkState.CONNECTING
    reason: str = ""
    hint: str = ""
    code: str = ""
    retry_at: float | None = None
    failures: int = 0
    """In a row."""
    down_since: float | None = None
    """When a node that was up was lost; None for one that has never been up."""


@dataclass(frozen=True)
class Up:
    """The agent answers."""


@dataclass(frozen=True)
class Failed:
    """An attempt failed, or the link was lost."""

    time: float
    reason: str
    hint: str = ""
    code: str = "link_lost"
    jitter: float = 1.0
    """Spreads the retries of many nodes; about 0.8 to 1.2."""


@dataclass(frozen=True)
class Trying:
    """The countdown is over."""


@dataclass(frozen=True)
class Asked:
    """The operator wants a try now, or changed something that a try depends on."""


Event = Up | Failed | Trying | Asked


def apply(status: LinkStatus, event: Event) -> LinkStatus:
    """The next status."""
    match event:
        case Up():
            return LinkStatus(LinkState.UP)
        case Trying():
            return replace(status, retry_at=None)
        case Asked():
            if status.state is LinkState.RECONNECTING:
                return replace(status, retry_at=None, failures=0)
            return LinkStatus(down_since=status.down_since)
        case Failed():
            return _failed(status, event)


def _failed(status: LinkStatus, event: Failed) -> LinkStatus:
    was_up = status.state is LinkState.UP
    down_since = event.time if was_up else status.down_since
    failures = 1 if was_up else status.failures + 1
    why = LinkStatus(
        LinkState.BLOCKED, event.reason, event.hint, event.code, None, failures, down_since
    )
    second_try = event.code in WORTH_A_SECOND_TRY and failures == 1
    if event.code in BLOCKING and not second_try and not _may_pass(event, down_since):
        return why
    delay = min(FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 10), LONGEST_DELAY_SECONDS)
    return replace(why, state=LinkState.RECONNECTING, retry_at=event.time + delay * event.jitter)


def _may_pass(event: Failed, down_since: float | None) -> bool:
    if down_since is None or event.code not in PASSING_AFTER_UP:
        return False
    return event.time - down_since < GRACE_SECONDS
