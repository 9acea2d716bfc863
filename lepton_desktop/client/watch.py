"""Follows one run through ``changes.next`` until it ends. Runs on the desk."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lepton_desktop.client.engine_client import EngineClient
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import RunRow, TaskRow

RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
"""How long an engine may be away (it is being restarted) before following gives up."""


def watch_run(
    client: EngineClient, run_id: str, timeout_seconds: float = 2.0
) -> Iterator[tuple[RunRow, list[TaskRow]]]:
    """Yield the run's row and the engine's tasks for it, at every change and every ``timeout``.

    The last row is final. The engine may be restarted meanwhile.

    Raises:
        LeptonError: The run was removed, or the engine stayed away.
    """
    row = client.run(run_id)
    tasks: dict[str, TaskRow] = {}
    revision = 0
    lost: float | None = None
    yield row, []
    while not row.state.is_final:
        try:
            changes = client.changes(revision, ("runs", "tasks"), timeout_seconds)
        except LeptonError as error:
            if error.code not in ("engine_gone", "engine_not_running"):
                raise
            lost = lost or time.monotonic()
            if time.monotonic() - lost > PATIENCE_SECONDS:
                raise
            time.sleep(RETRY_SECONDS)
            revision = 0
            continue
        lost = None
        revision = changes.revision
        if changes.reset:
            tasks.clear()
        tasks |= {task.task_id: task for task in changes.tasks if task.run_id == row.run_id}
        for gone in changes.removed.get("tasks", []):
            tasks.pop(gone, None)
        if row.run_id in changes.removed.get("runs", []):
            raise LeptonError(f"The run {row.name} was removed.", code="run_unknown")
        row = next((new for new in changes.runs if new.run_id == row.run_id), row)
        yield row, list(tasks.values())
