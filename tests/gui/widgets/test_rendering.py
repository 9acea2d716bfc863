"""The gallery and single widgets, rendered and looked into."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.theme.current import Theme, theme
from lepton_desktop.gui.widgets.fleet import FleetGrid
from lepton_desktop.gui.widgets.fleet_layout import FleetGroup, FleetNode
from tests.gui.widgets import gallery


def colours_in(image: QImage) -> set[str]:
    return {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1440, 900), (1180, 720)])
@pytest.mark.parametrize("page", sorted(gallery.PAGES))
def test_gallery_fits_the_window_exactly(
    qtbot: QtBot, dark_theme: Theme, page: str, size: tuple[int, int], scheme: str
) -> None:
    dark_theme.set_scheme(scheme)
    widget = gallery.PAGES[page]()
    qtbot.addWidget(widget)
    widget.resize(*size)
    widget.show()
    qtbot.waitExposed(widget)
    picture = widget.grab()
    assert picture.size() == QSize(*size)
    assert picture.toImage().pixelColor(2, 2) == dark_theme.color("bg")


@pytest.mark.parametrize("zoom", [0.8, 1.5, 2.0])
def test_gallery_can_be_built_at_every_zoom(qtbot: QtBot, dark_theme: Theme, zoom: float) -> None:
    dark_theme.set_zoom(zoom)
    for build in gallery.PAGES.values():
        widget = build()
        qtbot.addWidget(widget)
        widget.resize(1440, 900)
        assert not widget.grab().isNull()


def test_gallery_follows_a_theme_switch_at_run_time(qtbot: QtBot, dark_theme: Theme) -> None:
    switched = gallery.controls()
    qtbot.addWidget(switched)
    switched.resize(1180, 720)
    switched.grab()
    dark_theme.set_scheme("light")
    fresh = gallery.controls()
    qtbot.addWidget(fresh)
    fresh.resize(1180, 720)
    pairs = switched.grab().toImage(), fresh.grab().toImage()
    assert different_share(*pairs) < 0.01


def different_share(first: QImage, second: QImage, step: int = 3) -> float:
    assert first.size() == second.size()
    points = [(x, y) for x in range(0, first.width(), step) for y in range(0, first.height(), step)]
    different = sum(first.pixelColor(*point) != second.pixelColor(*point) for point in points)
    return different / len(points)


@pytest.mark.parametrize("level", ["large", "small"])
def test_fleet_cells_are_coloured_by_their_load(qtbot: QtBot, level: str) -> None:
    loads = (0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0, 1.0)
    grid = FleetGrid()
    qtbot.addWidget(grid)
    grid.resize(400, 120)
    grid.set_level(level)
    grid.set_fleet([FleetGroup("a", "", [FleetNode("a-1", "up", loads)])])
    found = colours_in(grid.grab().toImage())
    for load in (0.0, 1.0):
        assert theme().load_color(load).name() in found
    middle = theme().load_color(0.5)
    assert any(distance(QColor(name), middle) < 12 for name in found)


def distance(first: QColor, second: QColor) -> int:
    return sum(
        abs(a - b)
        for a, b in zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)  # type: ignore[misc]
    )


@pytest.mark.parametrize(
    ("state", "tone"), [("down", "err"), ("draining", "warn"), ("stale", "t3")]
)
@pytest.mark.parametrize("level", ["large", "small"])
def test_fleet_states_differ_in_more_than_colour(
    qtbot: QtBot, level: str, state: str, tone: str
) -> None:
    pictures = []
    for shown in ("up", state):
        grid = FleetGrid()
        qtbot.addWidget(grid)
        grid.resize(300, 80)
        grid.set_level(level)
        grid.set_fleet([FleetGroup("a", "", [FleetNode("a-1", shown, (0.4,) * 8)])])
        pictures.append(grid.grab().toImage())
    assert different_share(*pictures, step=1) > 0.0005
    hue = theme().color(tone)
    assert any(distance(QColor(name), hue) < 120 for name in colours_in(pictures[1]))
