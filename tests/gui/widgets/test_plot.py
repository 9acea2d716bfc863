from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.widgets.plot import Plot, share_crosshair
from lepton_desktop.gui.widgets.plot_canvas import reduced
from lepton_desktop.gui.widgets.plot_legend import LegendEntry, PlotLegend
from lepton_desktop.gui.widgets.plot_ticks import nice_step, number_ticks, time_ticks
from lepton_desktop.gui.widgets.plot_values import PlotLine
from tests.gui.widgets.gallery import curve_plot, gap_plot


def shown(qtbot: QtBot, plot: Plot) -> Plot:
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def test_pyqtgraph_and_numpy_are_not_imported_before_a_plot_has_data() -> None:
    code = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from lepton_desktop.gui.theme.current import theme\n"
        "theme().install()\n"
        "from lepton_desktop.gui.widgets.plot import Plot\n"
        "import lepton_desktop.gui.main_window\n"
        "plot = Plot('empty')\n"
        "plot.show()\n"
        "app.processEvents()\n"
        "print([name for name in ('numpy', 'pyqtgraph', 'torch') if name in sys.modules])\n"
        "plot.close()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.strip() == "[]"


def test_reduction_keeps_extremes_and_gaps() -> None:
    x = np.arange(100_000, dtype=float)
    y = np.sin(x / 500)
    y[54_321] = 9.0
    y[70_000:70_100] = math.nan
    few_x, few_y = reduced(x, y, 0, 100_000, 500)
    assert len(few_x) < 4 * 500
    assert np.nanmax(few_y) == 9.0
    assert np.isnan(few_y[(few_x >= 70_000) & (few_x < 70_100)]).any()
    assert (np.diff(few_x) > 0).all()


def test_reduction_cuts_to_the_view() -> None:
    x = np.arange(1000, dtype=float)
    few_x, _ = reduced(x, x, 100, 200, 500)
    assert few_x[0] == 99
    assert few_x[-1] == 201


@pytest.mark.parametrize("span", [0.003, 0.7, 1.0, 42.0, 1280.0, 3.6e7])
@pytest.mark.parametrize("most", [3, 5])
def test_ticks_are_few_and_round(span: float, most: int) -> None:
    ticks = number_ticks(0, span, most)
    assert 3 <= len(ticks) <= 2 * most
    mantissa = nice_step(span, most) / 10 ** math.floor(math.log10(nice_step(span, most)))
    assert round(mantissa, 6) in (1, 2, 5, 10)


def test_unit_stands_on_the_top_tick_only() -> None:
    labels = [label for _, label in number_ticks(0, 90, 4, "°C")]
    assert [label.endswith("°C") for label in labels] == [False] * (len(labels) - 1) + [True]


def test_time_ticks_stand_at_round_times() -> None:
    values = [value for value, _ in time_ticks(1_760_000_000, 1_760_003_600, 5)]
    assert len(values) >= 3
    assert all(value % 60 == 0 for value in values)


def test_gaps_are_never_joined(qtbot: QtBot) -> None:
    plot = shown(qtbot, gap_plot())
    assert len(plot._overlay.gaps) == 1
    low, high = plot._overlay.gaps[0]
    assert high - low == pytest.approx(27 * 15)


def test_crosshair_lists_the_curves_by_value(qtbot: QtBot) -> None:
    plot = shown(qtbot, curve_plot())
    plot.set_crosshair(2.9e7, with_card=True)
    names = [reading.name for reading in plot._overlay.readings]
    assert names == ["quad-gait-r41", "quad-gait-r40"]
    assert plot._overlay.readings[0].error == 87.0


def test_plots_of_a_page_share_crosshair_and_zoom(qtbot: QtBot) -> None:
    first, second = shown(qtbot, curve_plot()), shown(qtbot, curve_plot())
    share_crosshair([first, second])
    first.hovered.emit(1e7)
    assert second._overlay.crosshair == pytest.approx(1e7, abs=2e5)
    first.zoom_to((1e7, 2e7))
    assert second.zoomed
    first.reset_zoom()
    assert not second.zoomed


def test_dragging_zooms_and_back_to_live_follows_again(qtbot: QtBot) -> None:
    plot = shown(qtbot, curve_plot())
    zooms: list[object] = []
    plot.zoom_changed.connect(zooms.append)
    qtbot.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(400, 100))
    assert plot.zoomed
    assert plot._live.isVisible()
    view = plot._view.width()
    plot.set_data([PlotLine("a", "a", [0.0, 1e8], [0.0, 1.0])])
    assert plot._view.width() == view, "live data must not move a zoomed view"
    qtbot.mouseClick(plot._live, Qt.MouseButton.LeftButton)
    assert not plot.zoomed
    assert plot._view.width() == pytest.approx(1e8)
    assert zooms[-1] is None


def test_keyboard_zooms_and_resets(qtbot: QtBot) -> None:
    plot = shown(qtbot, curve_plot())
    plot.setFocus()
    whole = plot._view.width()
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    assert plot._view.width() < whole
    qtbot.keyClick(plot, Qt.Key.Key_0)
    assert plot._view.width() == whole


def test_hidden_series_leave_the_scale(qtbot: QtBot) -> None:
    plot = Plot()
    plot.set_data([PlotLine("a", "a", [0, 1], [0, 1]), PlotLine("b", "b", [0, 1], [0, 1000])])
    shown(qtbot, plot)
    assert plot._view.bottom() > 900
    plot.set_hidden({"b"})
    assert plot._view.bottom() < 2


def test_legend_hides_by_click_and_isolates_by_double_click(qtbot: QtBot) -> None:
    legend = PlotLegend([LegendEntry(key, key, "series:0") for key in ("one", "two", "three")])
    qtbot.addWidget(legend)
    legend.resize(400, 20)
    legend.show()
    heard: list[frozenset[str]] = []
    legend.hidden_changed.connect(heard.append)
    qtbot.mouseClick(legend, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert heard[-1] == {"one"}
    qtbot.mouseClick(legend, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert heard[-1] == frozenset()
    qtbot.mouseDClick(legend, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert legend._hidden == {"two", "three"}


def test_empty_plot_shows_axes_without_failing(qtbot: QtBot) -> None:
    plot = Plot()
    plot.set_data([PlotLine("a", "a", [], [])])
    shown(qtbot, plot)
    assert not plot.grab().isNull()


def test_a_constant_curve_lies_inside_the_plot(qtbot: QtBot) -> None:
    plot = Plot()
    plot.set_data([PlotLine("a", "a", [0, 1, 2], [5, 5, 5])])
    shown(qtbot, plot)
    assert plot._view.top() < 5 < plot._view.bottom()
