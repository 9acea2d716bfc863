"""The live list of connection steps in the Add node sheet. Runs in the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.models.connection_steps import ConnectionStep, StepState, steps
from lepton_desktop.gui.theme.current import Tone
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.spinner import Spinner
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import NodeRow

LOOKS: dict[StepState, tuple[str, Tone]] = {
    StepState.WAITING: ("circle-dashed", "t3"),
    StepState.ACTIVE: ("circle-dot", "acc"),
    StepState.DONE: ("circle-check", "ok"),
    StepState.FAILED: ("circle-x", "err"),
    StepState.WARNING: ("triangle-alert", "warn"),
}


class StepLine(QWidget):
    """One step: icon or spinner, title, what was found or went wrong."""

    def __init__(self, step: ConnectionStep, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"step-{step.key}")
        self._icon = IconLabel("circle-dashed", "t3", 15)
        self._spinner = Spinner(15)
        self._title = Label(step.title, "small-medium", "t3")
        self._detail = Label("", "small", "t3", wrap=True)
        row = hbox(self._icon, self._spinner, self._title, None, gap=8)
        self._below = holder(hbox(23, (self._detail, 1), gap=0))
        self.setLayout(vbox(row, self._below, gap=2))
        self.show_step(step)

    def show_step(self, step: ConnectionStep) -> None:
        """Show where the step stands."""
        icon, tone = LOOKS[step.state]
        active = step.state is StepState.ACTIVE
        self._icon.set_icon(icon, tone)
        self._icon.setVisible(not active)
        self._spinner.setVisible(active)
        self._title.set_tone("t3" if step.state is StepState.WAITING else "t1")
        self._detail.set_text(step.detail)
        self._detail.set_tone(tone if step.state is StepState.FAILED else "t3")
        self._below.setVisible(bool(step.detail))
        self.setAccessibleName(f"{step.title}: {step.state.value}. {step.detail}")


class ConnectionView(Surface):
    """All five steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("inset", parent)
        self.setObjectName("connection-steps")
        self._lines = {step.key: StepLine(step) for step in steps(None)}
        self.setLayout(vbox(*self._lines.values(), gap=8, margins=(14, 12, 14, 12)))

    def show_row(self, row: NodeRow | None) -> None:
        """Show how far the node has come."""
        for step in steps(row):
            self._lines[step.key].show_step(step)
