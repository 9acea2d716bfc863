"""Which nodes a run gets, on which devices."""

import pytest

from lepton_desktop.engine.runs.placement import choose_devices, place, wanted_nodes
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import RunSpec
from lepton_desktop.wire.desk import LinkState
from tests.engine.runs.seats import node, seats


def spec(*names, **more):
    return RunSpec("demo", nodes=list(names), **more)


def test_run_without_nodes_uses_this_computer():
    assert wanted_nodes(spec()) == ["this-computer"]


def test_node_named_twice_is_refused():
    with pytest.raises(LeptonError, match="2 times"):
        wanted_nodes(spec("a", "a"))


def test_ranks_are_counted_through_in_the_order_of_nodes():
    table = {"a": node("a"), "b": node("b"), "c": node("c")}
    found = place(spec("c", "a", processes_per_node=3), table)
    assert [(seat.node, seat.first_rank, seat.ranks) for seat in found] == [
        ("c", 0, 3),
        ("a", 3, 3),
    ]


def test_zero_processes_means_one_a_gpu_and_one_where_there_is_none():
    table = {"a": node("a", gpus=4, cuda="12"), "b": node("b", boot="b2")}
    found = place(spec("a", "b", processes_per_node=0), table)
    assert [(seat.first_rank, seat.ranks) for seat in found] == [(0, 4), (4, 1)]


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"drained": True, "drain_reason": "fan"}, r"drained \(fan\)", "node resume a"),
        ({"state": LinkState.RECONNECTING, "reason": "no route"}, "RECONNECTING: no route", "Wait"),
        (
            {"state": LinkState.BLOCKED, "reason": "key unknown", "hint": "Trust it."},
            "BLOCKED",
            "Trust it.",
        ),
        ({"python": "", "python_problem": "No torch."}, "cannot train: No torch", "interpreter"),
    ],
)
def test_unfit_node_is_refused_with_reason_and_hint(changes, message, hint):
    with pytest.raises(LeptonError, match=message) as caught:
        place(spec("a"), {"a": node("a", **changes)})
    assert hint in caught.value.hint
    assert caught.value.code == "placement"


def test_every_unfit_node_is_named():
    table = {"a": node("a", drained=True), "b": node("b"), "c": node("c", python="")}
    with pytest.raises(LeptonError) as caught:
        place(spec("a", "b", "c"), table)
    assert "node a " in caught.value.message
    assert "node c " in caught.value.message


def gpu(name, boot, gpus=2):
    return node(name, [("eth0", f"10.0.0.{boot[1:]}", 24)], boot=boot, gpus=gpus, cuda="12.4")


def test_nccl_needs_a_gpu_for_every_rank():
    two = [gpu("a", "b1"), gpu("b", "b2")]
    assert choose_devices(spec(), seats(*two, ranks=2)).backend == "nccl"
    assert choose_devices(spec(), seats(*two, ranks=3)).backend == "gloo"
    assert choose_devices(spec(backend="gloo"), seats(*two)).backend == "gloo"
    with pytest.raises(LeptonError, match="NCCL"):
        choose_devices(spec(backend="nccl"), seats(*two, ranks=3))


def test_one_cpu_node_puts_every_rank_on_the_cpu_and_says_so():
    found = choose_devices(spec(), seats(gpu("a", "b1"), node("b", boot="b2")))
    assert (found.device, found.backend) == ("cpu", "gloo")
    assert "b has no usable GPU" in found.warnings[0]


def test_cuda_is_not_promised_where_it_lacks():
    with pytest.raises(LeptonError, match="no GPU that torch can use") as caught:
        choose_devices(spec(device="cuda"), seats(gpu("a", "b1"), node("b")))
    assert caught.value.hint
    without_cuda = node("a", gpus=2, cuda=None)
    assert choose_devices(spec(), seats(without_cuda)).device == "cpu"


def test_crowded_machine_and_mixed_versions_are_warned_of():
    found = choose_devices(
        spec(), seats(node("a", cpus=2), node("b", cpus=2, torch="2.4.0"), ranks=2)
    )
    text = " ".join(found.warnings)
    assert "4 ranks share 2 CPUs" in text
    assert "a, b are one machine" in text
    assert "2.13.0, 2.4.0" in text
