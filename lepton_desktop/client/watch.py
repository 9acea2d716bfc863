"""Follows one run through ``changes.next`` until it ends. Runs on the desk."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lepton_desktop.client.engine_client import EngineClient
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import Changes, RunRow, TaskRow

RETRY_SECONDS = 0.5
AWAY = ("engine_gone", "engine_not_running")
PATIENCE_SECONDS = 60.0
"""How long an engine may be away (it is being restarted) before following gives up."""


class RunView:
    """One run and the engine's tasks for it, folded from changes."""

    def __init__(self, row: RunRow) -> None:
        self.row = row
        self.tasks: dict[str, TaskRow] = {}
        self.revision = 0

    def apply(self, changes: Changes) -> None:
        """Fold one answer in.

        Raises:
            LeptonError: The run was removed.
        """
        self.revision = changes.revision
        run_id = self.row.run_id
        if changes.reset:
            self.tasks.clear()
        self.tasks |= {task.task_id: task for task in changes.tasks if task.run_id == run_id}
        for gone in changes.removed.get("tasks", []):
            self.tasks.pop(gone, None)
        if run_id in changes.removed.get("runs", []):
            raise LeptonError(f"The run {self.row.name} was removed.", code="run_unknown")
        self.row = next((new for new in changes.runs if new.run_id == run_id), self.row)


def watch_run(
    client: EngineClient, run_id: str, timeout_seconds: float = 2.0
) -> Iterator[tuple[RunRow, list[TaskRow]]]:
    """Yield the run's row and the engine's tasks for it, at every change and every ``timeout``.

    The last row is final. The engine may be restarted meanwhile.

    Raises:
        LeptonError: The run was removed, or the engine stayed away.
    """
    view = RunView(client.run(run_id))
    lost: float | None = None
    yield view.row, []
    while not view.row.state.is_final:
        try:
            changes = client.changes(view.revision, ("runs", "tasks"), timeout_seconds)
        except LeptonError as error:
            lost = lost or time.monotonic()
            if error.code not in AWAY or time.monotonic() - lost > PATIENCE_SECONDS:
                raise
            time.sleep(RETRY_SECONDS)
            view.revision = 0  # another engine counts anew
            continue
        lost = None
        view.apply(changes)
        yield view.row, list(view.tasks.values())
