"""Lets samples through once a second and everything else at once. Runs in the window.

Samples come once a second a node, spread over the ticks: painting a table or the fleet for every
quarter of them would cost four times as much and show nothing more.
"""

from __future__ import annotations

from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.wire.desk import NodeRow

Signature = tuple[object, ...]


class SampleGate:
    """Collects deltas; ``take`` answers the whole of them when it is time."""

    def __init__(self) -> None:
        self._pending = Delta()
        self._known: dict[str, Signature] = {}

    def take(self, lab: Lab, delta: Delta) -> Delta | None:
        """What to apply now; None: wait for the second to pass."""
        self._pending.merge(delta)
        urgent = self._is_urgent(lab, delta)
        if not (urgent or delta.second):
            return None
        taken, self._pending = self._pending, Delta()
        return taken

    def _is_urgent(self, lab: Lab, delta: Delta) -> bool:
        urgent = delta.reset or bool(delta.nodes_gone)
        for name in delta.nodes_gone:
            self._known.pop(name, None)
        for name in delta.nodes:
            signature = _signature(lab.nodes[name])
            if self._known.get(name) != signature:
                self._known[name] = signature
                urgent = True
        return urgent


def _signature(row: NodeRow) -> Signature:
    """What an operator wants to see at once."""
    return (row.state, row.drained, row.code, row.reason, row.step, row.python, row.retry_at)
