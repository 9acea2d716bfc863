"""Every page in both themes and both sizes, empty, loading, broken, filled and at 400 nodes.

Pictures land in ``$LEPTON_SCREENSHOTS`` (else in the test's folder): whoever changes a page looks.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.dialogs.add_node import AddNodeSheet
from lepton_desktop.gui.dialogs.host_key import open_host_key
from lepton_desktop.gui.dialogs.new_run import NewRunSheet
from lepton_desktop.gui.engine_link import Phase
from lepton_desktop.gui.pages.runs.page import RunsPage
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.choices import Tabs
from lepton_desktop.settings import Settings, paths, write_settings
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow

pytestmark = pytest.mark.slow

SIZES = {"": QSize(1440, 900), "_small": QSize(1180, 720)}
FEWEST_COLOURS = 40
"""A blank page with its frame has far fewer."""


@pytest.fixture(autouse=True, params=["dark", "light"])
def scheme(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Saved before the window reads its options."""
    write_settings(paths(tmp_path), Settings(theme=request.param))
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go."""
    chosen = Path(os.environ.get("LEPTON_SCREENSHOTS") or tmp_path / "screenshots")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


class Camera:
    """Takes a page in both sizes."""

    def __init__(self, qtbot: QtBot, lab: LabWindow, folder: Path, scheme: str) -> None:
        self._qtbot, self._lab, self._folder, self._scheme = qtbot, lab, folder, scheme

    def settle(self, seconds: float = 0.5) -> None:
        """Let layouts, calls and plots finish."""
        end = time.monotonic() + seconds
        self._lab.window.refresh.flush()
        self._qtbot.waitUntil(lambda: time.monotonic() > end, timeout=5000)

    def take(self, name: str) -> None:
        """Exact size, not blank."""
        main = self._lab.main
        for suffix, size in SIZES.items():
            main.resize(size)
            self.settle()
            assert theme().name == self._scheme
            image = main.grab().toImage()
            target = self._folder / f"{name}_{self._scheme}{suffix}.png"
            assert image.save(str(target))
            assert image.size() == size, f"{target.name}: something cannot shrink"
            assert _colours(image) >= FEWEST_COLOURS, f"{target.name} is blank"


def _colours(image: QImage) -> int:
    found = set()
    for y in range(0, image.height(), 3):
        for x in range(0, image.width(), 3):
            found.add(image.pixel(x, y))
    return len(found)


@pytest.fixture
def camera(qtbot: QtBot, scheme: str, lab: LabWindow, folder: Path) -> Camera:
    """The scheme is chosen before the window is made."""
    return Camera(qtbot, lab, folder, scheme)


def _fill(lab: LabWindow, count: int) -> None:
    lab.engine.set_nodes(lab_rows.lab(count))
    lab.engine.set_runs(lab_rows.some_runs())
    lab.engine.set_activity(lab_rows.activity())
    now = time.time()
    for run_id, run in lab.engine.runs.items():
        text = "".join(f"update {n}  loss {0.3 / (n + 1):.3f}  kl 0.008\n" for n in range(30))
        lab.engine.logs[run_id] = {
            job.job_id: text + "WARNING env step slow: 21 ms\nRuntimeError: NaN\n"
            for job in run.jobs
        }
        lab.engine.events[run_id] = [
            {"t": now - 300, "kind": "checkpoint", "text": "step_20480.pt", "step": 20_480},
            {"t": now - 200, "kind": "notice", "text": "A NaN was dropped", "step": 30_720},
        ]


def test_empty_lab(lab: LabWindow, camera: Camera) -> None:
    lab.open()
    lab.wait(lambda: lab.main.page_id == "welcome")
    camera.take("welcome")
    for page in ("nodes", "runs"):
        lab.main.navigate(page)
        camera.take(f"{page}_empty")
    lab.window.preferences.set(welcome_dismissed=True)
    lab.main.navigate("overview")
    camera.take("overview_empty")


def test_loading_and_no_engine(lab: LabWindow, camera: Camera) -> None:
    lab.window.show("overview")
    lab.wait(lambda: lab.window.link.status.phase is Phase.STOPPED)
    for page in ("overview", "nodes", "runs"):
        lab.main.navigate(page)
        camera.take(f"{page}_no_engine")


def test_filled_lab_then_the_engine_stops(lab: LabWindow, camera: Camera) -> None:
    _fill(lab, 48)
    lab.open()
    camera.settle(1.0)
    camera.take("overview")
    for name in ("gpu-a-01", "this-computer", "gpu-a-09"):
        lab.main.navigate("nodes", name)
        camera.take(f"nodes_{name}")
    for run_id, name in (("run-0004", "live"), ("run-0001", "done"), ("run-0002", "failed")):
        lab.main.navigate("runs", run_id)
        camera.take(f"runs_{name}")
    lab.engine.stop()
    lab.wait(lambda: lab.window.link.status.phase is Phase.STOPPED)
    for page in ("overview", "nodes", "runs"):
        lab.main.navigate(page)
        camera.take(f"{page}_stale")


def test_tabs(lab: LabWindow, camera: Camera) -> None:
    _fill(lab, 8)
    lab.open("nodes")
    lab.main.navigate("nodes", "gpu-a-01")
    for place, name in enumerate(("live", "processes", "hardware", "environment", "events")):
        lab.find("node-tabs", Tabs).setCurrentIndex(place)
        camera.take(f"node_tab_{name}")
    lab.main.navigate("runs", "run-0004")
    assert isinstance(lab.page, RunsPage)
    for place, name in enumerate(("nodes", "logs", "events", "config", "checkpoints")):
        lab.find("run-tabs", Tabs).setCurrentIndex(place)
        camera.take(f"run_tab_{name}")


def test_dialogs(lab: LabWindow, camera: Camera) -> None:
    _fill(lab, 24)
    lab.open("nodes")
    context = lab.main.context
    lab.main.sheets.open(NewRunSheet(context))
    camera.settle(0.8)
    camera.take("new_run")
    lab.main.sheets.close_all()
    lab.main.sheets.open(AddNodeSheet(context))
    lab.type("add-node-host", "lab@gpu-x.example")
    lab.click("add-node-submit")
    lab.wait(lambda: lab.shows("host-key-panel"))
    camera.take("add_node")
    lab.main.sheets.close_all()
    open_host_key(context, next(r for r in lab.lab.nodes.values() if r.code == "host_key_changed"))
    camera.take("host_key_changed")
    lab.main.sheets.close_all()


def test_400_nodes(lab: LabWindow, camera: Camera) -> None:
    _fill(lab, 400)
    lab.open()
    camera.settle(1.0)
    camera.take("overview_400")
    lab.main.navigate("nodes")
    camera.take("nodes_400")


def test_the_theme_can_be_switched_while_the_window_is_open(
    lab: LabWindow, camera: Camera, folder: Path, scheme: str
) -> None:
    _fill(lab, 8)
    lab.open()
    lab.main.resize(SIZES[""])
    other = "light" if scheme == "dark" else "dark"
    lab.window.preferences.set(theme=other)
    camera.settle(1.0)
    image = lab.main.grab().toImage()
    assert image.save(str(folder / f"overview_switched_to_{other}.png"))
    is_light = image.pixelColor(image.width() // 2, 8).lightness() > 200
    assert is_light == (other == "light")
