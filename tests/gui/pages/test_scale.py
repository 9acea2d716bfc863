"""400 nodes with eight GPUs each: a refresh tells the table once. Its speed is a benchmark."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest
from PySide6.QtWidgets import QTableView

from lepton_desktop.wire.desk import Changes, NodeRow
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow

pytestmark = pytest.mark.slow

NODES = 400


def _next_second(rows: list[NodeRow], rng: random.Random) -> list[NodeRow]:
    return [
        dataclasses.replace(
            row,
            sample=lab_rows.sample(rng, len(row.sample.gpu.utilisation_percent)),
            sample_age_at=time.time(),
        )
        for row in rows
        if row.sample is not None
    ]


def test_a_sample_of_every_node_is_one_change_of_the_table(lab: LabWindow) -> None:
    rows = lab_rows.lab(NODES)
    lab.engine.set_nodes(rows)
    lab.open("nodes")
    lab.wait(lambda: len(lab.lab.nodes) == NODES + 1)
    model = lab.find("nodes-table", QTableView).model()
    lab.wait(lambda: model.rowCount() == NODES + 1)
    ranges: list[int] = []
    model.dataChanged.connect(lambda top, bottom, *_: ranges.append(bottom.row() - top.row() + 1))
    lab.window.refresh.apply(Changes(10, nodes=_next_second(rows, random.Random(1))))
    lab.wait(lambda: bool(ranges))

    assert len(ranges) == 1
    assert ranges[0] > NODES * 0.9
