"""Cold start of the window against a bare PySide6 + pyqtgraph window, in turns. Runs on the desk.

Both are fresh processes; what is timed is from the start of the process to the end of the first
paint. The engine is absent, so nothing but the window itself is measured.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.report import Budget, Report, run

LIMIT = 1.5
ROUNDS, QUICK_ROUNDS = 11, 3

BARE = """
import sys, time
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph
app = QApplication(sys.argv)
window = QMainWindow()
plot = pyqtgraph.PlotWidget()
plot.plot([0, 1, 2], [3, 1, 2])
window.setCentralWidget(plot)
window.resize(1440, 900)
window.show()
app.processEvents()
print(time.monotonic(), flush=True)
import os
os._exit(0)
"""

LEPTON = """
import sys, time
from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.app import Window, application
from lepton_desktop.settings import paths

def absent(start, progress):
    raise LeptonError("No engine runs.", code="engine_not_running")

app = application(sys.argv)
window = Window(paths(), absent)
window.show()
app.processEvents()
print(time.monotonic(), flush=True)
import os
os._exit(0)
"""


def seconds_to_first_paint(code: str, environment: dict[str, str]) -> float:
    """Start one process and wait for its first paint."""
    began = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if child.returncode != 0:
        raise RuntimeError(child.stderr)
    return float(child.stdout.split()[-1]) - began


def measure(quick: bool) -> Report:
    """Take turns; the first round of each warms the disk cache and is not counted."""
    samples: dict[str, list[float]] = {"bare_seconds": [], "lepton_seconds": []}
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "LEPTON_HOME": home}
        if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
            environment["QT_QPA_PLATFORM"] = "offscreen"
        for number in range((QUICK_ROUNDS if quick else ROUNDS) + 1):
            bare = seconds_to_first_paint(BARE, environment)
            lepton = seconds_to_first_paint(LEPTON, environment)
            if number:
                samples["bare_seconds"].append(bare)
                samples["lepton_seconds"].append(lepton)
                ratios.append(lepton / bare)
    ratio = statistics.median(ratios)
    budget = Budget("window usable, cold, against a bare window", ratio, LIMIT, "×")
    return Report("startup", {**samples, "ratio": ratios}, [budget])


if __name__ == "__main__":
    raise SystemExit(run("Cold start of the window", measure))
