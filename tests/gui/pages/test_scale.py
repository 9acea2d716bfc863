"""One refresh at 400 nodes with eight GPUs each must fit well into a frame."""

from __future__ import annotations

import dataclasses
import random
import statistics
import time

import pytest
from PySide6.QtWidgets import QApplication

from lepton_desktop.wire.desk import Changes, NodeRow
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow

FRAME_MS = 33.0
ROUNDS = 12

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("page_id", ["overview", "nodes", "runs"])
def test_a_tick_with_every_node_changed_fits_into_a_frame(
    lab: LabWindow, page_id: str, record_property: pytest.RecordProperty
) -> None:
    rows = lab_rows.lab(400)
    lab.engine.set_nodes(rows)
    lab.engine.set_runs(lab_rows.some_runs())
    lab.open(page_id)
    lab.wait(lambda: len(lab.lab.nodes) == 401)
    refresh, rng = lab.window.refresh, random.Random(1)
    refresh.stop()
    apply_ms, tick_ms, paint_ms = [], [], []
    for _ in range(ROUNDS):
        changes = Changes(10, nodes=_next_second(rows, rng))
        began = time.thread_time()
        refresh.apply(changes)
        for pending in refresh._pending.values():
            pending.second = True  # samples are let through once a second
        applied = time.thread_time()
        refresh.flush()
        told = time.thread_time()
        QApplication.processEvents()
        painted = time.thread_time()
        apply_ms.append((applied - began) * 1000)
        tick_ms.append((told - applied) * 1000)
        paint_ms.append((painted - told) * 1000)
    found = {
        "apply": statistics.median(apply_ms),
        "tick": statistics.median(tick_ms),
        "paint": statistics.median(paint_ms),
    }
    record_property("milliseconds", found)
    print(page_id, {key: round(value, 2) for key, value in found.items()})  # noqa: T201
    # CPU time of this thread: other programs on the machine must not decide the outcome.
    assert found["apply"] + found["tick"] < FRAME_MS
