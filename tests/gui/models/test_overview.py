import time

from lepton_desktop.gui.models import overview
from lepton_desktop.wire.desk import LinkState
from lepton_desktop.wire.node import State
from tests.gui import lab_rows


def test_every_node_is_counted_once() -> None:
    counts = overview.count_nodes(lab_rows.lab(48))
    assert counts.total == 49
    assert counts.up + counts.draining + counts.connecting + counts.down == counts.total
    assert (counts.draining, counts.connecting, counts.down) == (1, 1, 2)


def test_a_node_that_does_not_report_is_left_out_of_the_sums_not_counted_as_idle() -> None:
    up = lab_rows.node("a", 4)
    lost = lab_rows.node("b", 4, state=LinkState.RECONNECTING)
    assert overview.add_up([up, lost]) == overview.add_up([up])
    load = overview.add_up([lost])
    assert load.gpus == 0
    assert load.cpu_mean is None
    assert load.memory_used_bytes is None
    assert load.power_watts is None


def test_groups_put_accelerators_first_and_names_in_counting_order() -> None:
    rows = [lab_rows.node(name, size) for name, size in (("cpu-2", 0), ("gpu-10", 8), ("gpu-2", 8))]
    found = overview.groups(rows)
    assert [(group.name, [row.name for row in group.nodes]) for group in found] == [
        ("gpu", ["gpu-2", "gpu-10"]),
        ("cpu", ["cpu-2"]),
    ]
    assert found[0].hardware == "8 × A100-SXM4-80GB"


def test_what_needs_a_hand_comes_worst_first_with_the_action_that_helps() -> None:
    blocked = lab_rows.blocked(lab_rows.node("b"))
    lost = lab_rows.node(
        "a", state=LinkState.RECONNECTING, reason="No answer.", retry_at=time.time() + 5
    )
    login = lab_rows.node("c", state=LinkState.BLOCKED, code="login_refused", reason="Refused.")
    failed = lab_rows.run(3, State.FAILED, reason="NaN in a reward term.")
    found = overview.attention([lost, login, blocked, lab_rows.node("fine")], [failed])
    assert [(item.title, item.action) for item in found] == [
        ("b", "trust"),
        ("c", "login"),
        ("a", "retry"),
        ("cartpole-r3", "open"),
    ]


def test_text_of_a_node_loses_control_characters() -> None:
    row = lab_rows.node("a", state=LinkState.BLOCKED, reason="\x1b[31mred\x07 <b>bold</b>\u202e")
    assert overview.attention([row], [])[0].detail == "red <b>bold</b>"


def test_runs_are_counted_by_what_the_operator_would_say() -> None:
    counts = overview.count_runs(lab_rows.some_runs())
    assert (counts.running, counts.waiting, counts.failed, counts.finished) == (2, 1, 1, 2)
