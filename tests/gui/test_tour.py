"""The tour that takes the demo's pictures, with a plain widget in the place of the window."""

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel

from lepton_desktop.gui import tour
from lepton_desktop.gui.engine_link import EngineLink
from lepton_desktop.wire.desk import Changes, LinkState, NodeRow
from lepton_desktop.wire.node import Sample, State
from tests.cli.rows import run_row

UP = NodeRow("atlas", "u@atlas:22", LinkState.UP, sample=Sample(1.0))


def refuse(start, progress):
    raise AssertionError("the tour must not connect by itself")


@pytest.fixture
def stage(qtbot, monkeypatch):
    monkeypatch.setattr(tour, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(tour, "LOOK_MS", 5)
    window, link = QLabel("window"), EngineLink(refuse)
    qtbot.addWidget(window)
    window.show()
    codes = []
    monkeypatch.setattr(QCoreApplication, "exit", codes.append)
    return window, link, codes


def test_each_page_is_shown_when_it_has_something_to_show(qtbot, stage, tmp_path):
    window, link, codes = stage
    turned = []
    walk = tour.Tour(window, link, lambda page, key: turned.append((page, key)), tmp_path)
    walk.start()
    link.changes_arrived.emit(Changes(1, True, nodes=[UP]))
    qtbot.wait(50)
    link.changes_arrived.emit(Changes(2, runs=[run_row()]))
    qtbot.wait(50)
    assert turned == []  # there is not much to see yet
    link.changes_arrived.emit(Changes(2, runs=[run_row(step=50_000)]))
    qtbot.waitUntil(lambda: (tmp_path / "nodes.png").exists())
    assert turned == [("overview", ""), ("nodes", "atlas")]
    link.changes_arrived.emit(Changes(3, runs=[run_row(State.SUCCEEDED, 100_000)]))
    qtbot.waitUntil(lambda: codes == [0])
    assert turned[-1] == ("runs", "r-1f3a")
    sizes = {(QImage(str(file)).width(), QImage(str(file)).height()) for file in tmp_path.iterdir()}
    assert sizes == {(1440, 900)}


def test_it_gives_up_with_exit_code_1(qtbot, stage, tmp_path, monkeypatch):
    window, link, codes = stage
    monkeypatch.setattr(tour, "LONGEST_SECONDS", 0.0)
    walk = tour.Tour(window, link, lambda page, key: None, tmp_path)
    walk.start()
    qtbot.waitUntil(lambda: codes == [1])


def test_a_page_that_fails_ends_it_with_exit_code_1(qtbot, stage, tmp_path):
    window, link, codes = stage

    def fail(page, key):
        raise ValueError(page)

    walk = tour.Tour(window, link, fail, tmp_path)
    with qtbot.captureExceptions() as caught:
        walk.start()
        link.changes_arrived.emit(Changes(1, True, nodes=[UP], runs=[run_row(step=50_000)]))
        qtbot.waitUntil(lambda: codes == [1])
    assert [kind for kind, *_ in caught] == [ValueError]
