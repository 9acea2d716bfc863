"""The Runs page itself: list, header, result, charts, drawer. Runs in the window."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import QT_TRANSLATE_NOOP, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import Page, PageContext
from lepton_desktop.gui.dialogs import lab_actions
from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.models.curves import CurveStore
from lepton_desktop.gui.models.run_list import CATEGORIES, RunListModel, count_categories
from lepton_desktop.gui.pages.runs.chart_card import ChartCard
from lepton_desktop.gui.pages.runs.drawer import LOGS, Drawer
from lepton_desktop.gui.pages.runs.header import RunHeader
from lepton_desktop.gui.pages.runs.multiples import Multiples
from lepton_desktop.gui.pages.runs.result_card import ResultCard
from lepton_desktop.gui.pages.runs.run_list import RunList
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.chips import Pill
from lepton_desktop.gui.widgets.fields import SearchField
from lepton_desktop.gui.widgets.labels import ElidedLabel
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.states import StatePanel
from lepton_desktop.gui.widgets.surfaces import Card, Rule
from lepton_desktop.wire.desk import RunRow

LIST_WIDTH, NARROW_LIST_WIDTH = 296, 232
NARROW_BELOW = 1100
DRAWER_HEIGHT = 228


class RunsPage(Page):
    """Every run of the lab, and one in full."""

    page_id: ClassVar[str] = "runs"
    title: ClassVar[str] = str(QT_TRANSLATE_NOOP("pages", "Runs"))
    icon: ClassVar[str] = "activity"
    group: ClassVar[str] = "train"

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        lab_actions.register(context)
        self._run_id = ""
        self._wanted = ""
        self._category = "all"
        self._thresholds: dict[str, float] | None = None
        self._model = RunListModel(self)
        self._curves = CurveStore(context.link, self)
        self._list = RunList(self._model)
        self._header = RunHeader(context)
        self._result = ResultCard()
        self._chart = ChartCard(self._curves)
        self._multiples = Multiples(self._curves, self._chart.step_plot)
        self._drawer = Drawer(context)
        self._panel = StatePanel(self._content())
        self._panel.show_loading(self.tr("Asking the engine"))
        self.setLayout(vbox((self._panel, 1), margins=(16, 14, 16, 14)))
        self._connect()

    # Building.

    def _content(self) -> QWidget:
        upper = holder(
            vbox(
                self._header,
                self._result,
                (self._chart, 1),
                self._multiples,
                gap=10,
            )
        )
        self._chart.setMinimumHeight(theme().px(150))
        self._drawer.setMinimumHeight(theme().px(120))
        split = QSplitter(Qt.Orientation.Vertical)
        split.setHandleWidth(theme().px(10))
        split.setChildrenCollapsible(False)
        split.addWidget(upper)
        split.addWidget(self._drawer)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setSizes([theme().px(560), theme().px(DRAWER_HEIGHT)])
        self._right = StatePanel(split)
        return holder(hbox(self._left(), (self._right, 1), gap=14))

    def _left(self) -> Card:
        card = Card(margins=(0, 12, 0, 0), gap=8)
        self._card = card
        card.setFixedWidth(theme().px(LIST_WIDTH))
        self._search = SearchField(self.tr("Filter runs"))
        self._search.setObjectName("runs-filter")
        self._pills = {key: Pill("", active=key == "all") for key in CATEGORIES}
        for key, pill in self._pills.items():
            pill.setObjectName(f"runs-{key}")
            pill.clicked.connect(lambda key=key: self._on_category(key))
        self._list_panel = StatePanel(self._list)
        self._shown = ElidedLabel("", "small", "t3")
        card.add(hbox((self._search, 1), margins=(12, 0, 12, 0)))
        card.add(hbox(*self._pills.values(), None, gap=5, margins=(12, 0, 12, 0)))
        card.add(self._list_panel, 1)
        card.add(Rule())
        foot = holder(hbox((self._shown, 1), margins=(14, 0, 14, 0)))
        foot.setFixedHeight(theme().px(36))
        card.add(foot)
        return card

    def _connect(self) -> None:
        self._search.searched.connect(lambda _: self._filter())
        self._list.current_changed.connect(self._on_current_changed)
        self._list.opened.connect(lambda: self._chart.step_plot.setFocus())
        self._list_panel.action_pressed.connect(lambda _: self._clear_filter())
        self._panel.action_pressed.connect(lambda _: self.context.actions.trigger("run.new"))
        self._model.charted_changed.connect(self._on_charted_changed)
        self._curves.changed.connect(self._on_curves_changed)
        self._chart.keys_changed.connect(self._want_curves)
        self._multiples.chosen.connect(self._chart.show_key)
        self._drawer.events_changed.connect(self._chart.show_events)
        self._header.log_wanted.connect(lambda: self._drawer.open_tab(LOGS))
        self.context.refresh.subscribe(self, self._on_refreshed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The list gives up width first."""
        super().resizeEvent(event)
        narrow = self.width() < theme().px(NARROW_BELOW)
        self._card.setFixedWidth(theme().px(NARROW_LIST_WIDTH if narrow else LIST_WIDTH))

    # The frame asks.

    def primary_action(self) -> str:
        """New run."""
        return "run.new"

    def open_key(self, key: str) -> None:
        """Select a run; one that is still on its way is selected when it arrives."""
        self._wanted = key
        self._select_wanted()

    def focus_filter(self) -> None:
        """The filter field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    # Changes.

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        if delta.runs_touched:
            self._model.apply(lab, delta)
            self._show_counts(lab)
            self._select_wanted()
        run = lab.runs.get(self._run_id)
        if run is not None and (self._run_id in delta.runs or delta.reset):
            self._show_run(run)
        elif run is not None and self._touches_nodes(run, delta):
            self._drawer.show_run(run, lab)
        if delta.second:
            self._drawer.tick()
        if self._thresholds is None:
            self._thresholds = {}
            self.context.link.call(
                "environments.list", {}, self._on_environments, self._on_no_environments
            )

    @staticmethod
    def _touches_nodes(run: RunRow, delta: Delta) -> bool:
        return any(name in delta.nodes for name in run.nodes)

    def _show_counts(self, lab: Lab) -> None:
        counts = count_categories(lab.runs)
        words = {
            "all": self.tr("All {count}"),
            "active": self.tr("Active {count}"),
            "failed": self.tr("Failed {count}"),
        }
        for key, pill in self._pills.items():
            pill.set_text(words[key].format(count=fmt.number(counts[key])))
        if lab.runs:
            self._panel.show_content()
        else:
            self._panel.show_empty(
                "activity",
                self.tr("No runs yet"),
                self.tr("Choose an environment, a reward function and nodes."),
                self.tr("New run"),
            )
        self._show_list_state()

    def _show_list_state(self) -> None:
        if self._model.rowCount() or not self._model.total:
            self._list_panel.show_content()
        else:
            self._list_panel.show_filtered_empty(self._search.text() or self._category)

    def _select_wanted(self) -> None:
        if self._wanted and self._model.run(self._wanted) is not None:
            if self._model.place_of(self._wanted) is None:
                self._clear_filter()
            self._list.select(self._wanted)
            self._wanted = ""
        elif self._run_id not in self.context.refresh.lab.runs and self._model.rowCount():
            self._list.setCurrentIndex(self._model.index(0))

    def _on_current_changed(self, run_id: str) -> None:
        self._run_id = run_id
        run = self._model.run(run_id)
        if run is not None:
            self._show_run(run)
            self.crumb_changed.emit(run.name)

    def _show_run(self, run: RunRow) -> None:
        self._header.show_run(run)
        thresholds = self._thresholds or {}
        self._result.show_run(run, thresholds.get(reading.environment(run)))
        self._chart.show_run(run, self._model.charted())
        self._multiples.draw(run)
        self._drawer.show_run(run, self.context.refresh.lab)
        self._want_curves()

    def _want_curves(self) -> None:
        run = self._model.run(self._run_id)
        if run is None:
            return
        keys = list(dict.fromkeys([*self._chart.keys(), *self._multiples.keys(run)]))
        others = [other for other in self._model.charted() if other.run_id != run.run_id]
        self._curves.keep_only([run.run_id, *(other.run_id for other in others)])
        if run.metric_count:
            self._curves.want(run, keys)
        for other in others:
            if other.metric_count:
                self._curves.want(other, self._chart.keys())

    def _on_curves_changed(self, run_id: str) -> None:
        run = self._model.run(self._run_id)
        if run is None or not self.isVisible():
            return
        self._chart.draw()
        if run_id == self._run_id:
            self._multiples.draw(run)

    def _on_charted_changed(self) -> None:
        count = len(self._model.charted())
        words = self.tr("{count} beside it on the chart").format(count=count)
        self._shown.set_text(words if count else "")
        run = self._model.run(self._run_id)
        if run is not None:
            self._chart.show_run(run, self._model.charted())
            self._want_curves()

    # Filtering.

    def _on_category(self, category: str) -> None:
        self._category = category
        for key, pill in self._pills.items():
            pill.set_active(key == category)
        self._filter()

    def _filter(self) -> None:
        self._model.set_filter(self._search.text(), self._category)
        self._show_list_state()

    def _clear_filter(self) -> None:
        self._search.clear()
        self._on_category("all")

    # What environments count as solved.

    def _on_environments(self, result: dict[str, Any]) -> None:
        self._thresholds = {
            str(item["id"]): float(item["reward_threshold"])
            for item in result["environments"]
            if item.get("reward_threshold") is not None
        }
        run = self._model.run(self._run_id)
        if run is not None:
            self._show_run(run)

    def _on_no_environments(self, _error: LeptonError) -> None:
        self._thresholds = None
