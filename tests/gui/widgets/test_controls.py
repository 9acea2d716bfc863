from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import Pill
from lepton_desktop.gui.widgets.choices import Checkbox, Combo, Segment, SegmentedControl, Switch
from lepton_desktop.gui.widgets.fields import FormField, SearchField, TextField
from lepton_desktop.gui.widgets.labels import ElidedLabel
from lepton_desktop.gui.widgets.spinner import Spinner
from lepton_desktop.gui.widgets.tiles import StatTile


def shown(qtbot: QtBot, widget: QWidget) -> QWidget:
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    widget.setFocus()
    return widget


def test_segmented_control_moves_with_arrow_keys(qtbot: QtBot) -> None:
    control = SegmentedControl([Segment("a", "A"), Segment("b", "B"), Segment("c", "C")])
    shown(qtbot, control)
    heard: list[str] = []
    control.changed.connect(heard.append)
    qtbot.keyClick(control, Qt.Key.Key_Right)
    qtbot.keyClick(control, Qt.Key.Key_Right)
    qtbot.keyClick(control, Qt.Key.Key_Right)
    qtbot.keyClick(control, Qt.Key.Key_Left)
    assert heard == ["b", "c", "b"]
    assert control.accessibleDescription() == "B"


def test_segmented_control_takes_clicks(qtbot: QtBot) -> None:
    control = SegmentedControl([Segment("a", "First"), Segment("b", "Second")])
    shown(qtbot, control)
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton, pos=control.rect().center() * 1.6)
    assert control.current == "b"


def test_switch_and_checkbox_toggle_by_space(qtbot: QtBot) -> None:
    for control in (Switch(name="Motion"), Checkbox("Seeds")):
        shown(qtbot, control)
        qtbot.keyClick(control, Qt.Key.Key_Space)
        assert control.isChecked()


def test_wheel_over_a_combo_changes_nothing(qtbot: QtBot) -> None:
    combo = Combo(["a", "b"])
    shown(qtbot, combo)
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(combo, event)
    assert combo.currentIndex() == 0


def test_icon_button_has_a_name_for_screen_readers(qtbot: QtBot) -> None:
    button = Button("", "ghost", "x", 28, "Close (Esc)")
    qtbot.addWidget(button)
    assert button.accessibleName() == "Close (Esc)"
    assert button.width() == button.height() == 28


def test_button_follows_its_action(qtbot: QtBot) -> None:
    action = QAction("New run")
    pressed: list[bool] = []
    action.triggered.connect(lambda: pressed.append(True))
    button = Button("New run", "primary")
    shown(qtbot, button)
    button.follow(action)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    action.setEnabled(False)
    action.setToolTip("The engine is stopped.")
    assert pressed == [True]
    assert not button.isEnabled()
    assert button.toolTip() == "The engine is stopped."


def test_pill_is_removed_by_its_cross_and_by_delete(qtbot: QtBot) -> None:
    pill = Pill("tag:robotics", active=True, removable=True)
    shown(qtbot, pill)
    heard: list[str] = []
    pill.removed.connect(lambda: heard.append("removed"))
    pill.clicked.connect(lambda: heard.append("clicked"))
    middle = pill.rect().center()
    qtbot.mouseClick(pill, Qt.MouseButton.LeftButton, pos=middle)
    cross = middle
    cross.setX(pill.width() - 12)
    qtbot.mouseClick(pill, Qt.MouseButton.LeftButton, pos=cross)
    qtbot.keyClick(pill, Qt.Key.Key_Delete)
    assert heard == ["clicked", "removed", "removed"]


def test_search_field_waits_for_a_pause_and_clears_by_escape(qtbot: QtBot) -> None:
    field = SearchField("Filter")
    shown(qtbot, field)
    heard: list[str] = []
    field.searched.connect(heard.append)
    with qtbot.waitSignal(field.searched):
        qtbot.keyClicks(field, "gpu")
    assert heard == ["gpu"]
    with qtbot.waitSignal(field.searched):
        qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert heard == ["gpu", ""]


def test_form_field_says_what_is_wrong_when_it_is_left(qtbot: QtBot) -> None:
    field = TextField("999")
    form = FormField("Port", field, check=lambda text: "" if int(text) < 500 else "1 to 499.")
    shown(qtbot, form)
    field.setFocus()
    field.editingFinished.emit()
    assert field.property("invalid") is True
    field.setText("22")
    assert form.validate()
    assert field.property("invalid") is False


def test_a_long_name_never_asks_for_more_room(qtbot: QtBot) -> None:
    label = ElidedLabel("a" * 400)
    shown(qtbot, label)
    label.resize(60, 20)
    assert label.minimumSizeHint().width() < 60
    assert label.toolTip() == "a" * 400


def test_stat_tile_opens_by_click_and_enter_and_reads_aloud(qtbot: QtBot) -> None:
    tile = StatTile("Nodes up", "server")
    shown(qtbot, tile)
    tile.set_value("44", "/ 48")
    heard: list[bool] = []
    tile.clicked.connect(lambda: heard.append(True))
    qtbot.mouseClick(tile, Qt.MouseButton.LeftButton)
    qtbot.keyClick(tile, Qt.Key.Key_Return)
    assert heard == [True, True]
    assert tile.accessibleName() == "Nodes up: 44 / 48"


def test_spinner_rests_with_reduced_motion_and_while_hidden(qtbot: QtBot) -> None:
    spinner = Spinner()
    shown(qtbot, spinner)
    assert spinner._timer.isActive()
    theme().set_reduced_motion(True)
    assert not spinner._timer.isActive()
    theme().set_reduced_motion(False)
    spinner.hide()
    assert not spinner._timer.isActive()
