"""The fleet grid's tiles from node rows, for the chosen metric. Runs in the window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.overview import Group, groups
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.widgets.fleet_layout import FleetGroup, FleetNode
from lepton_desktop.wire.desk import LinkState, NodeRow

METRICS: dict[str, Callable[[NodeRow], list[float | None]]] = {
    "utilisation": reading.gpu_utilisation,
    "memory": reading.gpu_memory,
    "power": reading.gpu_power,
    "temperature": reading.gpu_temperature,
}


class FleetTiles:
    """Groups of tiles, kept between refreshes: only nodes that changed are looked at again."""

    def __init__(self) -> None:
        self._metric = ""
        self._groups: list[Group] = []
        self._tiles: dict[str, FleetNode] = {}

    def update(self, lab: Lab, delta: Delta, metric: str) -> list[FleetGroup]:
        """The fleet for a metric; the number of cells follows the hardware, so no tile jumps."""
        now = time.time()
        changed: Iterable[str] = delta.nodes
        if delta.reset or metric != self._metric or len(lab.nodes) != len(self._tiles):
            self._metric, self._tiles = metric, {}
            changed = lab.nodes
        elif delta.second:
            changed = delta.nodes | {
                name for name, row in lab.nodes.items() if reading.is_stale(row, now)
            }
        for name in changed:
            self._tiles[name] = _tile(lab.nodes[name], metric, now)
        if not self._groups or changed is lab.nodes:
            self._groups = groups(lab.nodes.values())
        return [
            FleetGroup(
                group.name,
                group.hardware,
                tuple([self._tiles[row.name] for row in group.nodes]),
            )
            for group in self._groups
        ]


def tile_state(row: NodeRow, now: float) -> str:
    """``up``, ``draining``, ``down``, ``stale`` or ``connecting``."""
    if row.state in (LinkState.BLOCKED, LinkState.RECONNECTING):
        return "down"
    if row.state is LinkState.CONNECTING:
        return "connecting"
    if row.drained:
        return "draining"
    return "stale" if reading.is_stale(row, now) else "up"


def _tile(row: NodeRow, metric: str, now: float) -> FleetNode:
    state = tile_state(row, now)
    count = reading.gpu_count(row)
    found = [] if state in ("down", "connecting") else METRICS[metric](row)
    cpu = reading.memory_fraction(row) if metric == "memory" else reading.cpu_fraction(row)
    # Two digits are what the colour ramp can show: a tile that looks the same is not painted again.
    loads = [None if load is None else round(load, 2) for load in found[:count]]
    loads += [None] * (count - len(loads))
    return FleetNode(row.name, state, tuple(loads), None if cpu is None else round(cpu, 2))
