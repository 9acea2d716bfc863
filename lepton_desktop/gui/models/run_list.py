"""The list of runs: newest first, filtered, with what is shown on the chart. Runs in the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.wire.desk import RunRow
from lepton_desktop.wire.node import State

AnyIndex = QModelIndex | QPersistentModelIndex

RUN_ROLE = Qt.ItemDataRole.UserRole + 1
CHARTED_ROLE = Qt.ItemDataRole.UserRole + 2
CATEGORIES = ("all", "active", "failed")
CHARTED_AT_MOST = 8


def in_category(run: RunRow, category: str) -> bool:
    """Whether a run belongs under one of the pills above the list."""
    if category == "active":
        return reading.is_active(run)
    return category == "all" or run.state is State.FAILED


def count_categories(runs: dict[str, RunRow]) -> dict[str, int]:
    """How many runs every pill stands for."""
    return {
        category: sum(in_category(run, category) for run in runs.values())
        for category in CATEGORIES
    }


class RunListModel(QAbstractListModel):
    """Runs of the lab that pass category and text."""

    charted_changed = Signal()
    """The set of runs on the chart changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: dict[str, RunRow] = {}
        self._ids: list[str] = []
        self._places: dict[str, int] = {}
        self._charted: set[str] = set()
        self._category = "all"
        self._text = ""

    @property
    def total(self) -> int:
        """Runs before the filter."""
        return len(self._all)

    def run(self, run_id: str) -> RunRow | None:
        """A run by its id, filtered out or not."""
        return self._all.get(run_id)

    def run_at(self, place: int) -> RunRow:
        """The run in a list row."""
        return self._all[self._ids[place]]

    def place_of(self, run_id: str) -> int | None:
        """The list row of a run."""
        return self._places.get(run_id)

    def charted(self) -> list[RunRow]:
        """Runs on the chart besides the selected one, oldest first."""
        runs = [self._all[run_id] for run_id in self._charted if run_id in self._all]
        return sorted(runs, key=lambda run: run.number)

    def toggle_charted(self, run_id: str) -> None:
        """Put a run on the chart or take it off; at most eight, one a colour."""
        if run_id in self._charted:
            self._charted.discard(run_id)
        elif len(self._charted) < CHARTED_AT_MOST:
            self._charted.add(run_id)
        place = self._places.get(run_id)
        if place is not None:
            self.dataChanged.emit(self.index(place), self.index(place), [CHARTED_ROLE])
        self.charted_changed.emit()

    def apply(self, lab: Lab, delta: Delta) -> None:
        """Take over what changed in the lab."""
        if not delta.runs_touched:
            return
        self._all = dict(lab.runs)
        self._charted &= set(self._all)
        self._arrange()
        places = [self._places[run_id] for run_id in delta.runs if run_id in self._places]
        if places:
            self.dataChanged.emit(self.index(min(places)), self.index(max(places)))

    def set_filter(self, text: str, category: str) -> None:
        """Show only runs whose name, environment or reward contains the words."""
        self._text, self._category = text.lower(), category
        self._arrange()

    def _wanted(self) -> list[str]:
        words = self._text.split()
        rows = [
            run
            for run in self._all.values()
            if in_category(run, self._category) and all(word in _haystack(run) for word in words)
        ]
        rows.sort(key=lambda run: -run.number)
        return [run.run_id for run in rows]

    def _arrange(self) -> None:
        ids = self._wanted()
        if ids == self._ids:
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        owners = [self._ids[index.row()] for index in kept]
        self._ids = ids
        self._places = {run_id: place for place, run_id in enumerate(ids)}
        for index, owner in zip(kept, owners, strict=True):
            place = self._places.get(owner)
            self.changePersistentIndex(index, QModelIndex() if place is None else self.index(place))
        self.layoutChanged.emit()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Runs shown."""
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """The row for the delegate, words for screen readers."""
        if not index.isValid():
            return None
        run = self.run_at(index.row())
        if role == RUN_ROLE:
            return run
        if role == CHARTED_ROLE:
            return run.run_id in self._charted
        if role == Qt.ItemDataRole.DisplayRole:
            return run.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return (
                f"{run.name}, {run.state.value.lower()}, {fmt.significant(reading.headline(run))}"
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (run.name, run.reason, run.hint) if part)
        return None


def _haystack(run: RunRow) -> str:
    parts = (run.name, reading.environment(run), reading.reward_name(run), run.state.value)
    return " ".join(parts).lower()
