import pytest

from lepton_desktop.engine.cluster.states import (
    GRACE_SECONDS,
    Asked,
    Event,
    Failed,
    LinkStatus,
    Trying,
    Up,
    apply,
)
from lepton_desktop.wire.desk import LinkState

UP, NEW = LinkStatus(LinkState.UP), LinkStatus()
WAITING = LinkStatus(LinkState.RECONNECTING, "gone", "", "link_lost", 12.0, 3)
BLOCKED = LinkStatus(LinkState.BLOCKED, "key", "look", "host_key_unknown", None, 1)
BOOTING = LinkStatus(LinkState.RECONNECTING, "gone", "", "link_lost", 12.0, 3, down_since=100.0)


@pytest.mark.parametrize(
    ("before", "event", "state", "retry_at"),
    [
        (NEW, Up(), LinkState.UP, None),
        (WAITING, Up(), LinkState.UP, None),
        (NEW, Failed(10.0, "dns", code="dns"), LinkState.RECONNECTING, 11.0),
        (NEW, Failed(10.0, "key", code="host_key_unknown"), LinkState.BLOCKED, None),
        (NEW, Failed(10.0, "no", code="login_refused"), LinkState.BLOCKED, None),
        (NEW, Failed(10.0, "ended", code="agent_failed"), LinkState.RECONNECTING, 11.0),
        (WAITING, Failed(10.0, "ended", code="agent_failed"), LinkState.BLOCKED, None),
        (UP, Failed(10.0, "lost"), LinkState.RECONNECTING, 11.0),
        (UP, Failed(10.0, "lost", jitter=1.2), LinkState.RECONNECTING, 11.2),
        (WAITING, Failed(20.0, "still"), LinkState.RECONNECTING, 28.0),
        (WAITING, Failed(20.0, "key", code="host_key_changed"), LinkState.BLOCKED, None),
        (WAITING, Trying(), LinkState.RECONNECTING, None),
        (WAITING, Asked(), LinkState.RECONNECTING, None),
        (BLOCKED, Trying(), LinkState.BLOCKED, None),
        (BLOCKED, Asked(), LinkState.CONNECTING, None),
        (UP, Asked(), LinkState.CONNECTING, None),
        (BOOTING, Failed(150.0, "no", code="login_refused"), LinkState.RECONNECTING, 158.0),
        (BOOTING, Failed(150.0, "key", code="host_key_changed"), LinkState.BLOCKED, None),
        (
            BOOTING,
            Failed(100.0 + GRACE_SECONDS, "no", code="login_refused"),
            LinkState.BLOCKED,
            None,
        ),
    ],
)
def test_transitions(
    before: LinkStatus, event: Event, state: LinkState, retry_at: float | None
) -> None:
    after = apply(before, event)
    assert (after.state, after.retry_at) == (state, retry_at)


def test_the_delay_doubles_up_to_a_minute() -> None:
    status, delays = NEW, []
    for _ in range(9):
        status = apply(status, Failed(0.0, "refused", code="refused"))
        delays.append(status.retry_at)
    assert delays == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_a_link_that_was_up_begins_with_short_delays_again() -> None:
    status = apply(apply(WAITING, Up()), Failed(50.0, "lost"))
    assert status.retry_at == 51.0
    assert status.down_since == 50.0


def test_the_reason_stays_visible_while_trying() -> None:
    assert apply(WAITING, Trying()).reason == "gone"
    assert apply(WAITING, Up()).reason == ""
