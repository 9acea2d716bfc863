"""Actions of the lab for buttons, keys and palette: new run, add node, verbs on nodes and runs.

Runs in the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QCoreApplication

from lepton_desktop.gui.actions import ActionSpec, PaletteItem
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs import node_actions, run_actions
from lepton_desktop.gui.dialogs.about import AboutSheet
from lepton_desktop.gui.dialogs.add_node import AddNodeSheet
from lepton_desktop.gui.dialogs.new_run import open_new_run
from lepton_desktop.gui.models.run_reading import is_active
from lepton_desktop.wire.desk import LinkState, NodeRow, RunRow

VERBS_FOR_AT_MOST = 100
"""Objects whose verbs are listed one by one; in a larger lab, open the object first."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("lab-actions", text)


def register(context: PageContext) -> None:
    """Make them known; every page calls it, the first one wins nothing by being first."""
    actions = context.actions
    lab = _tr("Lab")
    actions.add(
        ActionSpec("run.new", _tr("New run"), "plus", "Ctrl+N", lab, needs_engine=True),
        lambda: open_new_run(context),
    )
    actions.add(
        ActionSpec("node.add", _tr("Add node"), "plus", "", lab, needs_engine=True),
        lambda: context.sheets.open(AddNodeSheet(context)),
    )
    actions.add(
        ActionSpec("window.about", _tr("About"), "info", "", lab, keywords=_tr("version licence")),
        lambda: context.sheets.open(AboutSheet(context)),
    )
    actions.add_source("lab.nodes", lambda: _node_verbs(context))
    actions.add_source("lab.runs", lambda: _run_verbs(context))


def _node_verbs(context: PageContext) -> Iterator[PaletteItem]:
    rows = context.refresh.lab.nodes
    if not context.link.connected or len(rows) > VERBS_FOR_AT_MOST:
        return
    for row in rows.values():
        if row.drained:
            yield _verb(row.name, _tr("Resume {name}"), "play", _resume(context, row))
        else:
            yield _verb(row.name, _tr("Drain {name}"), "hand", _drain(context, row))
        if row.state in (LinkState.BLOCKED, LinkState.RECONNECTING):
            yield _verb(row.name, _tr("Reconnect {name}"), "refresh-cw", _mend(context, row))


def _run_verbs(context: PageContext) -> Iterator[PaletteItem]:
    rows = context.refresh.lab.runs
    if not context.link.connected or len(rows) > VERBS_FOR_AT_MOST:
        return
    for run in rows.values():
        if is_active(run):
            yield _verb(run.name, _tr("Stop {name}"), "square", _stop(context, run))
        else:
            yield _verb(run.name, _tr("Rerun {name}"), "rotate-cw", _rerun(context, run))


def _verb(name: str, text: str, icon: str, run: Callable[[], object]) -> PaletteItem:
    return PaletteItem(_tr("Actions"), text.format(name=name), run, icon=icon, keywords=name)


def _resume(context: PageContext, row: NodeRow) -> Callable[[], object]:
    return lambda: node_actions.resume(context, [row.name])


def _drain(context: PageContext, row: NodeRow) -> Callable[[], object]:
    return lambda: node_actions.drain(context, [row])


def _mend(context: PageContext, row: NodeRow) -> Callable[[], object]:
    return lambda: node_actions.mend(context, row)


def _stop(context: PageContext, run: RunRow) -> Callable[[], object]:
    return lambda: run_actions.stop(context, run)


def _rerun(context: PageContext, run: RunRow) -> Callable[[], object]:
    return lambda: run_actions.rerun(context, run)
