"""Nodes and runs as lines of the palette. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QCoreApplication

from lepton_desktop.gui.actions import PaletteItem
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.gui.theme.current import Tone
from lepton_desktop.wire.desk import LinkState
from lepton_desktop.wire.node import State

Navigate = Callable[[str, str], None]
LINK_TONES: dict[LinkState, Tone] = {
    LinkState.UP: "ok",
    LinkState.CONNECTING: "info",
    LinkState.RECONNECTING: "warn",
    LinkState.BLOCKED: "err",
}
RUN_TONES: dict[State, Tone] = {State.RUNNING: "info", State.SUCCEEDED: "ok", State.FAILED: "err"}


def node_items(lab: Lab, navigate: Navigate) -> Iterator[PaletteItem]:
    """One line a node; it opens the node."""
    kind = QCoreApplication.translate("lab_objects", "Nodes")
    for row in lab.nodes.values():
        meta = ", ".join([row.address, *row.tags])
        yield PaletteItem(
            kind,
            row.name,
            partial(navigate, "nodes", row.name),
            meta,
            "server",
            LINK_TONES[row.state],
        )


def run_items(lab: Lab, navigate: Navigate) -> Iterator[PaletteItem]:
    """One line a run, newest first; it opens the run."""
    kind = QCoreApplication.translate("lab_objects", "Runs")
    for run in sorted(lab.runs.values(), key=lambda run: -run.number):
        environment = str(run.spec.get("environment", ""))
        meta = ", ".join(part for part in (run.state.value.lower(), environment) if part)
        yield PaletteItem(
            kind,
            run.name,
            partial(navigate, "runs", run.run_id),
            meta,
            "activity",
            RUN_TONES.get(run.state, "t2"),
        )
