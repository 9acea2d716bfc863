"""What can be done to nodes, with its confirmation or Undo. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs.host_key import open_host_key
from lepton_desktop.gui.dialogs.login import LoginSheet
from lepton_desktop.gui.models.overview import NODE_ACTIONS
from lepton_desktop.gui.widgets.confirm import ConfirmSheet, Question
from lepton_desktop.wire.desk import NodeRow

MANY = 4
"""From this many nodes on, a costly action wants a word typed."""


def _tr(text: str, number: int = -1) -> str:
    return QCoreApplication.translate("node-actions", text, "", number)


def mend(context: PageContext, row: NodeRow) -> None:
    """The one action that helps a node in trouble: trust, log in, or try again now."""
    action = NODE_ACTIONS.get(row.code, "retry")
    if action == "trust":
        open_host_key(context, row)
    elif action == "login":
        context.sheets.open(LoginSheet(context, row))
    else:
        reconnect(context, row.name)


def mend_label(row: NodeRow) -> str:
    """What the button of :func:`mend` says."""
    labels = {"trust": _tr("Trust…"), "login": _tr("Log in…"), "retry": _tr("Retry now")}
    if row.code == "host_key_changed":
        return _tr("Review…")
    return labels[NODE_ACTIONS.get(row.code, "retry")]


def reconnect(context: PageContext, name: str) -> None:
    """Try the link now."""
    _call(context, "nodes.reconnect", {"name": name}, _tr("{name} could not be tried"))


def resume(context: PageContext, names: Sequence[str]) -> None:
    """End the drain of nodes; nothing is lost, so nothing is asked."""
    for name in names:
        _call(context, "nodes.resume", {"name": name}, _tr("{name} could not be resumed"))


def drain(context: PageContext, rows: Sequence[NodeRow]) -> None:
    """No new jobs for nodes, after a confirmation."""
    names = [row.name for row in rows]
    busy = sum(row.jobs_running for row in rows)
    title = (
        _tr("Drain {name}?").format(name=names[0])
        if len(names) == 1
        else _tr("Drain %n nodes?", len(names))
    )
    loss = _tr("New runs will not be placed there; jobs that run there go on to their end.")
    if busy:
        loss = f"{loss} {_tr('Running jobs: {count}.').format(count=busy)}"
    question = Question(
        title,
        loss,
        _tr("Drain"),
        _tr("Keep in use"),
        typed_name=_tr("drain") if len(names) >= MANY else "",
    )
    sheet = ConfirmSheet(question)
    sheet.confirmed.connect(lambda: _drain_now(context, names))
    context.sheets.open(sheet)


def _drain_now(context: PageContext, names: Sequence[str]) -> None:
    for name in names:
        params = {"name": name, "reason": _tr("Drained in the window")}
        _call(context, "nodes.drain", params, _tr("{name} could not be drained"))


def remove(context: PageContext, names: Sequence[str]) -> None:
    """Forget nodes; a toast offers to take it back."""

    def removed(result: dict[str, Any]) -> None:
        _offer_restore(context, result["spec"])

    for name in names:
        failure = _tr("{name} could not be removed")
        _call(context, "nodes.remove", {"name": name}, failure, removed)


def _offer_restore(context: PageContext, spec: dict[str, Any]) -> None:
    context.toasts.offer_undo(
        _tr("Node removed"),
        str(spec["name"]),
        lambda: _call(context, "nodes.add", {"spec": spec}, _tr("{name} could not be restored")),
    )


def _call(
    context: PageContext,
    method: str,
    params: dict[str, Any],
    failure: str,
    done: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Ask the engine; a failure is told where the user looks: in a toast, with its hint."""

    def failed(error: LeptonError) -> None:
        name = str(params.get("name") or params.get("spec", {}).get("name", ""))
        context.toasts.notify(failure.format(name=name), str(error), "error")

    context.link.call(method, params, done, failed, owner=context.toasts)
