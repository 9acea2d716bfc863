from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QFontInfo
from pytestqt.qtbot import QtBot

import lepton_desktop.gui
from lepton_desktop.gui.theme.current import Theme, theme
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.settings import resources_folder

GUI = Path(lepton_desktop.gui.__file__).parent


def test_shipped_faces_are_used(dark_theme: Theme) -> None:
    assert QFontInfo(dark_theme.font("body")).family() == "Inter"
    assert QFontInfo(dark_theme.font("mono")).family() == "JetBrains Mono"


def test_licences_of_icons_and_fonts_are_shipped() -> None:
    assert (resources_folder() / "icons" / "LICENSE").is_file()
    assert len(list((resources_folder() / "fonts").glob("OFL-*.txt"))) == 2


def test_switching_the_theme_changes_colours_and_tells(qtbot: QtBot, dark_theme: Theme) -> None:
    label = Label("text")
    qtbot.addWidget(label)
    before = label.palette().windowText().color()
    with qtbot.waitSignal(dark_theme.changed):
        dark_theme.set_scheme("light")
    assert dark_theme.name == "light"
    assert label.palette().windowText().color() != before
    assert label.palette().windowText().color() == dark_theme.color("t1")


def test_zoom_scales_fonts_and_sizes(qtbot: QtBot, dark_theme: Theme) -> None:
    with qtbot.waitSignal(dark_theme.zoom_changed):
        dark_theme.set_zoom(1.5)
    assert dark_theme.px(12) == 18
    assert dark_theme.font("value").pixelSize() == 39


def test_zoom_stays_between_80_and_200_percent(dark_theme: Theme) -> None:
    dark_theme.set_zoom(9)
    assert dark_theme.zoom == 2.0
    dark_theme.set_zoom(0.1)
    assert dark_theme.zoom == 0.8


def test_icons_are_rendered_once_for_a_colour_and_size(dark_theme: Theme) -> None:
    first = dark_theme.pixmap("server", "t2", 16)
    assert dark_theme.pixmap("server", "t2", 16).cacheKey() == first.cacheKey()
    assert dark_theme.pixmap("server", "err", 16).cacheKey() != first.cacheKey()
    assert first.toImage() != dark_theme.pixmap("server", "err", 16).toImage()


def test_an_unknown_icon_is_a_bug(dark_theme: Theme) -> None:
    with pytest.raises(KeyError):
        dark_theme.pixmap("no-such-icon")


def test_every_icon_that_is_named_in_the_code_is_shipped() -> None:
    shipped = {path.stem for path in (resources_folder() / "icons").glob("*.svg")}
    calls = re.compile(
        r"(?:IconLabel|_Item|StatTile|set_icon|show_empty|icon=|pixmap|\.icon)\(?\s*\"([a-z0-9-]+)\""
    )
    for path in GUI.rglob("*.py"):
        for name in calls.findall(path.read_text(encoding="utf-8")):
            assert name in shipped or "-" not in name, f"{path.name} names the icon {name}"


def test_series_colours_wrap_after_eight() -> None:
    assert theme().series(8) == theme().series(0)
