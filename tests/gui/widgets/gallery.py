"""Every building block on one page, to be looked at and to be compared by tests."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtWidgets import QLabel, QLayout, QWidget

from lepton_desktop.gui.widgets import cells
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import Chip, ChipLook, KeyCap, Pill
from lepton_desktop.gui.widgets.choices import Checkbox, Combo, Segment, SegmentedControl, Switch
from lepton_desktop.gui.widgets.fields import FormField, SearchField, TextField
from lepton_desktop.gui.widgets.fleet import FleetGrid
from lepton_desktop.gui.widgets.fleet_layout import FleetGroup, FleetNode
from lepton_desktop.gui.widgets.fleet_legend import FleetLegend
from lepton_desktop.gui.widgets.layouts import Item, hbox, holder, vbox
from lepton_desktop.gui.widgets.marks import Bar, CoreStrip
from lepton_desktop.gui.widgets.plot import Plot
from lepton_desktop.gui.widgets.plot_legend import LegendEntry, PlotLegend
from lepton_desktop.gui.widgets.plot_values import PlotBand, PlotEvent, PlotLimit, PlotLine
from lepton_desktop.gui.widgets.progress import Progress
from lepton_desktop.gui.widgets.states import Banner, StatePanel
from lepton_desktop.gui.widgets.surfaces import Card, Surface
from lepton_desktop.gui.widgets.table import Column, DataTable
from lepton_desktop.gui.widgets.tiles import StatTile

TITLES = ("Node", "CPU", "Memory", "GPUs", "Max temp", "Environment")
PAGE = (16, 14, 16, 14)
NOW = 1_760_000_000.0


class SampleModel(QAbstractTableModel):
    """Four nodes: normal, cool, hot, down."""

    def __init__(self, rows: int = 4) -> None:
        super().__init__()
        self._rows = [sample_row(number) for number in range(rows)]

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        shown = orientation is Qt.Orientation.Horizontal and role == 0
        return TITLES[section] if shown else None

    def data(self, index: QModelIndex, role: int = 0) -> object:
        from lepton_desktop.gui.widgets.delegate import CELL_ROLE

        return self._rows[index.row()][index.column()] if role == CELL_ROLE else None


def sample_row(number: int) -> list[cells.Cell | None]:
    name = f"gpu-a-{number + 1:02d}"
    if number % 4 == 3:
        return [
            cells.NameCell(name, "Unreachable, 4 min", "circle-x", "err"),
            cells.DeadCell("No data since 10:38"),
            cells.BlankCell(),
            cells.BlankCell(),
            None,
            cells.ChipCell((ChipLook("Unknown", "t3", "circle-dashed"),)),
        ]
    rng = random.Random(number)
    curve = [0.5 + 0.3 * math.sin(step / 4 + number) for step in range(30)]
    hot = number % 4 == 2
    return [
        cells.NameCell(name, "8 × A100 80G", "circle-check", "ok"),
        cells.SparkCell(curve, f"{curve[-1] * 100:.0f} %"),
        cells.BarCell(0.62, "62 %", "cpu"),
        cells.GpuCell([rng.random() for _ in range(8)], "78 %"),
        cells.TextCell("87 °C" if hot else "77 °C", "warn" if hot else "t2"),
        cells.ChipCell((ChipLook("Ready", "ok", "circle-check"),)),
    ]


def fleet(
    groups: Sequence[tuple[str, str, int, int]] = (
        ("gpu-a", "8 × A100 80G", 8, 8),
        ("gpu-b", "4 × RTX 6000", 8, 4),
        ("cpu", "64-core EPYC", 4, 0),
    ),
    seed: int = 1,
) -> list[FleetGroup]:
    """Groups with a few nodes in every state."""
    rng = random.Random(seed)
    states = {2: "draining", 5: "down", 6: "stale", 7: "connecting"}
    return [
        FleetGroup(
            name,
            meta,
            [
                FleetNode(
                    f"{name}-{number + 1:03d}",
                    states.get(number, "up"),
                    tuple(min(1.0, rng.random() * 1.2) for _ in range(gpus)),
                    rng.random(),
                )
                for number in range(count)
            ],
        )
        for name, meta, count, gpus in groups
    ]


def curve_plot() -> Plot:
    plot = Plot("Episode return")
    x = [step * 2e5 for step in range(180)]
    mean = [1250 / (1 + math.exp(-(value / 3.6e7 - 0.3) * 11)) for value in x]
    rng = random.Random(3)
    seeds = [
        PlotLine(
            f"seed {number}", "", x, [y + rng.gauss(0, 25) for y in mean], width=1, opacity=0.28,
            in_readout=False,
        )
        for number in range(4)
    ]  # fmt: skip
    base = [y * 0.82 for y in mean]
    plot.set_data(
        [
            *seeds,
            PlotLine("r40", "quad-gait-r40", x, base, "series:7", 1.6, dashed=True),
            PlotLine("r41", "quad-gait-r41", x, mean, width=2, error=[87.0] * len(x)),
        ],
        [PlotBand("r41", x, [y - 87 for y in mean], [y + 87 for y in mean])],
    )
    plot.set_events([PlotEvent(9e6, "ckpt 25"), PlotEvent(2.1e7, "15 of 16 workers", "warn")])
    return plot


def gap_plot() -> Plot:
    plot = Plot("Temperature", time_axis=True)
    plot.unit = "°C"
    y = [62 + 12 * math.sin(step / 40) for step in range(240)]
    for place in range(150, 176):
        y[place] = math.nan
    plot.set_data([PlotLine("a", "GPU 0", [NOW + 15 * step for step in range(240)], y)])
    plot.set_limit(PlotLimit(85, "limit 85 °C"))
    return plot


def _buttons() -> Card:
    card = Card("Buttons and inputs", gap=8)
    disabled = Button("Disabled")
    disabled.setEnabled(False)
    invalid = FormField("Workers", TextField("256"), check=lambda _: "Only 196 GPUs exist.")
    invalid.validate()
    card.add(
        hbox(
            Button("Start run", "primary", "play"),
            Button("Add node", "secondary", "plus"),
            Button("View log", "ghost"),
            Button("Open", "link"),
            None,
        )
    )
    card.add(
        hbox(
            Button("Stop run", "danger", "square"),
            Button("Stop run", "danger-filled"),
            disabled,
            Button("", "secondary", "ellipsis", 28, "More"),
            None,
        )
    )
    card.add(hbox((SearchField("Filter nodes"), 1), (TextField("gpu-a-07", height=30), 1)))
    card.add(invalid)
    card.add(
        hbox(
            Checkbox("Checked", checked=True),
            Checkbox("Unchecked"),
            Switch(checked=True, name="On"),
            Switch(name="Off"),
            SegmentedControl([Segment("step", "Step"), Segment("time", "Time")]),
            None,
        )
    )
    return card


def _chips() -> Card:
    card = Card("Chips, pills, keys", gap=9)
    card.add(
        hbox(
            Chip("Ready", "ok", "circle-check"),
            Chip("Draining", "warn", "hand"),
            Chip("Failed", "err", "circle-x"),
            Chip("Running", "info", "circle-play"),
            Chip("Queued", "t3", "circle-dashed"),
            None,
            gap=6,
        )
    )
    card.add(
        hbox(
            Pill("tag:robotics", active=True, removable=True),
            Pill("Failed 2"),
            Pill("Tag", icon="plus"),
            KeyCap("Ctrl K"),
            None,
            gap=6,
        )
    )
    card.add(hbox(Combo(["Episode return", "Length"]), Bar([(0.91, "warn")]), gap=12))
    strip = CoreStrip(height=28)
    strip.set_loads([abs(math.sin(core / 5)) for core in range(128)])
    card.add(strip)
    return card


def _states() -> Card:
    card = Card("Panel states")
    panels: list[Item] = []
    for number in range(4):
        panel = StatePanel(QLabel())
        well = Surface("well")
        well.setLayout(vbox((panel, 1), margins=(8, 8, 8, 8)))
        panels.append((well, 1))
        if number == 0:
            panel.show_loading("Loading 24 h")
            panel._on_delay_over()
        elif number == 1:
            panel.show_empty("inbox", "No runs yet", "Start one from a reward version.", "New run")
        elif number == 2:
            panel.show_error("Lost the engine", "Showing data from 10:38.")
        else:
            panel.show_filtered_empty("tag:robtics")
    card.add(hbox(*panels), 1)
    return card


def _long_work() -> Card:
    card = Card("Long work")
    banner = Banner()
    banner.show_banner("Showing data from 10:38", "The engine does not answer.", button="Retry now")
    work = Progress("Provision gpu-a-11", cancellable=True)
    work.set_state("Step 3 of 5, install torch 2.9 (412 of 812 MB)", 0.62, 100)
    card.add(banner)
    card.add(work)
    card.body.addStretch(1)
    return card


def _tiles() -> list[Item]:
    nodes = StatTile("Nodes up", "server")
    nodes.set_value("44", "/ 48")
    nodes.set_context(("1 down", "err"), ("2 draining", "warn"), ("1 new", "t2"))
    nodes.set_segments([(0.92, "ok"), (0.045, "warn"), (0.03, "err")])
    busy = StatTile("GPUs busy", "gpu")
    busy.set_value("140", "/ 196")
    busy.set_context(("56 free", "t1"), ("71 % in use", "t2"))
    busy.set_spark([math.sin(step / 5) + step / 20 for step in range(40)])
    power = StatTile("Power draw", "zap")
    power.set_value("61.4", "kW")
    power.set_context(("67 % of 92 kW cap", "t2"))
    power.set_spark([math.cos(step / 4) for step in range(40)], "series:1")
    stale = StatTile("Jobs running", "activity")
    stale.set_value("7", "running")
    stale.set_context(("3 queued", "t1"))
    stale.set_stale(True)
    return [(nodes, 1), (busy, 1), (power, 1), (stale, 1)]


def controls() -> QWidget:
    """What is pressed, typed into and read."""
    left = vbox(_buttons(), (_chips(), 1), gap=12)
    right = vbox((_states(), 1), (_long_work(), 1), gap=12)
    body = hbox((left, 1), (right, 1), gap=12)
    return _page("Controls", vbox(hbox(*_tiles(), gap=12), (body, 1), gap=12, margins=PAGE))


def data() -> QWidget:
    """What shows data: fleet, table, plots."""
    table_card = Card("Table", margins=(4, 10, 4, 4), gap=4)
    table_card.add(sample_table(), 1)
    fleet_card = Card("Fleet", "20 nodes · 96 GPU")
    grid = FleetGrid()
    grid.set_fleet(fleet())
    legend = FleetLegend()
    legend.set_metric("GPU utilisation", "0", "100 %")
    fleet_card.add(grid, 1)
    fleet_card.add(legend)
    plot_card = Card("Episode return")
    plot_card.add_to_header(
        PlotLegend(
            [
                LegendEntry("r41", "quad-gait-r41", "series:0"),
                LegendEntry("r40", "quad-gait-r40", "series:7", dashed=True),
            ]
        )
    )
    plot_card.add(curve_plot(), 1)
    gap_card = Card("Limit and gap")
    gap_card.add(gap_plot(), 1)
    left = vbox((fleet_card, 3), (table_card, 2), gap=12)
    right = vbox((plot_card, 3), (gap_card, 2), gap=12)
    return _page("Data", hbox((left, 6), (right, 5), gap=12, margins=PAGE))


def sample_table() -> DataTable:
    """Four rows, sorted by name, the third one selected."""
    model = SampleModel()
    table = DataTable(
        model,
        [
            Column(130),
            Column(100),
            Column(96),
            Column(176, stretch=True),
            Column(80, right=True),
            Column(110),
        ],
        name="Nodes",
    )
    model.setParent(table)
    table.make_sortable(0)
    table.select_row(2)
    return table


def _page(name: str, layout: QLayout) -> QWidget:
    page = holder(layout, "root")
    page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    page.setAccessibleName(name)
    return page


PAGES = {"controls": controls, "data": data}
