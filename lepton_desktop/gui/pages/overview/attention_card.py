"""What waits for the operator, each with the one action that helps; recent activity below.

Runs in the window.
"""

from __future__ import annotations

import time

from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.context import PageContext
from lepton_desktop.gui.dialogs import node_actions
from lepton_desktop.gui.models.event_list import LOOKS, Event, event_from_activity
from lepton_desktop.gui.models.overview import Attention
from lepton_desktop.gui.models.plain_text import seconds_until
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import clear, hbox, holder, vbox
from lepton_desktop.gui.widgets.scroll import Scroll
from lepton_desktop.gui.widgets.surfaces import Card, Rule

MOST_ITEMS = 12
MOST_EVENTS = 8


class AttentionRow(QWidget):
    """Icon, title, why, one button."""

    def __init__(self, context: PageContext, item: Attention) -> None:
        super().__init__()
        self.setObjectName(f"attention-{item.key}")
        self._item = item
        self._context = context
        tone = "err" if item.level == "error" else "warn"
        icon = "circle-x" if item.level == "error" else "triangle-alert"
        self._detail = ElidedLabel("", "small", "t3")
        words = vbox(ElidedLabel(item.title, "strong"), self._detail, gap=1)
        self._button = Button(self._label(), "secondary", height=26)
        self._button.setObjectName(f"attention-act-{item.key}")
        self._button.clicked.connect(self._on_clicked)
        self.setLayout(hbox(IconLabel(icon, tone, 16), (words, 1), self._button, gap=10))
        self.setFixedHeight(theme().px(46))
        self.tick(item)

    def tick(self, item: Attention) -> None:
        """The countdown moves."""
        self._item = item
        seconds = seconds_until(item.retry_at, time.time())
        detail = item.detail
        if seconds is not None:
            detail = f"{detail} {self.tr('Next try in {seconds} s.').format(seconds=seconds)}"
        elif item.since is not None:
            detail = f"{detail} · {fmt.age(item.since)}"
        self._detail.set_text(detail.strip())
        self.setAccessibleName(f"{item.title}. {detail}")

    def _label(self) -> str:
        row = self._context.refresh.lab.nodes.get(self._item.key)
        if self._item.action == "open" or row is None:
            return self.tr("Open")
        return node_actions.mend_label(row)

    def _on_clicked(self) -> None:
        row = self._context.refresh.lab.nodes.get(self._item.key)
        if self._item.kind == "run":
            self._context.navigate("runs", self._item.key)
        elif self._item.action == "open" or row is None:
            self._context.navigate("nodes", self._item.key)
        else:
            node_actions.mend(self._context, row)


class AttentionCard(Card):
    """The list; equal lists are not built again."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(" ", parent=parent)
        self.title.set_text(self.tr("Attention"))
        self.setAccessibleName(self.tr("Attention"))
        self._context = context
        self._shown: list[tuple[object, ...]] = []
        self._rows: list[AttentionRow] = []
        self._events: list[Event] = []
        self._items = vbox(gap=0)
        self._activity = vbox(gap=0)
        self._calm = holder(
            hbox(
                IconLabel("circle-check", "ok", 16),
                (Label(self.tr("Nothing waits for you."), "body", "t2"), 1),
                gap=10,
                margins=(0, 4, 0, 8),
            )
        )
        self._more = Label("", "small", "t3")
        recent = Label(self.tr("Recent activity"), "small-medium", "t3")
        column = vbox(
            self._calm, self._items, self._more, 6, recent, 4, self._activity, None, gap=0
        )
        self.add(Scroll(holder(column)), 1)

    def show_lab(self, lab: Lab, items: list[Attention]) -> None:
        """Show what needs a hand; countdowns move in place."""
        shown = items[:MOST_ITEMS]
        keys = [(item.kind, item.key, item.action, item.level) for item in shown]
        if keys != self._shown:
            self._shown = list(keys)
            self._build(shown)
        for row, item in zip(self._rows, shown, strict=True):
            row.tick(item)
        self._calm.setVisible(not items)
        rest = len(items) - len(shown)
        self._more.setVisible(rest > 0)
        self._more.set_text(self.tr("and {count} more").format(count=rest))
        self.subtitle.set_text(fmt.number(len(items)) if items else "")
        self._show_activity(lab)

    def _build(self, items: list[Attention]) -> None:
        clear(self._items)
        self._rows = [AttentionRow(self._context, item) for item in items]
        for row in self._rows:
            self._items.addWidget(row)
            self._items.addWidget(Rule())

    def _show_activity(self, lab: Lab) -> None:
        newest = sorted(lab.activity.values(), key=lambda row: -row.time)[:MOST_EVENTS]
        events = [event_from_activity(row) for row in newest]
        if events == self._events:
            return
        self._events = events
        clear(self._activity)
        for event in events:
            self._activity.addWidget(_event_row(event))
        if not events:
            self._activity.addWidget(Label(self.tr("Nothing yet."), "small", "t3"))


def _event_row(event: Event) -> QWidget:
    icon, tone = LOOKS[event.level]
    text = ElidedLabel(event.text, "small", "t1")
    if event.detail:
        text.setToolTip(event.detail)
    when = Label(fmt.clock(event.time), "small", "t3")
    box = holder(hbox(IconLabel(icon, tone, 14), (text, 1), when, gap=10))
    box.setFixedHeight(theme().px(28))
    return box
