from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.actions import PaletteItem
from lepton_desktop.gui.main_window import MainWindow
from lepton_desktop.gui.palette import Palette, ranked
from lepton_desktop.wire.desk import Changes, LinkState, NodeRow
from tests.gui.shell.sample_window import make_window


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> MainWindow:
    window = make_window(tmp_path)
    qtbot.addWidget(window)
    nodes = [
        NodeRow(f"gpu-a-{number:02d}", f"lab@10.4.1.{number}:22", LinkState.UP)
        for number in range(1, 18)
    ]
    window.context.refresh.apply(Changes(2, reset=True, nodes=nodes))
    window.navigate("overview")
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    return window


def opened(window: MainWindow) -> Palette:
    window.actions_registry.trigger("window.palette")
    palette = window.sheets.top
    assert isinstance(palette, Palette)
    assert QApplication.focusWidget() is palette.field
    return palette


def test_ctrl_k_opens_it_and_escape_gives_the_focus_back(qtbot: QtBot, window: MainWindow) -> None:
    window.page.focus_filter()
    before = QApplication.focusWidget()
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: isinstance(window.sheets.top, Palette))
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert window.sheets.top is None
    assert QApplication.focusWidget() is before


def test_typing_a_node_and_enter_opens_it(qtbot: QtBot, window: MainWindow) -> None:
    palette = opened(window)
    qtbot.keyClicks(palette.field, "a-07")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.sheets.top is None
    assert window.page_id == "nodes"
    assert "open gpu-a-07" in window.page.happened  # type: ignore[attr-defined]


def test_a_verb_may_follow_its_object(qtbot: QtBot, window: MainWindow) -> None:
    drained: list[str] = []
    window.actions_registry.add_source(
        "verbs",
        lambda: [
            PaletteItem("Actions", f"Drain {name}", lambda name=name: drained.append(name))
            for name in ("gpu-a-07", "gpu-a-08")
        ],
    )
    palette = opened(window)
    qtbot.keyClicks(palette.field, "gpu-a-07 dr")
    assert palette.list.current is not None
    assert palette.list.current.title == "Drain gpu-a-07"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert drained == ["gpu-a-07"]


def test_arrows_move_and_tab_narrows_to_a_kind(qtbot: QtBot, window: MainWindow) -> None:
    palette = opened(window)
    first = palette.list.current
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.current is not first
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.current is first
    kinds = set()
    for _ in range(3):
        qtbot.keyClick(palette.field, Qt.Key.Key_Tab)
        kinds.add(frozenset(item.kind for item in palette.list.items))
    assert {frozenset({"Actions"}), frozenset({"Nodes"})} <= kinds
    assert QApplication.focusWidget() is palette.field


def test_disabled_actions_are_not_offered(window: MainWindow) -> None:
    window.actions_registry.set_engine_reason("The engine is stopped.")
    titles = [item.title for item in window.actions_registry.palette_items()]
    assert "New run" not in titles
    window.actions_registry.set_engine_reason("")
    titles = [item.title for item in window.actions_registry.palette_items()]
    assert "New run" in titles


def test_the_pointer_picks_and_runs(qtbot: QtBot, window: MainWindow) -> None:
    palette = opened(window)
    qtbot.keyClicks(palette.field, "gpu-a-11")
    rect = next(rect for _, head, rect in palette.list._rows() if not head)
    qtbot.mouseClick(palette.list, Qt.MouseButton.LeftButton, pos=rect.center().toPoint())
    assert window.page_id == "nodes"


def test_a_thousand_objects_are_ranked_and_cut() -> None:
    items = [PaletteItem("Nodes", f"node-{number}", lambda: None) for number in range(1000)]
    found = ranked(items, "node-77")
    assert found[0].title == "node-77"
    assert len(found) <= 60
