"""The Environment tab: Pythons of a node, which is used, what the others lack. In the window."""

from __future__ import annotations

import shlex
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import Chip
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import clear, hbox, holder, vbox
from lepton_desktop.gui.widgets.scroll import Scroll
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import NodeRow
from lepton_desktop.wire.node import PythonEnvironment

PACKAGES = ("torch", "gymnasium", "numpy")


def mend_command(environment: PythonEnvironment) -> str:
    """What installs the packages that an environment lacks."""
    missing = [name for name in PACKAGES if getattr(environment, name) is None]
    return shlex.join([environment.path, "-m", "pip", "install", *missing]) if missing else ""


class EnvironmentTab(QWidget):
    """One box per interpreter."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("node-environment")
        self._context = context
        self._name = ""
        self._shown: tuple[object, ...] = ()
        self._problem = Label("", "small", "warn", wrap=True)
        self._problem_row = holder(
            hbox(IconLabel("triangle-alert", "warn", 15), (self._problem, 1), gap=8)
        )
        self._error = Label("", "small", "err", wrap=True)
        self._error.hide()
        self._boxes = vbox(gap=8)
        look = Button(self.tr("Look again"), "secondary", "refresh-cw", 28)
        look.setObjectName("environment-refresh")
        look.clicked.connect(self._on_look_again)
        scroll = Scroll(holder(vbox(self._boxes, None)))
        head = hbox((Label(self.tr("Python environments"), "section"), 1), look, gap=8)
        self.setLayout(vbox(head, self._problem_row, self._error, (scroll, 1), gap=8))

    def show_row(self, row: NodeRow) -> None:
        """Show a node; equal lists are not built again."""
        content = (row.name, row.python, row.python_problem, tuple(row.environments))
        if content == self._shown:
            return
        self._shown = content
        self._name = row.name
        self._error.hide()
        self._problem.set_text(plain(row.python_problem))
        self._problem_row.setVisible(bool(row.python_problem))
        clear(self._boxes)
        for environment in row.environments:
            self._boxes.addWidget(self._box(environment, row.python))
        if not row.environments:
            empty = Label(self.tr("No Python environment was reported yet."), "small", "t3")
            self._boxes.addWidget(empty)

    def _box(self, environment: PythonEnvironment, chosen: str) -> Surface:
        used = environment.path == chosen
        box = Surface("selected" if used else "inset")
        path = ElidedLabel(plain(environment.path), "mono", "t1", middle=True)
        chips = [Chip(plain(environment.source), "t2")]
        if used:
            chips.append(Chip(self.tr("Used for jobs"), "acc", "check"))
        chips.append(
            Chip(self.tr("Cannot train"), "warn", "triangle-alert")
            if environment.problem
            else Chip(self.tr("Ready"), "ok", "circle-check")
        )
        lines = vbox(
            hbox((path, 1), *chips, gap=6),
            Label(self._versions(environment), "small", "t2"),
            gap=5,
            margins=(12, 9, 12, 10),
        )
        if environment.problem:
            lines.addWidget(Label(plain(environment.problem), "small", "warn", wrap=True))
            self._add_mending(lines, environment)
        elif not used:
            use = Button(self.tr("Use for jobs"), "secondary", height=26)
            use.setObjectName("environment-use")
            use.clicked.connect(lambda: self._on_use(environment.path))
            lines.addLayout(hbox(use, None))
        box.setLayout(lines)
        return box

    def _add_mending(self, lines: Any, environment: PythonEnvironment) -> None:  # noqa: ANN401
        command = mend_command(environment)
        if not command:
            return
        copy = Button("", "ghost", "copy", 24, self.tr("Copy the command"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(command))
        text = ElidedLabel(plain(command), "mono-micro", "t2")
        lines.addLayout(hbox((text, 1), copy, gap=6))

    def _versions(self, environment: PythonEnvironment) -> str:
        parts = [f"Python {environment.version}"]
        parts += [
            f"{name} {getattr(environment, name)}"
            for name in PACKAGES
            if getattr(environment, name) is not None
        ]
        if environment.torch is not None:
            parts.append(f"CUDA {environment.cuda}" if environment.cuda else self.tr("CPU only"))
        return plain(" · ".join(parts))

    def _on_use(self, path: str) -> None:
        params = {"name": self._name, "changes": {"python": path}}
        self._context.link.call("nodes.edit", params, None, self._on_error, self)

    def _on_look_again(self) -> None:
        params = {"name": self._name, "refresh": True}
        self._context.link.call("nodes.environments", params, None, self._on_error, self)

    def _on_error(self, error: LeptonError) -> None:
        self._error.set_text(str(error))
        self._error.show()
