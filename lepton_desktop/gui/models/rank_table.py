"""The rank table of a run: the jobs of its newest attempt, worst first. Runs in the window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.wire.desk import JobRow, NodeRow, RunRow
from lepton_desktop.wire.node import State

AnyIndex = QModelIndex | QPersistentModelIndex

COLUMNS = ("ranks", "node", "kind", "state", "cpu", "memory", "gpu", "heard", "pid", "reason")
RANKS, NODE, KIND, STATE, CPU, MEMORY, GPU, HEARD, PID, REASON = range(len(COLUMNS))
JOB_ROLE = Qt.ItemDataRole.UserRole + 1
"""The RankRow."""

_WORST_FIRST = (State.FAILED, State.UNKNOWN, State.STOPPING, State.CANCELLED, State.STARTING)


@dataclass(frozen=True)
class RankRow:
    """One job and the node it runs on."""

    job: JobRow
    node: NodeRow | None

    @property
    def ranks(self) -> str:
        """``0`` or ``0–3``."""
        last = self.job.first_rank + self.job.ranks - 1
        return str(last) if self.job.ranks <= 1 else f"{self.job.first_rank}–{last}"


def rank_rows(run: RunRow, lab: Lab) -> list[RankRow]:
    """Jobs of the newest attempt, failed ones first, then by rank."""
    newest = max((job.attempt for job in run.jobs), default=0)
    rows = [RankRow(job, lab.nodes.get(job.node)) for job in run.jobs if job.attempt == newest]
    return sorted(rows, key=lambda row: (_badness(row.job.state), row.job.first_rank))


def _badness(state: State) -> int:
    return _WORST_FIRST.index(state) if state in _WORST_FIRST else len(_WORST_FIRST)


class RankTableModel(QAbstractTableModel):
    """What the Nodes tab of a run shows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[RankRow] = []

    def show(self, rows: list[RankRow]) -> None:
        """Replace the rows; equal ones emit nothing."""
        if rows == self._rows:
            return
        same_jobs = [row.job.job_id for row in rows] == [row.job.job_id for row in self._rows]
        if not same_jobs:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        self._rows = rows
        self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))

    def row_at(self, place: int) -> RankRow:
        """The job in a table row."""
        return self._rows[place]

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Jobs."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Columns, see COLUMNS."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:  # noqa: ANN401 - Qt's signature
        """Column heads."""
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            self.tr("Rank"),
            self.tr("Node"),
            self.tr("Job"),
            self.tr("State"),
            self.tr("CPU"),
            self.tr("Memory"),
            self.tr("GPU"),
            self.tr("Last line"),
            self.tr("Process"),
            self.tr("Reason"),
        )[section]

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """The row for the delegate, words for everything else."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == JOB_ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == REASON:
            return plain(row.job.reason) or None
        return None

    def _words(self, row: RankRow, column: int) -> str:
        job = row.job
        words = {
            RANKS: row.ranks,
            NODE: job.node,
            KIND: job.kind,
            STATE: job.state.value,
            HEARD: fmt.age(job.last_line_at, time.time()),
            PID: fmt.EMPTY if job.pid is None else str(job.pid),
            REASON: plain(job.reason) or fmt.EMPTY,
        }
        if column in words:
            return words[column]
        return fmt.share(self.load(row, column))

    @staticmethod
    def load(row: RankRow, column: int) -> float | None:
        """The node's load behind a bar column, 0 to 1; None for a job that ended."""
        if row.node is None or row.job.state.is_final:
            return None
        if column == CPU:
            return reading.cpu_fraction(row.node)
        if column == MEMORY:
            return reading.memory_fraction(row.node)
        return reading.mean(reading.gpu_utilisation(row.node))
