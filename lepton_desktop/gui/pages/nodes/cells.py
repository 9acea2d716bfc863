"""Cells of the node table. Runs in the window."""

from __future__ import annotations

import time

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models import node_table as columns
from lepton_desktop.gui.models.node_words import meta_line, no_data_words, state_words
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.cells import (
    BarCell,
    BlankCell,
    Cell,
    ChipCell,
    DeadCell,
    GpuCell,
    NameCell,
    SparkCell,
    TextCell,
)
from lepton_desktop.gui.widgets.chips import ChipLook
from lepton_desktop.gui.widgets.table import Column
from lepton_desktop.wire.desk import LinkState, NodeRow

Index = QModelIndex | QPersistentModelIndex

WIDTHS = (
    Column(168),
    Column(108),
    Column(100),
    Column(120, stretch=True),
    Column(82, right=True),
    Column(78, right=True),
    Column(112),
)


def node_cell(index: Index) -> Cell | None:
    """What the delegate paints for one cell."""
    row: NodeRow = index.data(columns.ROW_ROLE)
    column = index.column()
    now = time.time()
    if column == columns.NAME:
        words = state_words(row, now)
        return NameCell(row.name, meta_line(row, now), words.icon, words.tone)
    if column == columns.ENVIRONMENT:
        return ChipCell((environment_look(row),))
    if row.sample is None or row.state is not LinkState.UP:
        return DeadCell(no_data_words(row)) if column == columns.CPU else BlankCell()
    return _reading_cell(row, column, index)


def _reading_cell(row: NodeRow, column: int, index: Index) -> Cell | None:
    if column == columns.CPU:
        load = reading.cpu_fraction(row)
        history = index.data(columns.HISTORY_ROLE)
        return None if load is None else SparkCell(history, fmt.share(load), "cpu")
    if column == columns.MEMORY:
        share = reading.memory_fraction(row)
        return None if share is None else BarCell(share, fmt.share(share), "cpu")
    if column == columns.GPUS:
        loads = reading.gpu_utilisation(row)
        return GpuCell(loads, fmt.share(reading.mean(loads))) if loads else None
    if column == columns.TEMPERATURE:
        celsius = reading.hottest_celsius(row)
        hot = celsius is not None and celsius >= reading.HOT_CELSIUS
        role, tone = ("small-strong", "warn") if hot else ("small", "t2")
        return None if celsius is None else TextCell(fmt.celsius(celsius), tone, role)
    watts = reading.power_watts(row)
    return None if watts is None else TextCell(fmt.power(watts))


def environment_look(row: NodeRow) -> ChipLook:
    """Ready, missing, or not known."""

    def words(text: str) -> str:
        return QCoreApplication.translate("node-cells", text)

    if row.state not in (LinkState.UP, LinkState.CONNECTING):
        return ChipLook(words("Unknown"), "t3", "circle-dashed")
    if row.python:
        return ChipLook(words("Ready"), "ok", "circle-check")
    if row.environments or row.python_problem:
        return ChipLook(words("Missing"), "warn", "triangle-alert")
    return ChipLook(words("Unknown"), "t3", "circle-dashed")
