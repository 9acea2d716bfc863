"""The navigation rail: pages in groups, open or collapsed to icons. Runs in the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from lepton_desktop import PRODUCT_NAME
from lepton_desktop.gui.context import PageEntry
from lepton_desktop.gui.shell.brand import Logo
from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.focus import paint_focus_ring
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, set_margins, vbox
from lepton_desktop.gui.widgets.surfaces import Rule

OPEN_WIDTH, COLLAPSED_WIDTH = 208, 60
GROUPS = ("cluster", "train", "system")


class NavItem(QAbstractButton):
    """A page in the rail, with a count or a warning at its right."""

    def __init__(self, text: str, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self._icon = icon
        self._badge = ""
        self._badge_tone: Tone = "t2"
        self.collapsed = False
        self.setCheckable(True)
        self.setFixedHeight(theme().px(34))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme().changed.connect(self.update)

    def set_badge(self, text: str, tone: Tone = "t2") -> None:
        """A count; in the error tone it shows as a dot when collapsed."""
        if (text, tone) != (self._badge, self._badge_tone):
            self._badge, self._badge_tone = text, tone
            self.setAccessibleDescription(text)
            self.update()

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self._icon = icon
        self.update()

    def sizeHint(self) -> QSize:
        """The rail decides the width."""
        return QSize(theme().px(COLLAPSED_WIDTH), theme().px(34))

    def enterEvent(self, event: QEnterEvent) -> None:
        """Tint it."""
        super().enterEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, icon, word and badge."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(px(8), 1, -px(8), -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked():
            painter.setBrush(theme().color("acc", 0.15))
            painter.drawRoundedRect(box, px(6), px(6))
            painter.setBrush(theme().color("acc"))
            mark = QRectF(0, box.top() + px(6), px(3), box.height() - px(12))
            painter.drawRoundedRect(mark, 1.5, 1.5)
        elif self.underMouse():
            painter.setBrush(theme().color("hover", 0.7))
            painter.drawRoundedRect(box, px(6), px(6))
        indent = (box.width() - px(18)) / 2 if self.collapsed else px(12)
        corner = QPointF(round(box.left() + indent), round(box.center().y() - px(9)))
        tone = "acc" if self.isChecked() else "t2"
        painter.drawPixmap(corner, theme().pixmap(self._icon, tone, 18))
        if self.collapsed:
            self._paint_dot(painter, corner)
        else:
            self._paint_word(painter, box)
            self._paint_badge(painter, box)
        if self.hasFocus():
            paint_focus_ring(painter, box, px(6))

    def _paint_word(self, painter: QPainter, box: QRectF) -> None:
        chosen = self.isChecked()
        painter.setFont(theme().font("section" if chosen else "nav"))
        painter.setPen(theme().color("t1" if chosen else "t2"))
        word = box.adjusted(theme().px(42), 0, -theme().px(18), 0)
        painter.drawText(word, Qt.AlignmentFlag.AlignVCenter, self.text())

    def _paint_badge(self, painter: QPainter, box: QRectF) -> None:
        if not self._badge:
            return
        px = theme().px
        text_width = theme().metrics("micro-strong").horizontalAdvance(self._badge)
        width = max(px(20), text_width + px(12))
        pill = QRectF(box.right() - width - px(8), box.center().y() - px(9), width, px(18))
        alarming = self._badge_tone == "err"
        painter.setPen(Qt.PenStyle.NoPen)
        ground = theme().color("err", 0.18) if alarming else theme().color("badge")
        painter.setBrush(ground)
        painter.drawRoundedRect(pill, px(9), px(9))
        painter.setFont(theme().font("micro-strong"))
        painter.setPen(theme().color(self._badge_tone))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, self._badge)

    def _paint_dot(self, painter: QPainter, corner: QPointF) -> None:
        if self._badge and self._badge_tone == "err":
            painter.setBrush(theme().color("err"))
            painter.setPen(QPen(theme().color("rail"), 2))
            painter.drawEllipse(corner + QPointF(theme().px(16), 0), 5, 5)


class Rail(QWidget):
    """All pages that exist, Settings, and Collapse at the bottom."""

    chosen = Signal(str)
    """A page id."""
    settings_wanted = Signal()
    collapse_wanted = Signal()

    def __init__(
        self, entries: Sequence[PageEntry], titles: dict[str, str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._items: dict[str, NavItem] = {}
        self.collapsed = False
        self._heads: list[QWidget] = []
        self._rules: list[QWidget] = []
        self._names = holder(
            vbox(Label(PRODUCT_NAME.split()[0], "question"), self._lab_label(), gap=0)
        )
        self._column = QVBoxLayout(self)
        self._column.setSpacing(1)
        set_margins(self._column, (0, 0, 0, 8))
        logo = Logo()
        self._head_row = hbox(logo, (self._names, 1), gap=10, margins=(16, 10, 14, 8))
        self._head_row.setAlignment(logo, Qt.AlignmentFlag.AlignLeft)
        self._column.addLayout(self._head_row)
        for group in GROUPS:
            self._add_group(group, entries, titles)
        self._column.addStretch(1)
        self._collapse = self._make_item("rail-collapse", self.tr("Collapse"), "panel-left-close")
        self._collapse.setCheckable(False)
        self._collapse.clicked.connect(self.collapse_wanted)
        self._column.addWidget(self._collapse)
        self.set_collapsed(False)

    def item(self, page_id: str) -> NavItem:
        """The entry of a page."""
        return self._items[page_id]

    def set_lab(self, name: str) -> None:
        """Where the engine runs, under the product's name."""
        self._lab.set_text(name)
        self._lab.setVisible(bool(name))

    def set_current(self, page_id: str) -> None:
        """Mark a page."""
        for name, item in self._items.items():
            item.setChecked(name == page_id)

    def set_badge(self, page_id: str, text: str, tone: Tone = "t2") -> None:
        """A count beside a page."""
        if page_id in self._items:
            self._items[page_id].set_badge(text, tone)

    def set_collapsed(self, collapsed: bool) -> None:
        """Icons only, or with words."""
        self.collapsed = collapsed
        self.setFixedWidth(theme().px(COLLAPSED_WIDTH if collapsed else OPEN_WIDTH))
        for head in (*self._heads, self._names):
            head.setVisible(not collapsed)
        for rule in self._rules:
            rule.setVisible(collapsed)
        for item in (*self._items.values(), self._collapse):
            item.collapsed = collapsed
            item.setToolTip(item.text() if collapsed else "")
            item.update()
        self._collapse.set_icon("panel-left-open" if collapsed else "panel-left-close")
        self._collapse.setText(self.tr("Expand") if collapsed else self.tr("Collapse"))
        self._collapse.setAccessibleName(self._collapse.text())
        left = 16
        set_margins(self._head_row, (left, 12, 0, 8) if collapsed else (left, 10, 14, 8))

    def _lab_label(self) -> ElidedLabel:
        self._lab = ElidedLabel("", "micro", "t3")
        self._lab.hide()
        return self._lab

    def _add_group(self, group: str, entries: Sequence[PageEntry], titles: dict[str, str]) -> None:
        shown = [entry for entry in entries if entry.in_rail and entry.group == group]
        if not shown and group != "system":
            return
        rule = holder(vbox(Rule(), margins=(14, 6, 14, 6)))
        head = Label(self._group_title(group), "micro-medium", "t3")
        px = theme().px
        head.setContentsMargins(px(20), px(12), 0, px(4))
        self._rules.append(rule)
        self._heads.append(head)
        self._column.addWidget(rule)
        self._column.addWidget(head)
        for entry in shown:
            item = self._make_item(f"rail-{entry.page_id}", titles[entry.page_id], entry.icon)
            item.clicked.connect(self._on_clicked)
            self._items[entry.page_id] = item
            self._column.addWidget(item)
        if group == "system":
            item = self._make_item("rail-settings", self.tr("Settings"), "settings")
            item.clicked.connect(self._on_settings_clicked)
            self._items["settings"] = item
            self._column.addWidget(item)

    def _make_item(self, name: str, text: str, icon: str) -> NavItem:
        item = NavItem(text, icon)
        item.setObjectName(name)
        return item

    def _group_title(self, group: str) -> str:
        titles = {
            "cluster": self.tr("Cluster"),
            "train": self.tr("Train"),
            "system": self.tr("System"),
        }
        return titles[group]

    def _on_clicked(self) -> None:
        sender = self.sender()
        for page_id, item in self._items.items():
            if item is sender:
                self.chosen.emit(page_id)

    def _on_settings_clicked(self) -> None:
        self._items["settings"].setChecked(False)
        self.settings_wanted.emit()
