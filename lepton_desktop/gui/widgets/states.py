"""What a panel shows instead of its content: loading, empty, filtered empty, error. In the window.

``StatePanel`` holds the content and stands in for it; a page never builds these views by hand.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QGraphicsOpacityEffect, QSizePolicy, QStackedLayout, QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.spinner import Spinner
from lepton_desktop.gui.widgets.surfaces import Surface

SKELETON_AFTER_MS = 150
TEXT_AFTER_MS = 2000
STALE_OPACITY = 0.6
WIDEST_SKELETON, MOST_LINES = 520, 15
WIDEST_TEXT = 420


class Skeleton(QWidget):
    """Grey lines in the shape of a list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw lines in blocks of five, narrower than the panel where it is wide."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        shares = (0.62, 0.9, 0.78, 0.9, 0.55)
        top, number = 0, 0
        wide = min(self.width(), px(WIDEST_SKELETON))
        while top + px(10) <= self.height() and number < MOST_LINES:
            width = wide * shares[number % len(shares)]
            fade = QLinearGradient(0, 0, width, 0)
            fade.setColorAt(0, theme().color("s2"))
            fade.setColorAt(0.5, theme().color("line2"))
            fade.setColorAt(1, theme().color("s2"))
            painter.setBrush(fade)
            painter.drawRoundedRect(QRectF(0, top, width, px(10)), px(4), px(4))
            number += 1
            top += px(24 if number % len(shares) else 44)


class Message(QWidget):
    """Icon, title, one sentence and one button, in the middle of a panel."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = IconLabel("inbox", "t3", 26)
        self._title = Label("", "section")
        self._text = Label("", "small", "t3", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._text.setMaximumWidth(theme().px(WIDEST_TEXT))
        self._button = Button(" ", height=28)
        self._button.clicked.connect(self.pressed)
        center = Qt.AlignmentFlag.AlignHCenter
        column = vbox(None, gap=4)
        column.addWidget(self._icon, 0, center)
        column.addWidget(self._title, 0, center)
        # Between two stretches, not aligned: so the layout asks for its height at its width.
        column.addLayout(hbox((vbox(), 1), (self._text, 1000), (vbox(), 1), gap=0))
        column.addSpacing(theme().px(6))
        column.addWidget(self._button, 0, center)
        column.addStretch(1)
        self._title.setAlignment(center)
        self.setLayout(column)

    def show_message(
        self, icon: str, tone: Tone, title: str, text: str, button: str = "", link: bool = False
    ) -> None:
        """Fill it in; without ``button`` there is none."""
        self._icon.set_icon(icon, tone)
        self._title.set_text(title)
        self._text.set_text(text)
        self._text.setVisible(bool(text))
        self._button.setVisible(bool(button))
        self._button.setText(button)
        self._button.set_kind("link" if link else "secondary")
        self.setAccessibleName(f"{title}. {text}")


class StatePanel(QWidget):
    """The content, or what stands in for it.

    The widget begins with its content. ``show_loading`` draws a skeleton after 150 ms only, so a
    quick answer never flickers.
    """

    action_pressed = Signal(str)
    """``empty``, ``retry`` or ``clear-filter``: which state's button was pressed."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = content
        self._state = "content"
        self._stack = QStackedLayout(self)
        self._blank = QWidget()
        self._loading_text = Label("", "small", "t3")
        self._loading_row = holder(hbox(Spinner(14), self._loading_text, None, gap=6))
        self._loading = holder(
            vbox((Skeleton(), 1), self._loading_row, gap=10, margins=(12, 12, 12, 10))
        )
        self._message = Message()
        self._message.pressed.connect(self._on_pressed)
        for widget in (content, self._blank, self._loading, self._message):
            self._stack.addWidget(widget)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.timeout.connect(self._on_delay_over)

    @property
    def state(self) -> str:
        """``content``, ``loading``, ``empty``, ``filtered`` or ``error``."""
        return self._state

    def show_content(self) -> None:
        """The data is there."""
        self._enter("content", self.content)
        self.set_stale(False)

    def show_loading(self, text: str = "") -> None:
        """Wait for the first data; ``text`` appears when it takes longer than two seconds."""
        if self._state == "loading":
            return
        self._loading_text.set_text(text)
        self._loading_row.hide()
        self._enter("loading", self._blank)
        self._delay.start(SKELETON_AFTER_MS)

    def show_empty(self, icon: str, title: str, text: str = "", button: str = "") -> None:
        """There is nothing yet, and one way to change that."""
        self._message.show_message(icon, "t3", title, text, button)
        self._enter("empty", self._message)

    def show_filtered_empty(self, filter_text: str) -> None:
        """Nothing matches the filter."""
        self._message.show_message(
            "search-x",
            "t3",
            self.tr("No match"),
            self.tr("Filter: {filter}").format(filter=filter_text),
            self.tr("Clear filter"),
            link=True,
        )
        self._enter("filtered", self._message)

    def show_error(self, title: str, text: str = "", retry: bool = True) -> None:
        """What happened and since when, with Retry. With old data, prefer ``set_stale``."""
        button = self.tr("Retry") if retry else ""
        self._message.show_message("plug-zap", "err", title, text, button)
        self._enter("error", self._message)

    def set_stale(self, stale: bool) -> None:
        """Show the content at 60 %: it is old."""
        if not stale:
            if self.content.graphicsEffect() is not None:
                # The stubs do not say that None takes the effect away.
                self.content.setGraphicsEffect(None)  # type: ignore[arg-type]
        elif self.content.graphicsEffect() is None:
            effect = QGraphicsOpacityEffect(self.content)
            effect.setOpacity(STALE_OPACITY)
            self.content.setGraphicsEffect(effect)

    def _enter(self, state: str, widget: QWidget) -> None:
        self._delay.stop()
        self._state = state
        self._stack.setCurrentWidget(widget)

    def _on_delay_over(self) -> None:
        if self._stack.currentWidget() is self._blank:
            self._stack.setCurrentWidget(self._loading)
            self._delay.start(TEXT_AFTER_MS - SKELETON_AFTER_MS)
        else:
            self._loading_row.setVisible(bool(self._loading_text.text()))

    def _on_pressed(self) -> None:
        names = {"empty": "empty", "filtered": "clear-filter", "error": "retry"}
        if self._state in names:
            self.action_pressed.emit(names[self._state])


class Banner(Surface):
    """A line across the page: "Showing data from 10:38", with at most one button."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("inset", parent)
        self._icon = IconLabel("info", "info", 15)
        self._text = ElidedLabel("", "small-medium", "t1")
        self._detail = ElidedLabel("", "small", "t3")
        self._button = Button(" ", "link", height=24)
        self._button.clicked.connect(self.pressed)
        self.setLayout(
            hbox(
                self._icon,
                self._text,
                (self._detail, 1),
                self._button,
                gap=8,
                margins=(12, 5, 12, 5),
            )
        )
        self.hide()

    def show_banner(
        self, text: str, detail: str = "", tone: Tone = "warn", icon: str = "", button: str = ""
    ) -> None:
        """Fill it in and show it."""
        self._icon.set_icon(icon or {"err": "circle-x", "info": "info"}.get(tone, "clock"), tone)
        self._text.set_text(text)
        self._detail.set_text(detail)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self.setAccessibleName(f"{text} {detail}".strip())
        self.show()
