"""The table of active runs on the overview. Runs in the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.models.curves import CurveStore, change_over
from lepton_desktop.gui.models.overview import running_runs
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.wire.desk import RunRow

AnyIndex = QModelIndex | QPersistentModelIndex

COLUMNS = ("run", "nodes", "reward", "last", "change", "progress", "left")
RUN, NODES, REWARD, LAST, CHANGE, PROGRESS, LEFT = range(len(COLUMNS))
CHANGE_SECONDS = 600.0
SPARK_POINTS = 120


class RunningTableModel(QAbstractTableModel):
    """Active runs, newest first, with the curve of the true objective."""

    def __init__(self, curves: CurveStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._curves = curves
        self._rows: list[RunRow] = []
        curves.changed.connect(self._on_curve_changed)

    @property
    def rows(self) -> list[RunRow]:
        """The runs shown."""
        return self._rows

    def apply(self, lab: Lab, delta: Delta) -> None:
        """Take over what changed; curves of runs with new points are asked for."""
        if not delta.runs_touched:
            return
        rows = running_runs(lab.runs.values())
        same = [run.run_id for run in rows] == [run.run_id for run in self._rows]
        if same:
            self._rows = rows
            places = [place for place, run in enumerate(rows) if run.run_id in delta.runs]
            if places:
                last = self.index(max(places), len(COLUMNS) - 1)
                self.dataChanged.emit(self.index(min(places), 0), last)
        else:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        self._curves.keep_only(run.run_id for run in rows)
        for run in rows:
            if run.metric_count:
                self._curves.want(run, [curve_key(run)], SPARK_POINTS)

    def change(self, run: RunRow) -> float | None:
        """Newest return minus the one ten minutes before."""
        return change_over(self._curves.curve(run.run_id, curve_key(run)), CHANGE_SECONDS)

    def spark(self, run: RunRow) -> list[float]:
        """Finite values of the curve, thinned for a sparkline."""
        y = self._curves.curve(run.run_id, curve_key(run)).y
        values = [float(value) for value in y if value == value]
        step = -(-len(values) // SPARK_POINTS) or 1
        return values[::step]

    def _on_curve_changed(self, run_id: str) -> None:
        for place, run in enumerate(self._rows):
            if run.run_id == run_id:
                self.dataChanged.emit(self.index(place, REWARD), self.index(place, CHANGE))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Active runs."""
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
            self.tr("Run"),
            self.tr("Where"),
            self.tr("Return, live"),
            self.tr("Last"),
            self.tr("Δ 10 min"),
            self.tr("Progress"),
            self.tr("Time left"),
        )[section]

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Words; the page paints cells."""
        if not index.isValid():
            return None
        run = self._rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(run, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == NODES:
            return ", ".join(run.nodes) or None
        return None

    def _words(self, run: RunRow, column: int) -> str:
        words = {
            RUN: run.name,
            NODES: str(len(run.nodes)),
            LAST: fmt.significant(reading.headline(run)),
            CHANGE: fmt.significant(self.change(run), sign=True),
            PROGRESS: fmt.share(reading.progress(run)),
            LEFT: fmt.duration(run.seconds_left),
        }
        return words.get(column, "")


def curve_key(run: RunRow) -> str:
    """The true objective where the run logs it, else the return of the designed reward."""
    return reading.OBJECTIVE if reading.OBJECTIVE in run.metrics else reading.RETURN
