from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.widgets.table import DataTable
from tests.gui.widgets.gallery import sample_table


def shown(qtbot: QtBot, width: int = 800) -> DataTable:
    table = sample_table()
    qtbot.addWidget(table)
    table.resize(width, 300)
    table.show()
    qtbot.waitExposed(table)
    table.setFocus()
    return table


def test_j_and_k_move_and_enter_opens(qtbot: QtBot) -> None:
    table = shown(qtbot)
    table.select_row(0)
    rows: list[int] = []
    opened: list[int] = []
    table.current_row_changed.connect(rows.append)
    table.opened.connect(lambda index: opened.append(index.row()))
    for key in (Qt.Key.Key_J, Qt.Key.Key_J, Qt.Key.Key_K, Qt.Key.Key_Return):
        qtbot.keyClick(table, key)
    assert rows == [1, 2, 1]
    assert opened == [1]


def test_moving_stops_at_the_last_row(qtbot: QtBot) -> None:
    table = shown(qtbot)
    table.select_row(3)
    qtbot.keyClick(table, Qt.Key.Key_J)
    assert table.currentIndex().row() == 3


def test_wide_column_takes_the_room_that_is_left(qtbot: QtBot) -> None:
    table = shown(qtbot, 1000)
    assert table.horizontalHeader().length() == table.viewport().width()
    table.resize(400, 300)
    assert table.columnWidth(3) == 176


def test_hidden_columns_give_their_room_away(qtbot: QtBot) -> None:
    table = shown(qtbot, 1000)
    before = table.columnWidth(3)
    table.setColumnHidden(1, True)
    table._stretch()
    assert table.columnWidth(3) > before


def test_selection_covers_rows(qtbot: QtBot) -> None:
    table = shown(qtbot)
    table.select_row(1)
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert table.selected_rows() == [1, 2]
