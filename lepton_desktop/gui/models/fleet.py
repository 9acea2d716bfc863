"""The fleet grid's tiles from node rows, for the chosen metric. Pure functions; in the window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.overview import groups
from lepton_desktop.gui.widgets.fleet_layout import FleetGroup, FleetNode
from lepton_desktop.wire.desk import LinkState, NodeRow

METRICS: dict[str, Callable[[NodeRow], list[float | None]]] = {
    "utilisation": reading.gpu_utilisation,
    "memory": reading.gpu_memory,
    "power": reading.gpu_power,
    "temperature": reading.gpu_temperature,
}


def fleet_groups(nodes: Iterable[NodeRow], metric: str) -> list[FleetGroup]:
    """Groups of tiles; the number of cells follows the hardware, so that no tile jumps."""
    now = time.time()
    return [
        FleetGroup(
            group.name, group.hardware, tuple(_tile(row, metric, now) for row in group.nodes)
        )
        for group in groups(nodes)
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
    loads: list[float | None] = [None] * count
    if state not in ("down", "connecting"):
        found = METRICS[metric](row)
        loads = [found[place] if place < len(found) else None for place in range(count)]
    cpu = reading.memory_fraction(row) if metric == "memory" else reading.cpu_fraction(row)
    # Two digits are what the colour ramp can show: a tile that looks the same is not painted again.
    rounded = tuple(None if load is None else round(load, 2) for load in loads)
    return FleetNode(row.name, state, rounded, None if cpu is None else round(cpu, 2))
