"""The whole window as ``main`` builds it, with the real pages and without an engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.app import Window, grab
from lepton_desktop.gui.engine_link import Phase
from lepton_desktop.gui.theme.current import Theme
from lepton_desktop.settings import paths

OPEN_AND_GRAB = """
import sys
from pathlib import Path
from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.app import Window, application, grab
from lepton_desktop.settings import paths

def absent(start, progress):
    raise LeptonError("No engine runs.", code="engine_not_running")

app = application(sys.argv)
window = Window(paths(), absent)
window.show()
app.processEvents()
grab(window.main, Path(sys.argv[1]))
window.close()
"""


def absent(_start: bool, _progress: object) -> object:
    raise LeptonError("No engine runs.", "Start it.", code="engine_not_running")


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    window = Window(paths(tmp_path), absent)  # type: ignore[arg-type]
    qtbot.addWidget(window.main)
    window.show()
    qtbot.waitExposed(window.main)
    yield window
    window.close()


def test_window_without_an_engine_says_so_and_stays_usable(qtbot: QtBot, window: Window) -> None:
    qtbot.waitUntil(lambda: window.link.status.phase is Phase.STOPPED)
    assert window.main.frame.top.engine.text() == "Engine stopped"
    assert window.main.frame._content.state == "error"
    for entry in window.main._entries:
        window.main.navigate(entry.page_id)
    window.main.navigate("overview")
    assert window.main.page_id == "overview"


@pytest.mark.parametrize("size", [(1440, 900), (1180, 720)])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_pages_never_push_the_window_wider(
    qtbot: QtBot,
    window: Window,
    dark_theme: Theme,
    tmp_path: Path,
    scheme: str,
    size: tuple[int, int],
) -> None:
    dark_theme.set_scheme(scheme)
    for entry in window.main._entries:
        window.main.navigate(entry.page_id)
        window.main.resize(*size)
        picture = QImage(str(grab(window.main, tmp_path / "pictures" / f"{entry.page_id}.png")))
        assert picture.size() == QSize(*size), entry.page_id


def test_grab_says_what_to_do_when_the_file_cannot_be_written(
    window: Window, tmp_path: Path
) -> None:
    (tmp_path / "picture.png").mkdir()
    with pytest.raises(LeptonError) as caught:
        grab(window.main, tmp_path / "picture.png")
    assert caught.value.hint


def test_version_is_printed_without_a_window() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "lepton_desktop", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.startswith("Lepton Desktop ")


@pytest.mark.xvfb
def test_window_opens_on_a_real_display(tmp_path: Path) -> None:
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed")
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            display = pipe.readline().strip()
        picture = tmp_path / "window.png"
        environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": f":{display}"}
        run = subprocess.run(
            [sys.executable, "-c", OPEN_AND_GRAB, str(picture)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert QImage(str(picture)).size() == QSize(1440, 900)
    finally:
        server.terminate()
        server.wait(10)
