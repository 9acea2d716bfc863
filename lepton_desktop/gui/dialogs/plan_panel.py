"""The right side of the New run sheet: what will be executed, exactly. Runs in the window."""

from __future__ import annotations

import shlex

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QSizePolicy, QWidget

from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import clear, hbox, holder, vbox
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import Plan, PlanStep


def command_text(plan: Plan) -> str:
    """Every command with its environment, node by node, ready to paste."""
    return "\n\n".join(_step_text(step) for step in plan.steps)


def _step_text(step: PlanStep) -> str:
    last = step.first_rank + step.ranks - 1
    ranks = f"rank {last}" if step.ranks <= 1 else f"ranks {step.first_rank}–{last}"
    lines = [f"# {step.node}, {ranks}, {', '.join(dict.fromkeys(step.devices))}"]
    lines += [f"{key}={shlex.quote(value)} \\" for key, value in sorted(step.env.items())]
    return "\n".join([*lines, shlex.join(step.argv)])


class CommandWell(Surface):
    """Commands to read and copy; never markup."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__("well", parent)
        self._text = QPlainTextEdit()
        self._text.setObjectName(name)
        self._text.setAccessibleName(self.tr("Commands"))
        self._text.setReadOnly(True)
        self._text.setProperty("surface", "well")
        self._text.setFont(theme().font("mono-micro"))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self._text.setMinimumHeight(theme().px(130))
        self.setLayout(vbox((self._text, 1), margins=(6, 4, 6, 4)))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_text(self, text: str) -> None:
        """Show commands; an equal text keeps the scroll position."""
        if text != self._text.toPlainText():
            self._text.setPlainText(text)

    def copy(self) -> None:
        """To the clipboard."""
        QGuiApplication.clipboard().setText(self._text.toPlainText())


class _Figure(Surface):
    """One number of the summary."""

    def __init__(self, caption: str, parent: QWidget | None = None) -> None:
        super().__init__("inset", parent)
        self._value = Label("—", "title")
        self._detail = Label("", "micro", "t3")
        self.setLayout(
            vbox(
                Label(caption, "micro-medium", "t3"),
                self._value,
                self._detail,
                gap=1,
                margins=(11, 8, 8, 8),
            )
        )

    def show_figure(self, value: str, detail: str) -> None:
        self._value.set_text(value)
        self._detail.set_text(detail)


class PlanPanel(QWidget):
    """Summary, warnings and commands of a plan, or why there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plan-panel")
        self._ranks = _Figure(self.tr("World size"))
        self._steps = _Figure(self.tr("Steps"))
        self._warnings = vbox(gap=6)
        self._well = CommandWell("plan-commands")
        copy = Button("", "ghost", "copy", 24, self.tr("Copy the commands"))
        copy.clicked.connect(self._well.copy)
        figures = QGridLayout()
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setSpacing(theme().px(8))
        for column, figure in enumerate((self._ranks, self._steps)):
            figures.addWidget(figure, 0, column)
            figures.setColumnStretch(column, 1)
        head = hbox(
            Label(self.tr("Commands"), "section"),
            (Label(self.tr("what is executed on each node"), "small", "t3"), 1),
            copy,
            gap=8,
        )
        self.setLayout(
            vbox(
                Label(self.tr("Plan"), "question"),
                figures,
                holder(self._warnings),
                head,
                (self._well, 1),
                gap=10,
            )
        )

    def show_plan(self, plan: Plan, total_steps: str) -> None:
        """What will happen."""
        nodes = self.tr("on %n nodes, {backend}", "", len(plan.steps))
        if len(plan.steps) == 1:
            nodes = self.tr("on one node, {backend}")
        nodes = nodes.format(backend=plan.backend)
        where = ", ".join(step.node for step in plan.steps)
        self._ranks.show_figure(str(plan.world_size), nodes)
        self._ranks.setToolTip(where)
        self._steps.show_figure(total_steps, self.tr("over all ranks"))
        self._show_lines([("triangle-alert", "warn", plain(text)) for text in plan.warnings])
        self._well.set_text(command_text(plan))

    def show_problem(self, message: str, hint: str) -> None:
        """Why it cannot start."""
        self._ranks.show_figure("—", "")
        self._steps.show_figure("—", "")
        self._show_lines([("circle-x", "err", plain(f"{message} {hint}".strip()))])
        self._well.set_text("")

    def _show_lines(self, lines: list[tuple[str, str, str]]) -> None:
        clear(self._warnings)
        for icon, tone, text in lines:
            words = Label(text, "small", tone, wrap=True)
            words.setObjectName("plan-message")
            row = hbox(IconLabel(icon, tone, 14), (words, 1), gap=8)
            self._warnings.addWidget(holder(row))
