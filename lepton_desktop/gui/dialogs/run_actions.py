"""What can be done to runs, with its confirmation. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs.node_actions import MANY
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.confirm import ConfirmSheet, Question
from lepton_desktop.wire.desk import RunRow


def _tr(text: str, number: int = -1) -> str:
    return QCoreApplication.translate("run-actions", text, "", number)


def stop(
    context: PageContext,
    run: RunRow,
    on_asked: Callable[[], None] | None = None,
    on_refused: Callable[[], None] | None = None,
) -> None:
    """Stop a run after a confirmation; on many nodes its name must be typed."""
    sheet = ConfirmSheet(stop_question(run))
    failure = _tr("{name} could not be stopped")

    def stop_now() -> None:
        if on_asked is not None:
            on_asked()
        _call(context, "runs.stop", run, failure, refused=on_refused)

    sheet.confirmed.connect(stop_now)
    context.sheets.open(sheet)


def stop_question(run: RunRow) -> Question:
    """What is lost by stopping now."""
    count = len(run.nodes)
    title = _tr("Stop {name} on %n nodes?", count) if count != 1 else _tr("Stop {name}?")
    ranks = _tr("%n ranks end now.", run.world_size) if run.world_size else ""
    kept = (
        _tr("{steps} steps stay; the newest checkpoint and all metrics are kept.")
        if run.checkpoint
        else _tr("{steps} steps are done and no checkpoint is kept yet: the policy is lost.")
    )
    loss = f"{ranks} {kept.format(steps=fmt.count(run.step))}".strip()
    severe = count >= MANY
    return Question(
        title.format(name=run.name),
        loss,
        _tr("Stop run"),
        _tr("Keep running"),
        typed_name=run.name if severe else "",
        typed_label=_tr("Type the run name") if severe else "",
    )


def rerun(context: PageContext, run: RunRow) -> None:
    """The same spec again; the window shows the new run."""

    def started(result: dict[str, Any]) -> None:
        context.navigate("runs", str(result["run_id"]))

    _call(context, "runs.rerun", run, _tr("{name} could not be started again"), started)


def remove(context: PageContext, run: RunRow) -> None:
    """Forget a finished run and what is stored of it, after a confirmation."""
    question = Question(
        _tr("Remove {name}?").format(name=run.name),
        _tr("Its metrics, events and kept checkpoints are deleted. This cannot be undone."),
        _tr("Remove run"),
        _tr("Keep"),
    )
    sheet = ConfirmSheet(question)
    sheet.confirmed.connect(
        lambda: _call(context, "runs.remove", run, _tr("{name} could not be removed"))
    )
    context.sheets.open(sheet)


def _call(
    context: PageContext,
    method: str,
    run: RunRow,
    failure: str,
    done: Callable[[dict[str, Any]], None] | None = None,
    refused: Callable[[], None] | None = None,
) -> None:
    def failed(error: LeptonError) -> None:
        if refused is not None:
            refused()
        context.toasts.notify(failure.format(name=run.name), str(error), "error")

    context.link.call(method, {"run_id": run.run_id}, done, failed, owner=context.toasts)
