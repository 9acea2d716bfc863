import dataclasses

from lepton_desktop.gui.models.sample_gate import SampleGate
from lepton_desktop.gui.refresh import Delta, Lab, fold
from lepton_desktop.wire.desk import Changes, LinkState
from tests.gui import lab_rows


def _started() -> tuple[SampleGate, Lab]:
    gate, lab = SampleGate(), Lab()
    rows = [lab_rows.node("a"), lab_rows.node("b")]
    assert gate.take(lab, fold(lab, Changes(1, True, nodes=rows))) is not None
    return gate, lab


def test_samples_wait_for_the_second_and_come_together() -> None:
    gate, lab = _started()
    for name in ("a", "b"):
        row = dataclasses.replace(lab.nodes[name], sample_age_at=1.0)
        assert gate.take(lab, fold(lab, Changes(2, nodes=[row]))) is None
    due = gate.take(lab, Delta(second=True))
    assert due is not None
    assert due.nodes == {"a", "b"}
    assert due.second


def test_a_state_does_not_wait() -> None:
    gate, lab = _started()
    row = dataclasses.replace(lab.nodes["a"], state=LinkState.RECONNECTING, reason="No answer.")
    assert gate.take(lab, fold(lab, Changes(2, nodes=[row]))) is not None
    assert gate.take(lab, fold(lab, Changes(3, removed={"nodes": ["a"]}))) is not None
