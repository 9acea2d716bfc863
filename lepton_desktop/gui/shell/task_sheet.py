"""The list of long tasks that the engine works on. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.refresh import Delta, Lab, Refresh
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.progress import Progress
from lepton_desktop.gui.widgets.sheet import Sheet


class TaskSheet(Sheet):
    """One progress box a task; they come and go while the sheet is open."""

    def __init__(self, refresh: Refresh, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("TaskSheet", "Tasks"), width=480, parent=parent)
        self.setObjectName("task-sheet")
        self._boxes: dict[str, Progress] = {}
        self._nothing = Label(self.tr("Nothing is under way."), "body", "t3")
        self.content.addWidget(self._nothing)
        self.content.addStretch(1)
        self._show(refresh.lab)
        refresh.subscribe(self, self._on_refreshed)

    def _on_refreshed(self, lab: Lab, delta: Delta) -> None:
        if delta.tasks:
            self._show(lab)

    def _show(self, lab: Lab) -> None:
        for task_id in [task_id for task_id in self._boxes if task_id not in lab.tasks]:
            box = self._boxes.pop(task_id)
            box.hide()
            box.deleteLater()
        for task_id, task in lab.tasks.items():
            if task_id not in self._boxes:
                self._boxes[task_id] = Progress(task.title)
                self.content.insertWidget(self.content.count() - 1, self._boxes[task_id])
            self._boxes[task_id].set_state(task.step, task.fraction)
        self._nothing.setVisible(not self._boxes)
