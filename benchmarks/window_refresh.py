"""One refresh of each page when each of 400 nodes has a new sample. Runs on the desk, offscreen.

CPU time of the window's thread, so that other programs on the machine do not decide the outcome.
"""

from __future__ import annotations

import dataclasses
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import Budget, Report, run

if TYPE_CHECKING:
    from lepton_desktop.gui.app import Window
    from lepton_desktop.gui.engine_link import EngineCalls, Progress
    from lepton_desktop.wire.desk import NodeRow

NODES = 400
FRAME_MS = 33.0
ROUNDS, QUICK_ROUNDS = 30, 6
PAGES = ("overview", "nodes", "runs")


def measure(quick: bool) -> Report:
    """Median milliseconds from the engine's answer to the last painted pixel, per page."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from lepton_desktop.gui.app import Window, application
    from lepton_desktop.settings import paths

    app = application(["benchmark"])
    samples = {}
    with tempfile.TemporaryDirectory() as home:
        for page in PAGES:
            window = Window(paths(Path(home)), _absent)
            window.faults.install()
            samples[f"{page}_ms"] = _page(window, page, QUICK_ROUNDS if quick else ROUNDS)
            window.close()
            window.main.deleteLater()
            app.processEvents()
    budgets = [
        Budget(
            f"{page.removesuffix('_ms')}: every node changed, median",
            statistics.median(values),
            FRAME_MS,
            "ms",
        )
        for page, values in samples.items()
    ]
    return Report("window_refresh", samples, budgets, {"nodes": NODES})


def _page(window: Window, page: str, rounds: int) -> list[float]:
    from PySide6.QtWidgets import QApplication

    from lepton_desktop.wire.desk import Changes
    from tests.gui import lab_rows

    rows, rng = lab_rows.lab(NODES), random.Random(1)
    window.refresh.apply(Changes(1, reset=True, nodes=rows, runs=lab_rows.some_runs()))
    window.main.navigate(page)
    window.main.resize(1440, 900)
    window.main.show()
    for _ in range(5):
        window.refresh.flush()
        QApplication.processEvents()
    milliseconds = []
    for revision in range(2, rounds + 2):
        changes = Changes(revision, nodes=[_next_second(row, rng) for row in rows])
        began = time.thread_time()
        window.refresh.apply(changes)
        for waiting in window.refresh._pending.values():
            waiting.second = True  # pages take samples once a second; here every time
        window.refresh.flush()
        QApplication.processEvents()
        milliseconds.append((time.thread_time() - began) * 1000)
    return milliseconds


def _next_second(row: NodeRow, rng: random.Random) -> NodeRow:
    from tests.gui import lab_rows

    if row.sample is None:
        return row
    gpus = len(row.sample.gpu.utilisation_percent)
    return dataclasses.replace(row, sample=lab_rows.sample(rng, gpus), sample_age_at=time.time())


def _absent(_start: bool, _progress: Progress) -> EngineCalls:
    from lepton_desktop.errors import LeptonError

    raise LeptonError("No engine runs.", code="engine_not_running")


def main() -> int:
    """Command line."""
    return run("Refresh of the window at 400 nodes", measure)


if __name__ == "__main__":
    raise SystemExit(main())
