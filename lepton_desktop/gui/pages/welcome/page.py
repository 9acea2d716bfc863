"""The Welcome page itself, shown while there are no runs and no other node. Runs in the window."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import QT_TRANSLATE_NOOP, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import Page, PageContext
from lepton_desktop.gui.dialogs import lab_actions
from lepton_desktop.gui.models import run_form
from lepton_desktop.gui.pages.welcome.cards import ChoiceCard, ComputerCard
from lepton_desktop.gui.pages.welcome.demo import DemoProcess
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.shell.brand import Logo
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.scroll import Scroll
from lepton_desktop.specs import RewardSpec, load
from lepton_desktop.wire.convert import dump

WIDTH = 860
QUICK_REWARD = "cartpole-upright"
QUICK_ENVIRONMENT = "CartPole-v1"


class WelcomePage(Page):
    """Train here first, or connect machines; each choice can be undone."""

    page_id: ClassVar[str] = "welcome"
    title: ClassVar[str] = str(QT_TRANSLATE_NOOP("pages", "Welcome"))
    icon: ClassVar[str] = "layout-dashboard"
    group: ClassVar[str] = "cluster"

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        lab_actions.register(context)
        self._demo = DemoProcess(self)
        self._train = ChoiceCard(
            "monitor",
            self.tr("Start a training on this computer"),
            self.tr("CartPole with PPO and a shaped reward. Shows every step of the loop."),
            self.tr("Start training"),
            "1",
        )
        self._add = ChoiceCard(
            "server",
            self.tr("Add a node"),
            self.tr("Host and user are enough. Nothing is installed outside its own folder."),
            self.tr("Add node"),
            "2",
        )
        self._open_demo = ChoiceCard(
            "flask-conical",
            self.tr("Open the demo lab"),
            self.tr("Three SSH servers on this computer train together. Your own lab stays empty."),
            self.tr("Open demo"),
            "3",
        )
        self._computer = ComputerCard()
        self._engine_step = _Step(self.tr("Engine running"))
        self._node_step = _Step(self.tr("Add a node"))
        self._run_step = _Step(self.tr("Start a run"))
        scroll = Scroll(self._body())
        self.setLayout(vbox((scroll, 1)))
        self._connect()

    def _body(self) -> QWidget:
        center = Qt.AlignmentFlag.AlignHCenter
        title = Label(self.tr("Set up your lab"), "hero")
        words = Label(
            self.tr("Train here first or connect machines. Each choice can be undone."),
            "body",
            "t2",
        )
        steps = hbox(
            self._engine_step,
            IconLabel("chevron-right", "t4", 14),
            self._node_step,
            IconLabel("chevron-right", "t4", 14),
            self._run_step,
            gap=12,
        )
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(theme().px(12))
        for column, card in enumerate((self._train, self._add, self._open_demo)):
            grid.addWidget(card, 0, column)
            grid.setColumnStretch(column, 1)
        middle = holder(vbox(holder(grid), self._computer, gap=12))
        middle.setMaximumWidth(theme().px(WIDTH + 100))
        page = vbox(None, gap=8, margins=(24, 16, 24, 16))
        for widget in (Logo(56), title, words):
            page.addWidget(widget, 0, center)
        page.addSpacing(theme().px(6))
        page.addWidget(holder(steps), 0, center)
        page.addSpacing(theme().px(8))
        row = hbox(None, gap=0)
        row.addWidget(middle, 10)
        row.addStretch(1)
        page.addLayout(row)
        page.addSpacing(theme().px(6))
        page.addLayout(self._links())
        page.addStretch(1)
        return holder(page)

    def _links(self) -> QHBoxLayout:
        shortcuts = Button(self.tr("Keyboard shortcuts"), "link", "keyboard", 24)
        shortcuts.clicked.connect(lambda: self.context.actions.trigger("window.shortcuts"))
        about = Button(self.tr("About"), "link", "info", 24)
        about.clicked.connect(lambda: self.context.actions.trigger("window.about"))
        skip = Button(self.tr("Go to the overview"), "link", "arrow-right", 24)
        skip.setObjectName("welcome-skip")
        skip.clicked.connect(self._on_skip)
        return hbox(None, shortcuts, about, skip, None, gap=20)

    def _connect(self) -> None:
        self._train.chosen.connect(self._on_train)
        self._add.chosen.connect(lambda: self.context.actions.trigger("node.add"))
        self._open_demo.chosen.connect(self._on_demo)
        self._demo.progressed.connect(self._open_demo.show_progress)
        self._demo.ended.connect(self._on_demo_ended)
        for key, card in (("1", self._train), ("2", self._add), ("3", self._open_demo)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(card.press)
        self.context.link.status_changed.connect(self._show_engine)
        self.context.refresh.subscribe(self, self._on_refreshed)
        self._show_engine()

    def primary_action(self) -> str:
        """The first card is the primary; the top bar offers the full form."""
        return ""

    def secondary_action(self) -> str:
        """New run."""
        return "run.new"

    def on_shown(self) -> None:
        """Keys 1 to 3 need the focus on the page."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_engine(self) -> None:
        connected = self.context.link.connected
        self._engine_step.set_done(connected)
        reason = "" if connected else self.tr("The engine is not connected.")
        self._train.set_enabled(connected, reason)
        self._add.set_enabled(connected, reason)

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        row = lab.nodes.get(run_form.LOCAL_NODE)
        if delta.nodes_touched:
            self._computer.show_row(row)
            fit = row is not None and run_form.fitness(row).fit
            self._train.set_enabled(
                fit and self.context.link.connected,
                "" if row is None or fit else run_form.fitness(row).reason,
            )
        self._node_step.set_done(len(lab.nodes) > 1)
        self._run_step.set_done(bool(lab.runs))

    # Start training here.

    def _on_train(self) -> None:
        self._train.show_error("")
        self._train.set_enabled(False)
        self._train.show_progress(self.tr("Starting"))
        self.context.link.call("rewards.list", {}, self._on_rewards, self._on_train_error, self)

    def _on_rewards(self, result: dict[str, Any]) -> None:
        fitting = [item for item in result["rewards"] if item["environment"] == QUICK_ENVIRONMENT]
        fitting.sort(key=lambda item: item["name"] != QUICK_REWARD)
        reward = load(RewardSpec, fitting[0]["spec"]) if fitting else None
        spec = run_form.quick_start(reward, self.context.refresh.lab.runs.values())
        params = {"spec": dump(spec)}
        self.context.link.call("runs.start", params, self._on_started, self._on_train_error, self)

    def _on_started(self, result: dict[str, Any]) -> None:
        self._train.show_progress("")
        self._train.set_enabled(True)
        self.context.navigate("runs", str(result["run_id"]))

    def _on_train_error(self, error: LeptonError) -> None:
        self._train.show_progress("")
        self._train.set_enabled(True)
        self._train.show_error(str(error))

    # The demo.

    def _on_demo(self) -> None:
        self._open_demo.show_error("")
        self._open_demo.set_enabled(False, self.tr("The demo is open."))
        self._open_demo.show_progress(self.tr("Starting"), 0.0)
        self._demo.start()

    def _on_demo_ended(self, problem: str) -> None:
        self._open_demo.show_progress("")
        self._open_demo.set_enabled(True)
        self._open_demo.show_error(problem)

    def _on_skip(self) -> None:
        self.context.preferences.set(welcome_dismissed=True)
        self.context.navigate("overview", "")


class _Step(QWidget):
    """One word of the step line."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._icon = IconLabel("circle", "t3", 15)
        self._label = Label(text, "small-medium", "t3")
        self.setLayout(hbox(self._icon, self._label, gap=6))

    def set_done(self, done: bool) -> None:
        """Done or still to do."""
        self._icon.set_icon("circle-check" if done else "circle", "ok" if done else "t3")
        self._label.set_tone("t1" if done else "t3")
