"""The status strip: nodes, SSH links, age of the data, history, long task, clock. In the window."""

from __future__ import annotations

import time

from PySide6.QtCore import QDateTime, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.engine_link import LinkStatus
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.theme.format import age, byte_size
from lepton_desktop.gui.widgets.labels import IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder
from lepton_desktop.gui.widgets.progress import InlineProgress
from lepton_desktop.wire.desk import LinkState

HEIGHT = 28
OLD_SECONDS = 15.0
"""An unchanged lab answers every ten seconds; older data than this is worth a warning."""


class _Item(QWidget):
    """An icon with a word."""

    def __init__(self, icon: str, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._icon_name = icon
        self._icon = IconLabel(icon, "t3", 13)
        self._text = Label("", "small", "t2")
        self.setLayout(hbox(self._icon, self._text, gap=6, margins=(0, 0, 12, 0)))
        self.hide()

    def show_text(self, text: str, icon_tone: Tone = "t3", tone: Tone = "t2") -> None:
        self._icon.set_icon(self._icon_name, icon_tone)
        self._text.set_text(text)
        self._text.set_tone(tone)
        self.setVisible(bool(text))


class StatusStrip(QWidget):
    """One line that is always true."""

    tasks_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status-strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(theme().px(HEIGHT))
        self._nodes = _Item("server", "status-nodes")
        self._links = _Item("key-round", "status-links")
        self._age = _Item("refresh-cw", "status-age")
        self._store = _Item("hard-drive", "status-store")
        self._task = InlineProgress()
        self._task.setObjectName("status-task")
        self._task.clicked.connect(self.tasks_wanted)
        self._task.hide()
        self._more = Label("", "small", "t3")
        self._clock = _Item("clock", "status-clock")
        left = holder(hbox(self._nodes, self._links, self._age, self._store, None, gap=6))
        left.setMinimumWidth(theme().px(40))
        row = hbox((left, 1), self._task, self._more, self._clock, gap=8, margins=(16, 0, 4, 0))
        self.setLayout(row)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._show_clock)
        self._timer.start()
        self._show_clock()

    def show_lab(self, lab: Lab) -> None:
        """Counts of the newest picture."""
        total = len(lab.nodes)
        up = [row for row in lab.nodes.values() if row.state is LinkState.UP]
        if not lab.heard:
            self._nodes.show_text("")
        elif not total:
            self._nodes.show_text(self.tr("No nodes yet"))
        else:
            text = self.tr("{up} of {total} nodes reporting").format(up=len(up), total=total)
            self._nodes.show_text(text, "ok" if up else "t3")
        sessions = sum(1 for row in up if row.address != "this computer")
        self._links.show_text(
            self.tr("{count} SSH links").format(count=sessions) if sessions else ""
        )
        size = lab.engine.store_bytes if lab.engine is not None else 0
        self._store.show_text(
            self.tr("History {size}").format(size=byte_size(size)) if size else ""
        )
        self._show_tasks(lab)

    def show_age(self, status: LinkStatus) -> None:
        """How old the data is."""
        if status.data_at is None:
            self._age.show_text("")
            return
        old = time.time() - status.data_at > OLD_SECONDS
        text = self.tr("Last answer {age}").format(age=age(status.data_at))
        self._age.show_text(text, "warn" if old else "t3", "warn" if old else "t2")

    def _show_tasks(self, lab: Lab) -> None:
        tasks = list(lab.tasks.values())
        self._task.setVisible(bool(tasks))
        self._more.setVisible(len(tasks) > 1)
        if tasks:
            task = tasks[-1]
            words = f"{task.title}: {task.step}" if task.step else task.title
            self._task.set_state(words, task.fraction)
            self._more.set_text(self.tr("+{count}").format(count=len(tasks) - 1))

    def _show_clock(self) -> None:
        now = QDateTime.currentDateTime()
        self._clock.show_text(f"{now.toString('HH:mm:ss')} {now.timeZoneAbbreviation()}")
        self._clock.setToolTip(now.toString(Qt.DateFormat.ISODate))
