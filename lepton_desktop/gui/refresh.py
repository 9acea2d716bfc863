"""The one place that folds the engine's changes and wakes the pages. Runs in the window.

Changes are merged as they arrive; at most four times a second every *visible* subscriber hears of
all that happened since it last heard. A hidden page does no work and catches up when shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from lepton_desktop.wire.desk import (
    ActivityRow,
    Changes,
    EngineStatus,
    NodeRow,
    RunRow,
    TaskRow,
)

TICK_MS = 250
ACTIVITY_KEPT = 500


@dataclass
class Delta:
    """Which keys changed since a subscriber last heard; the rows are in the Lab."""

    reset: bool = False
    nodes: set[str] = field(default_factory=set)
    """Changed or added."""
    nodes_gone: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    runs_gone: set[str] = field(default_factory=set)
    tasks: bool = False
    activity: bool = False
    engine: bool = False
    second: bool = False
    """A second has passed: countdowns and ages move."""

    def merge(self, other: Delta) -> None:
        """Add what happened later."""
        self.reset |= other.reset
        self.nodes = (self.nodes - other.nodes_gone) | other.nodes
        self.nodes_gone = (self.nodes_gone - other.nodes) | other.nodes_gone
        self.runs = (self.runs - other.runs_gone) | other.runs
        self.runs_gone = (self.runs_gone - other.runs) | other.runs_gone
        self.tasks |= other.tasks
        self.activity |= other.activity
        self.engine |= other.engine
        self.second |= other.second

    @property
    def nodes_touched(self) -> bool:
        """Whether any node came, went or changed."""
        return self.reset or bool(self.nodes or self.nodes_gone)

    @property
    def runs_touched(self) -> bool:
        """Whether any run came, went or changed."""
        return self.reset or bool(self.runs or self.runs_gone)

    def __bool__(self) -> bool:
        return (
            self.nodes_touched
            or self.runs_touched
            or self.tasks
            or self.activity
            or self.engine
            or self.second
        )


@dataclass
class Lab:
    """What the window last heard: whole rows by key."""

    nodes: dict[str, NodeRow] = field(default_factory=dict)
    runs: dict[str, RunRow] = field(default_factory=dict)
    tasks: dict[str, TaskRow] = field(default_factory=dict)
    activity: dict[str, ActivityRow] = field(default_factory=dict)
    engine: EngineStatus | None = None
    heard: bool = False
    """Whether a whole picture has arrived; until then pages show their skeleton."""


def fold(lab: Lab, changes: Changes) -> Delta:
    """Apply one answer of ``changes.next`` to the lab; the keys that changed come back."""
    delta = Delta(reset=changes.reset)
    if changes.reset:
        delta.nodes_gone, delta.runs_gone = set(lab.nodes), set(lab.runs)
        for topic in (lab.nodes, lab.runs, lab.tasks, lab.activity):
            topic.clear()
        lab.heard = True
    for node in changes.nodes:
        lab.nodes[node.name] = node
        delta.nodes.add(node.name)
    for run in changes.runs:
        lab.runs[run.run_id] = run
        delta.runs.add(run.run_id)
    lab.tasks.update((task.task_id, task) for task in changes.tasks)
    lab.activity.update((str(row.id), row) for row in changes.activity)
    if changes.engine:
        lab.engine = changes.engine[-1]
    _forget(lab, changes.removed, delta)
    _trim(lab.activity)
    delta.nodes_gone -= delta.nodes
    delta.runs_gone -= delta.runs
    delta.tasks = changes.reset or bool(changes.tasks) or "tasks" in changes.removed
    delta.activity = changes.reset or bool(changes.activity)
    delta.engine = changes.reset or bool(changes.engine)
    return delta


def _forget(lab: Lab, removed: dict[str, list[str]], delta: Delta) -> None:
    tables: dict[str, dict[str, Any]] = {
        "nodes": lab.nodes,
        "runs": lab.runs,
        "tasks": lab.tasks,
        "activity": lab.activity,
    }
    for topic, keys in removed.items():
        for key in keys:
            tables.get(topic, {}).pop(key, None)
    delta.nodes_gone |= set(removed.get("nodes", ()))
    delta.runs_gone |= set(removed.get("runs", ()))


def _trim(activity: dict[str, ActivityRow]) -> None:
    excess = len(activity) - ACTIVITY_KEPT
    if excess > 0:
        for key in sorted(activity, key=lambda key: activity[key].id)[:excess]:
            del activity[key]


Listener = Callable[[Lab, Delta], None]


class Refresh(QObject):
    """Wakes visible pages with what changed, at most four times a second."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lab = Lab()
        self.last_tick_ms = 0.0
        """How long the newest round of listeners took; the status strip and a benchmark read it."""
        self._pending: dict[QWidget, Delta] = {}
        self._listeners: dict[QWidget, Listener] = {}
        self._second = 0
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._on_timeout)

    def start(self) -> None:
        """Begin to tick."""
        self._timer.start()

    def stop(self) -> None:
        """Stop ticking; changes are still folded."""
        self._timer.stop()

    def subscribe(self, widget: QWidget, listener: Listener) -> None:
        """Call ``listener`` while ``widget`` is visible; when first shown it hears of all."""
        self._listeners[widget] = listener
        self._pending[widget] = Delta(
            reset=True, nodes=set(self.lab.nodes), runs=set(self.lab.runs), engine=True
        )
        widget.installEventFilter(self)
        widget.destroyed.connect(lambda: self._unsubscribe(widget))

    def apply(self, changes: Changes) -> None:
        """Fold one answer of the engine; listeners hear of it at the next tick."""
        delta = fold(self.lab, changes)
        for pending in self._pending.values():
            pending.merge(delta)

    def flush(self) -> None:
        """Tell visible listeners now, not at the next tick."""
        began = time.perf_counter()
        for widget in list(self._listeners):
            if widget.isVisible():
                self._tell(widget)
        self.last_tick_ms = (time.perf_counter() - began) * 1000

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A page that becomes visible catches up before it is painted."""
        if event.type() == QEvent.Type.Show and watched in self._listeners:
            self._tell(watched)
        return False

    def _tell(self, widget: QWidget) -> None:
        pending = self._pending[widget]
        if pending and self.lab.heard:
            self._pending[widget] = Delta()
            self._listeners[widget](self.lab, pending)

    def _on_timeout(self) -> None:
        now = int(time.time())
        if now != self._second:
            self._second = now
            for pending in self._pending.values():
                pending.second = True
        self.flush()

    def _unsubscribe(self, widget: QWidget) -> None:
        self._listeners.pop(widget, None)
        self._pending.pop(widget, None)
