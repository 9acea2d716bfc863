"""Sheets, confirmations, toasts and panel states."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.confirm import ConfirmSheet, Question
from lepton_desktop.gui.widgets.fields import TextField
from lepton_desktop.gui.widgets.layouts import vbox
from lepton_desktop.gui.widgets.sheet import Sheet, SheetHost
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.toasts import Notice, Toasts

QUESTION = Question(
    "Stop quad-gait-r41 on 8 nodes?",
    "16 workers end now.",
    "Stop run",
    "Keep running",
    "Pause instead",
)
SEVERE = Question(
    "Stop quad-gait-r41 on 8 nodes?",
    "16 workers end now.",
    "Stop run",
    "Keep running",
    typed_name="quad-gait-r41",
)


class Room(QWidget):
    """A window with one button behind everything."""

    def __init__(self) -> None:
        super().__init__()
        self.behind = Button("Behind")
        self.setLayout(vbox(self.behind, None))
        self.host = SheetHost(self)
        self.toasts = Toasts(self)


@pytest.fixture
def room(qtbot: QtBot) -> Room:
    room = Room()
    qtbot.addWidget(room)
    room.resize(900, 600)
    room.show()
    room.activateWindow()
    qtbot.waitExposed(room)
    room.behind.setFocus()
    return room


def find(widget: QWidget, name: str) -> QWidget:
    found = widget.findChild(QWidget, name)
    assert found is not None
    return found


def test_tab_never_leaves_a_sheet(qtbot: QtBot, room: Room) -> None:
    sheet = Sheet("Add node")
    for number in range(3):
        sheet.content.addWidget(TextField(str(number)))
    sheet.add_button(Button("Add", "primary"))
    room.host.open(sheet)
    for _ in range(12):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert sheet.isAncestorOf(QApplication.focusWidget())
    for _ in range(12):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
        assert sheet.isAncestorOf(QApplication.focusWidget())


def test_escape_closes_the_top_layer_only_and_gives_the_focus_back(
    qtbot: QtBot, room: Room
) -> None:
    first, second = Sheet("First"), Sheet("Second")
    first.content.addWidget(field := TextField("x"))
    room.host.open(first)
    room.host.open(second)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert room.host.top is first
    assert QApplication.focusWidget() is field
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert room.host.top is None
    assert QApplication.focusWidget() is room.behind


def test_a_click_outside_closes_unless_the_sheet_protects_its_input(
    qtbot: QtBot, room: Room
) -> None:
    class Guarded(Sheet):
        def may_close(self) -> bool:
            return False

    room.host.open(Guarded("Guarded"))
    layer = find(room, "sheet-layer")
    qtbot.mouseClick(layer, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert room.host.top is not None
    room.host.close_all()
    room.host.open(Sheet("Open"))
    layer = room.host._layers[-1]
    qtbot.mouseClick(layer, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert room.host.top is None


def test_layers_cover_the_window_when_it_grows(qtbot: QtBot, room: Room) -> None:
    room.host.open(Sheet("Sheet"))
    room.resize(1000, 700)
    assert find(room, "sheet-layer").size() == room.size()


def test_a_sheet_never_is_larger_than_its_window(qtbot: QtBot, room: Room) -> None:
    sheet = Sheet("Long", width=2000)
    for _ in range(60):
        sheet.content.addWidget(TextField())
    room.host.open(sheet)
    assert sheet.width() <= room.width()
    assert sheet.height() <= room.height()


def test_confirmation_starts_on_the_safe_button_and_enter_never_confirms(
    qtbot: QtBot, room: Room
) -> None:
    sheet = ConfirmSheet(QUESTION)
    heard: list[str] = []
    sheet.confirmed.connect(lambda: heard.append("confirmed"))
    sheet.cancelled.connect(lambda: heard.append("cancelled"))
    room.host.open(sheet)
    assert QApplication.focusWidget() is sheet.safe
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Enter)
    assert "confirmed" not in heard
    if room.host.top is sheet:
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert heard == ["cancelled"]


def test_confirmation_offers_the_milder_way(qtbot: QtBot, room: Room) -> None:
    sheet = ConfirmSheet(QUESTION)
    heard: list[str] = []
    sheet.milder_chosen.connect(lambda: heard.append("milder"))
    sheet.confirmed.connect(lambda: heard.append("confirmed"))
    sheet.cancelled.connect(lambda: heard.append("cancelled"))
    room.host.open(sheet)
    qtbot.mouseClick(find(sheet, "confirm-milder"), Qt.MouseButton.LeftButton)
    assert heard == ["milder"]


def test_severe_confirmation_wants_the_exact_name(qtbot: QtBot, room: Room) -> None:
    sheet = ConfirmSheet(SEVERE)
    heard: list[str] = []
    sheet.confirmed.connect(lambda: heard.append("confirmed"))
    sheet.cancelled.connect(lambda: heard.append("cancelled"))
    room.host.open(sheet)
    assert not sheet.danger.isEnabled()
    assert sheet.field is not None
    qtbot.keyClicks(sheet.field, "quad-gait-r4")
    assert not sheet.danger.isEnabled()
    qtbot.keyClicks(sheet.field, "1")
    assert sheet.danger.isEnabled()
    qtbot.keyClick(sheet.field, Qt.Key.Key_Return)
    assert heard == []
    qtbot.mouseClick(sheet.danger, Qt.MouseButton.LeftButton)
    assert heard == ["confirmed"]
    assert room.host.top is None


def test_undo_takes_back_once(qtbot: QtBot, room: Room) -> None:
    undone: list[str] = []
    room.toasts.offer_undo("Node removed", "gpu-b-16", lambda: undone.append("gpu-b-16"))
    toast = room.toasts.shown[0]
    qtbot.mouseClick(find(toast, "toast-action"), Qt.MouseButton.LeftButton)
    assert undone == ["gpu-b-16"]
    assert room.toasts.shown == []


def test_at_most_three_toasts_and_errors_stay(qtbot: QtBot, room: Room) -> None:
    room.toasts.notify("gpu-b-06 not provisioned", "No space left.", "error")
    for number in range(5):
        room.toasts.notify(f"Notice {number}")
    titles = [toast.notice.title for toast in room.toasts.shown]
    assert titles == ["gpu-b-06 not provisioned", "Notice 3", "Notice 4"]
    assert len(room.toasts.history) == 6
    room.toasts.clear()


def test_a_toast_leaves_by_itself_and_an_error_does_not(qtbot: QtBot, room: Room) -> None:
    room.toasts.notify("Saved", seconds=0.05)
    room.toasts.notify("Broken", kind="error", seconds=0.05)
    qtbot.waitUntil(lambda: len(room.toasts.shown) == 1)
    assert room.toasts.shown[0].notice.title == "Broken"
    qtbot.mouseClick(find(room.toasts.shown[0], "toast-close"), Qt.MouseButton.LeftButton)
    assert room.toasts.shown == []


def test_a_toast_with_an_action_runs_it(qtbot: QtBot, room: Room) -> None:
    ran: list[bool] = []
    room.toasts.offer(Notice("Failed", kind="error", action="Details"), lambda: ran.append(True))
    qtbot.mouseClick(find(room.toasts.shown[0], "toast-action"), Qt.MouseButton.LeftButton)
    assert ran == [True]


def test_loading_shows_nothing_at_first_then_a_skeleton(qtbot: QtBot) -> None:
    panel = StatePanel(QLabel("content"))
    qtbot.addWidget(panel)
    panel.show()
    panel.show_loading("Loading 24 h")
    assert panel._stack.currentWidget() is panel._blank
    qtbot.waitUntil(lambda: panel._stack.currentWidget() is panel._loading)
    panel.show_content()
    assert panel._stack.currentWidget() is panel.content


@pytest.mark.parametrize(
    ("state", "signal"), [("empty", "empty"), ("filtered", "clear-filter"), ("error", "retry")]
)
def test_each_state_has_its_own_button(qtbot: QtBot, state: str, signal: str) -> None:
    panel = StatePanel(QLabel("content"))
    qtbot.addWidget(panel)
    panel.show()
    if state == "empty":
        panel.show_empty("inbox", "No runs yet", "Start one.", "New run")
    elif state == "filtered":
        panel.show_filtered_empty("tag:robtics")
    else:
        panel.show_error("Lost the engine", "Since 10:38.")
    assert panel.state == state
    heard: list[str] = []
    panel.action_pressed.connect(heard.append)
    qtbot.mouseClick(panel._message._button, Qt.MouseButton.LeftButton)
    assert heard == [signal]


def test_stale_content_is_dimmed_until_it_is_fresh(qtbot: QtBot) -> None:
    panel = StatePanel(QLabel("content"))
    qtbot.addWidget(panel)
    panel.set_stale(True)
    assert panel.content.graphicsEffect() is not None
    panel.show_content()
    assert panel.content.graphicsEffect() is None
