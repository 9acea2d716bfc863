"""The head of a run: name, state, progress, what can be done. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs import run_actions
from lepton_desktop.gui.dialogs.new_run import open_new_run
from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.models.run_words import placement_line, state_look, steps_line
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import Chip, ChipLook
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.marks import Bar
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.specs import RunSpec, load
from lepton_desktop.wire.desk import RunRow
from lepton_desktop.wire.node import State

STOPPABLE = frozenset({State.PENDING, State.STARTING, State.RUNNING, State.UNKNOWN})


class RunHeader(QWidget):
    """Stop apart in danger outline; Stopping is shown at once."""

    log_wanted = Signal()

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._run: RunRow | None = None
        self._stopping: set[str] = set()
        self._name = ElidedLabel("", "object")
        self._name.setObjectName("run-name")
        self._state = Chip("", "info")
        self._state.setObjectName("run-state")
        self._reward = Chip("", "t2")
        self._rerun = Button(self.tr("Rerun"), "secondary", "rotate-cw", 30)
        self._rerun.setObjectName("run-rerun")
        self._rerun.clicked.connect(self._on_rerun)
        self._stop = Button(self.tr("Stop"), "danger", "square", 30)
        self._stop.setObjectName("run-stop")
        self._stop.clicked.connect(self._on_stop)
        self._more = Button("", "secondary", "ellipsis", 30, self.tr("More actions"))
        self._more.setObjectName("run-more")
        self._more.clicked.connect(self._on_more)
        self._bar = Bar(height=6, width=170)
        self._steps = Label("", "small-medium")
        self._left = Label("", "small", "t3")
        self._line = ElidedLabel("", "small", "t3")
        self._trouble = self._make_trouble()
        head = hbox(
            self._name,
            self._state,
            self._reward,
            None,
            self._rerun,
            8,
            self._stop,
            self._more,
            gap=8,
        )
        second = hbox(self._bar, self._steps, self._left, (self._line, 1), gap=12)
        self.setLayout(vbox(head, second, self._trouble, gap=8))

    def _make_trouble(self) -> Surface:
        box = Surface("inset")
        box.setObjectName("run-trouble")
        self._reason = Label("", "small-medium", "t1", wrap=True)
        self._reason.setObjectName("run-reason")
        self._hint = Label("", "small", "t2", wrap=True)
        log = Button(self.tr("Show log"), "secondary", height=28)
        log.clicked.connect(self.log_wanted)
        self._icon = IconLabel("circle-x", "err", 16)
        words = vbox(self._reason, self._hint, gap=2)
        box.setLayout(hbox(self._icon, (words, 1), log, gap=10, margins=(12, 8, 12, 8)))
        box.hide()
        return box

    def show_run(self, run: RunRow) -> None:
        """Show a run; called again whenever it changed."""
        self._run = run
        if run.state not in STOPPABLE:
            self._stopping.discard(run.run_id)
        waiting = run.run_id in self._stopping
        look = state_look(State.STOPPING if waiting else run.state, run.phase)
        self._name.set_text(run.name)
        self._state.set_look(look)
        reward = reading.reward_name(run)
        self._reward.set_look(ChipLook(reward or self.tr("own reward"), "t2", "target"))
        share = reading.progress(run)
        tone = "acc" if reading.is_active(run) else "ok" if run.state is State.SUCCEEDED else "t3"
        self._bar.set_share(share or 0.0, tone)
        self._steps.set_text(steps_line(run))
        self._left.set_text(self._time_text(run))
        self._line.set_text(placement_line(run))
        self._stop.setVisible(run.state in STOPPABLE or run.state is State.STOPPING)
        self._stop.setEnabled(run.state in STOPPABLE and not waiting)
        self._stop.setText(self.tr("Stop") if self._stop.isEnabled() else self.tr("Stopping…"))
        self._show_trouble(run)

    def _time_text(self, run: RunRow) -> str:
        if reading.is_active(run):
            if run.seconds_left is None:
                return ""
            return self.tr("{time} left").format(time=fmt.duration(run.seconds_left))
        if run.ended is not None and run.started is not None:
            return self.tr("took {time}").format(time=fmt.duration(run.ended - run.started))
        return ""

    def _show_trouble(self, run: RunRow) -> None:
        shown = run.state in (State.FAILED, State.UNKNOWN) and bool(run.reason)
        self._trouble.setVisible(shown)
        failed = run.state is State.FAILED
        self._icon.set_icon("circle-x" if failed else "triangle-alert", "err" if failed else "warn")
        self._reason.set_text(plain(run.reason))
        self._hint.set_text(plain(run.hint))
        self._hint.setVisible(bool(run.hint))

    def _on_stop(self) -> None:
        run = self._run
        if run is not None:
            run_actions.stop(
                self._context,
                run,
                lambda: self._expect_stop(run.run_id),
                lambda: self._stop_refused(run.run_id),
            )

    def _expect_stop(self, run_id: str) -> None:
        self._stopping.add(run_id)
        if self._run is not None:
            self.show_run(self._run)

    def _stop_refused(self, run_id: str) -> None:
        self._stopping.discard(run_id)
        if self._run is not None:
            self.show_run(self._run)

    def _on_rerun(self) -> None:
        if self._run is not None:
            run_actions.rerun(self._context, self._run)

    def _on_more(self) -> None:
        run = self._run
        if run is None:
            return
        menu = QMenu(self)
        again = menu.addAction(self.tr("New run from this…"))
        again.triggered.connect(lambda: open_new_run(self._context, load(RunSpec, run.spec)))
        remove = menu.addAction(self.tr("Remove…"))
        remove.setEnabled(run.state.is_final)
        remove.triggered.connect(lambda: run_actions.remove(self._context, run))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))
