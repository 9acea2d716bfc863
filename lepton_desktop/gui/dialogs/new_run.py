"""The New run sheet: one form, the plan beside it, one button. Runs in the window.

The experienced user changes two fields and presses Ctrl+Enter. What the right side shows is what
the engine will execute; it is asked anew after every change, and a stale answer is dropped.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs.node_picker import NodePicker
from lepton_desktop.gui.dialogs.option_form import OptionForm
from lepton_desktop.gui.dialogs.plan_panel import PlanPanel
from lepton_desktop.gui.models import run_form
from lepton_desktop.gui.models.node_pick import NodePickModel
from lepton_desktop.gui.refresh import Delta, Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import KeyCap
from lepton_desktop.gui.widgets.choices import Combo
from lepton_desktop.gui.widgets.fields import FormField, TextField
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.sheet import Sheet
from lepton_desktop.gui.widgets.surfaces import Rule
from lepton_desktop.specs import OptionInfo, RewardSpec, RunSpec, load, options_of
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.desk import Plan, RewardRow

PLAN_DELAY_MS = 250
NUMBERS = ("processes_per_node", "total_steps", "seed", "evaluation_episodes")


class NewRunSheet(Sheet):
    """Makes a RunSpec and starts it."""

    def __init__(self, context: PageContext, prefill: RunSpec | None = None) -> None:
        origin = (
            QCoreApplication.translate("NewRunSheet", "from {name}").format(name=prefill.name)
            if prefill is not None
            else ""
        )
        title = QCoreApplication.translate("NewRunSheet", "New run")
        super().__init__(title, origin, width=1200)
        self.setObjectName("new-run")
        self._context = context
        self._prefill = prefill
        self._rewards: list[RewardRow] = []
        self._asked = 0
        self._plan: Plan | None = None
        self._named_by_hand = False
        self._environment = Combo(name=self.tr("Environment"))
        self._environment.setObjectName("new-run-environment")
        self._reward = Combo(name=self.tr("Reward function"))
        self._reward.setObjectName("new-run-reward")
        self._name = self._make_name()
        self._numbers = {info.name: self._make_number(info) for info in _number_options()}
        self._options = OptionForm(run_form.options())
        self._nodes = NodePickModel(self)
        self._plan_panel = PlanPanel()
        self._error = ElidedLabel("", "small", "err")
        self._error.setObjectName("new-run-error")
        self._note = ElidedLabel("", "small", "t3")
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(PLAN_DELAY_MS)
        self._delay.timeout.connect(self._ask_plan)
        self.content.addLayout(
            hbox((holder(self._left()), 7), Rule(vertical=True), (self._plan_panel, 4), gap=20), 1
        )
        self._add_buttons()
        self._connect()
        self._fill()

    # Building.

    def _make_name(self) -> FormField:
        field = FormField(self.tr("Name"), TextField(height=30), check=self._name_problem)
        field.field.setObjectName("new-run-name")
        return field

    def _make_number(self, info: OptionInfo) -> FormField:
        text = TextField(run_form.write_option(info.default), height=30)
        text.setObjectName(f"new-run-{info.name}")
        text.setToolTip(run_form.help_of(info))
        return FormField(
            self._caption(info), text, check=lambda value: _number_problem(info, value)
        )

    def _caption(self, info: OptionInfo) -> str:
        return {
            "processes_per_node": self.tr("Ranks on each node"),
            "total_steps": self.tr("Total steps"),
            "seed": self.tr("Seed"),
            "evaluation_episodes": self.tr("Evaluation episodes"),
        }[info.name]

    def _left(self) -> QVBoxLayout:
        environment = FormField(self.tr("Environment"), self._environment)
        reward = FormField(self.tr("Reward function"), self._reward)
        task = _row(environment, reward, self._name)
        numbers = _row(*self._numbers.values())
        return vbox(
            Label(self.tr("Task"), "question"),
            task,
            numbers,
            Rule(),
            hbox(
                Label(self.tr("Algorithm"), "question"),
                (Label(self.tr("PPO, proximal policy optimisation"), "small", "t3"), 1),
            ),
            self._options,
            Rule(),
            hbox(
                Label(self.tr("Nodes"), "question"),
                (Label(self.tr("Click or Space to choose"), "small", "t3"), 1),
            ),
            NodePicker(self._nodes),
            None,
            gap=10,
        )

    def _add_buttons(self) -> None:
        self.foot.insertWidget(0, self._error, 3)
        self.foot.addWidget(self._note)
        cancel = self.add_button(Button(self.tr("Cancel")))
        cancel.clicked.connect(self.close_sheet)
        self._start = self.add_button(Button(self.tr("Start run"), "primary", "play"))
        self._start.setObjectName("new-run-start")
        self._start.setEnabled(False)
        self._start.clicked.connect(self.submit)
        self.foot.addWidget(KeyCap("Ctrl ↵"))

    def _connect(self) -> None:
        self._environment.currentIndexChanged.connect(self._on_environment_changed)
        self._reward.currentIndexChanged.connect(self._plan_later)
        self._options.changed.connect(self._plan_later)
        self._nodes.chosen_changed.connect(self._plan_later)
        for field in (self._name, *self._numbers.values()):
            if isinstance(field.field, TextField):
                field.field.textChanged.connect(self._plan_later)
        if isinstance(self._name.field, TextField):
            self._name.field.textEdited.connect(self._on_name_edited)
        self._context.refresh.subscribe(self, self._on_refreshed)

    # Filling in.

    def _fill(self) -> None:
        link = self._context.link
        link.call("environments.list", {}, self._on_environments, self._on_error, self)
        link.call("rewards.list", {}, self._on_rewards, self._on_error, self)
        lab, spec = self._context.refresh.lab, self._prefill
        self._nodes.choose(list(spec.nodes) if spec is not None else [])
        self._nodes.apply(lab, Delta(reset=True, nodes=set(lab.nodes)))
        if not self._nodes.chosen():
            self._nodes.choose(self._first_fit())
        if spec is None:
            return
        self._options.set_values(spec.options)
        for name, field in self._numbers.items():
            _set_text(field, run_form.write_option(getattr(spec, name)))

    def _first_fit(self) -> list[str]:
        for place in range(self._nodes.rowCount()):
            if self._nodes.fitness_at(place).fit:
                return [self._nodes.row_at(place).name]
        return []

    def _on_environments(self, result: dict[str, Any]) -> None:
        wanted = self._prefill.environment if self._prefill is not None else "CartPole-v1"
        names = [str(item["id"]) for item in result["environments"]]
        if wanted not in names:
            names.insert(0, wanted)
        self._environment.clear()
        self._environment.addItems(names)
        self._environment.setCurrentText(wanted)

    def _on_rewards(self, result: dict[str, Any]) -> None:
        self._rewards = [build(RewardRow, item) for item in result["rewards"]]
        self._show_rewards()

    def _show_rewards(self) -> None:
        environment = self._environment.currentText()
        self._reward.clear()
        for row in self._rewards:
            if row.environment == environment:
                self._reward.addItem(f"{row.name}  {row.version[:6]}", row.spec)
        self._reward.addItem(self.tr("The environment's own reward"), None)
        prefilled = self._prefill.reward if self._prefill is not None else None
        if prefilled is not None and prefilled.environment == environment:
            place = self._reward.findText(prefilled.name, Qt.MatchFlag.MatchStartsWith)
            if place < 0:
                self._reward.insertItem(0, prefilled.name, dump(prefilled))
            self._reward.setCurrentIndex(max(place, 0))

    def _on_environment_changed(self) -> None:
        if not self._named_by_hand:
            runs = self._context.refresh.lab.runs.values()
            name = run_form.suggest_name(self._environment.currentText(), runs)
            _set_text(self._name, name)
        self._show_rewards()
        self._plan_later()

    def _on_name_edited(self, text: str) -> None:
        self._named_by_hand = bool(text)

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        self._nodes.apply(lab, delta)

    # The plan.

    def _name_problem(self, text: str) -> str:
        return run_form.check_name(text, self._context.refresh.lab.runs.values())

    def _spec(self) -> RunSpec:
        data = self._reward.currentData()
        numbers = {
            info.name: run_form.read_option(info, _text(self._numbers[info.name]))
            for info in _number_options()
        }
        return run_form.make_spec(
            run_form.RunForm(
                name=_text(self._name),
                environment=self._environment.currentText(),
                reward=load(RewardSpec, data) if isinstance(data, dict) else None,
                nodes=self._nodes.chosen(),
                ranks=numbers["processes_per_node"],
                total_steps=numbers["total_steps"],
                seed=numbers["seed"],
                evaluation_episodes=numbers["evaluation_episodes"],
                options=self._options.values(),
            )
        )

    def _plan_later(self) -> None:
        self._delay.start()

    def _ask_plan(self) -> None:
        self._asked += 1
        try:
            spec = self._ready_spec()
        except LeptonError as error:
            self._show_problem(error)
            return
        number = self._asked
        self._context.link.call(
            "runs.plan",
            {"spec": dump(spec)},
            lambda result: self._on_plan(number, spec, result),
            lambda error: self._on_plan_error(number, error),
            self,
        )

    def _ready_spec(self) -> RunSpec:
        if not self._environment.currentText():
            raise LeptonError(self.tr("The environments are not loaded yet."), code="spec")
        if not self._nodes.chosen():
            raise LeptonError(self.tr("No node is chosen."), self.tr("Choose at least one."))
        return self._spec()

    def _on_plan(self, number: int, spec: RunSpec, result: dict[str, Any]) -> None:
        if number != self._asked:
            return
        self._plan = build(Plan, result)
        self._plan_panel.show_plan(self._plan, fmt.count(spec.total_steps))
        self._start.setEnabled(True)
        self._start.setText(self._promise(self._plan))
        size = self._plan.world_size
        words = self.tr("1 rank") if size == 1 else self.tr("%n ranks", "", size)
        self._note.set_text(words)

    def _promise(self, plan: Plan) -> str:
        if len(plan.steps) == 1:
            return self.tr("Start on {node}").format(node=plan.steps[0].node)
        return self.tr("Start on %n nodes", "", len(plan.steps))

    def _on_plan_error(self, number: int, error: LeptonError) -> None:
        if number == self._asked:
            self._show_problem(error)

    def _show_problem(self, error: LeptonError) -> None:
        self._plan = None
        self._plan_panel.show_problem(error.message, error.hint)
        self._start.setEnabled(False)
        self._start.setText(self.tr("Start run"))
        self._note.set_text("")

    # Starting.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter starts."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.submit()
        else:
            super().keyPressEvent(event)

    def submit(self) -> None:
        """Check every field; jump to the first that is wrong, else start."""
        wrong = self._first_wrong()
        if wrong is not None:
            wrong.setFocus()
            return
        if self._plan is None:
            return
        self._start.setEnabled(False)
        self._error.set_text("")
        params = {"spec": dump(self._spec())}
        self._context.link.call("runs.start", params, self._on_started, self._on_error, self)

    def _first_wrong(self) -> QWidget | None:
        fields = [self._name, *self._numbers.values()]
        wrong = [field.field for field in fields if not field.validate()]
        in_options = self._options.validate()
        return wrong[0] if wrong else in_options

    def _on_started(self, result: dict[str, Any]) -> None:
        self.close_sheet()
        self._context.navigate("runs", str(result["run_id"]))

    def _on_error(self, error: LeptonError) -> None:
        self._start.setEnabled(self._plan is not None)
        self._error.set_text(str(error))


def _row(*fields: FormField) -> QHBoxLayout:
    """Fields side by side whose captions stay level when one shows an error."""
    row = hbox(gap=10)
    for field in fields:
        row.addWidget(field, 1, Qt.AlignmentFlag.AlignTop)
    return row


def _number_options() -> list[OptionInfo]:
    found = {info.name: info for info in options_of(RunSpec)}
    return [found[name] for name in NUMBERS]


def _number_problem(info: OptionInfo, text: str) -> str:
    try:
        run_form.read_option(info, text)
    except LeptonError as error:
        return str(error)
    return ""


def _text(field: FormField) -> str:
    return field.field.text() if isinstance(field.field, TextField) else ""


def _set_text(field: FormField, text: str) -> None:
    if isinstance(field.field, TextField):
        field.field.setText(text)


def open_new_run(context: PageContext, prefill: RunSpec | None = None) -> None:
    """Show the sheet, prefilled from another run or reward."""
    context.sheets.open(NewRunSheet(context, prefill))
