"""The window on a real engine: it may be killed at any time, the curve is whole afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lepton_desktop.settings import paths
from lepton_desktop.wire.node import State
from tests.end_to_end.lab import UPRIGHT, Lab, wait_until

pytestmark = pytest.mark.slow

OBJECTIVE = "objective/return_mean"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A real engine."""
    opened = Lab(tmp_path / "lepton-home")
    yield opened
    opened.close()


@pytest.fixture
def window_process(lab: Lab) -> Iterator[subprocess.Popen[bytes]]:
    """A window in a process of its own, attached to the lab's engine."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lepton_desktop", "--home", str(lab.home), "--page", "runs"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    yield process
    process.kill()
    process.wait(10)


def test_a_killed_window_shows_the_whole_curve_when_opened_again(
    lab: Lab, window_process: subprocess.Popen[bytes], qtbot: QtBot
) -> None:
    lab.wait_for_this_computer()
    run = lab.start(reward=UPRIGHT, total_steps=60_000, evaluation_episodes=5)
    lab.wait_for_metrics(run.run_id, more_than=60)
    log = lab.home / "window.log"
    wait_until("the window is there", log.exists)
    window_process.send_signal(signal.SIGKILL)
    window_process.wait(10)

    ended = lab.wait_for_end(run.run_id)
    assert ended.state is State.SUCCEEDED, ended.reason
    (stored,) = lab.client.metrics(run.run_id, [OBJECTIVE])
    assert len(stored.x) > 10

    assert _curve_in_a_new_window(lab.home, run.run_id, qtbot) == [
        (x, y) for x, y in zip(stored.x, stored.y, strict=True) if y is not None
    ]


def _curve_in_a_new_window(home: Path, run_id: str, qtbot: QtBot) -> list[tuple[float, float]]:
    from lepton_desktop.gui.app import Window
    from lepton_desktop.gui.widgets.plot import Plot

    window = Window(paths(home))
    qtbot.addWidget(window.main)
    try:
        window.show("runs")
        window.main.navigate("runs", run_id)

        def raw() -> list[tuple[float, float]]:
            plot = window.main.findChild(Plot, "chart-steps")
            lines = plot.lines if plot is not None else []
            found = [one for one in lines if one.key.endswith(OBJECTIVE)]
            if not found:
                return []
            return [(float(x), float(y)) for x, y in zip(found[0].x, found[0].y, strict=True)]

        qtbot.waitUntil(lambda: len(raw()) > 0, timeout=20_000)
        return raw()
    finally:
        window.close()
