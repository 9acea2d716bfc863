from __future__ import annotations

import itertools

from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.widgets.fleet import FleetGrid
from lepton_desktop.gui.widgets.fleet_layout import FleetNode, arrange, cell_grid, fit
from lepton_desktop.gui.widgets.hover_card import HoverInfo
from tests.gui.widgets.gallery import fleet

LAB_400 = (
    ("h100", "8 × H100", 128, 8),
    ("a100", "8 × A100", 96, 8),
    ("rtx", "4 × RTX 6000", 96, 4),
    ("edge", "1 × Orin", 40, 1),
    ("cpu", "CPU only", 40, 0),
)


def px(size: float) -> int:
    return round(size)


def shown(qtbot: QtBot, width: int = 800, height: int = 340) -> FleetGrid:
    grid = FleetGrid()
    qtbot.addWidget(grid)
    grid.resize(width, height)
    grid.set_fleet(fleet())
    grid.show()
    qtbot.waitExposed(grid)
    grid.activateWindow()
    grid.setFocus()
    qtbot.waitUntil(grid.hasFocus)
    return grid


def test_largest_level_that_fits_is_chosen() -> None:
    assert fit(fleet(), 800, 400, px).level == "large"
    assert fit(fleet(LAB_400), 800, 400, px).level == "small"


def test_400_nodes_fit_the_overview() -> None:
    assert fit(fleet(LAB_400), 800, 300, px).height <= 300


def test_every_node_is_found_where_it_is_drawn() -> None:
    for level in ("large", "small"):
        layout = arrange(fleet(LAB_400), 790, level, px)
        for number in range(400):
            assert layout.at(layout.rect(number).center()) == number
        assert layout.at(QPointF(10, 10)) is None


def test_tiles_never_overlap() -> None:
    layout = arrange(fleet(LAB_400), 790, "small", px)
    rects = [layout.rect(number) for number in range(400)]
    for first, second in itertools.pairwise(rects):
        assert not first.intersects(second)


def test_cells_of_a_small_tile_stand_in_two_rows_from_four_on() -> None:
    assert [cell_grid(gpus) for gpus in (1, 2, 4, 8, 16)] == [
        (1, 1),
        (2, 1),
        (2, 2),
        (4, 2),
        (8, 2),
    ]


def test_arrow_keys_move_between_groups_and_enter_opens(qtbot: QtBot) -> None:
    grid = shown(qtbot)
    opened: list[str] = []
    grid.node_opened.connect(opened.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(grid, key)
    assert opened[0] == "gpu-a-002"
    assert opened[1] != "gpu-a-002"
    for _ in range(40):
        qtbot.keyClick(grid, Qt.Key.Key_Right)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert opened[-1] == "cpu-004"


def test_current_node_reads_aloud(qtbot: QtBot) -> None:
    grid = shown(qtbot)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert grid.accessibleDescription().startswith("gpu-a-003, draining, ")


def test_space_selects_and_escape_clears(qtbot: QtBot) -> None:
    grid = shown(qtbot)
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    assert grid.selected == ["gpu-a-001"]
    qtbot.keyClick(grid, Qt.Key.Key_Escape)
    assert grid.selected == []


def test_a_drag_selects_several_nodes(qtbot: QtBot) -> None:
    grid = shown(qtbot)
    view = grid.viewport()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 10))
    qtbot.mouseMove(view, QPoint(330, 30))
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    move = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(330, 30),
        QPointF(330, 30),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, move)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(330, 30))
    assert grid.selected[:2] == ["gpu-a-001", "gpu-a-002"]


def test_hover_card_says_what_the_page_knows(qtbot: QtBot) -> None:
    grid = shown(qtbot)
    asked: list[str] = []

    def info(name: str) -> HoverInfo:
        asked.append(name)
        return HoverInfo(name, rows=[("Power", "4.1 kW")])

    grid.info_of = info
    grid._hover(3)
    assert asked == ["gpu-a-004"]
    assert grid._card is not None
    assert grid._card.isVisible()
    grid._hover(None)
    assert not grid._card.isVisible()


def test_a_changed_load_repaints_only_its_tile(qtbot: QtBot) -> None:
    grid = shown(qtbot)
    before = grid._picture.copy()
    groups = fleet()
    changed = FleetNode("gpu-a-001", "up", (1.0,) * 8, 0.1)
    nodes = [changed, *groups[0].nodes[1:]]
    grid.set_fleet([type(groups[0])(groups[0].name, groups[0].meta, nodes), *groups[1:]])
    rect = grid._layout.rect(0).toAlignedRect()
    assert grid._picture.copy(rect) != before.copy(rect)
    rest = rect.translated(rect.width() + 20, 0)
    assert grid._picture.copy(rest) == before.copy(rest)


def test_more_nodes_than_fit_can_be_scrolled_to(qtbot: QtBot) -> None:
    grid = FleetGrid()
    qtbot.addWidget(grid)
    grid.resize(500, 120)
    grid.set_fleet(fleet(LAB_400))
    grid.show()
    qtbot.waitExposed(grid)
    assert grid.verticalScrollBar().maximum() > 0
    grid._set_current(399)
    assert grid.verticalScrollBar().value() > 0
