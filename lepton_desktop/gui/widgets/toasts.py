"""Toasts at the bottom right: at most three, one action each. Runs in the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.theme.current import Tone, theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel
from lepton_desktop.gui.widgets.layouts import hbox, vbox

MOST = 3
SECONDS = 6
UNDO_SECONDS = 10
WIDTH = 340
TONES: dict[str, tuple[Tone, str]] = {
    "info": ("info", "info"),
    "done": ("ok", "circle-check"),
    "warning": ("warn", "triangle-alert"),
    "error": ("err", "circle-x"),
}


@dataclass(frozen=True)
class Notice:
    """One toast."""

    title: str
    text: str = ""
    kind: str = "done"
    """``info``, ``done``, ``warning`` or ``error``; errors stay until closed."""
    action: str = ""
    """The word on the one button: ``Undo``, ``Details``."""


class Toast(QWidget):
    """A notice on the screen."""

    finished = Signal()
    acted = Signal()

    def __init__(self, notice: Notice, seconds: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.notice = notice
        self._tone, icon = TONES[notice.kind]
        self.setObjectName("toast")
        self.setAccessibleName(f"{notice.title}. {notice.text}")
        words = vbox(ElidedLabel(notice.title, "section"), gap=1)
        if notice.text:
            words.addWidget(ElidedLabel(notice.text, "small", "t2"))
        row = hbox(IconLabel(icon, self._tone, 16), (words, 1), gap=10, margins=(14, 9, 10, 9))
        if notice.action:
            act = Button(notice.action, "link", height=24)
            act.setObjectName("toast-action")
            act.clicked.connect(self._on_acted)
            row.addWidget(act)
        cross = Button("", "ghost", "x", 24, self.tr("Close"))
        cross.setObjectName("toast-close")
        cross.clicked.connect(self.finished)
        row.addWidget(cross)
        self.setLayout(row)
        self.setFixedWidth(theme().px(WIDTH))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.finished)
        if notice.kind != "error":
            self._timer.start(round(seconds * 1000))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Raised ground, an edge in the tone at the left."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = theme().px(8)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(theme().color("line2"))
        painter.setBrush(theme().color("s3"))
        painter.drawRoundedRect(frame, radius, radius)
        clip = QPainterPath()
        clip.addRoundedRect(frame, radius, radius)
        painter.setClipPath(clip)
        painter.fillRect(QRectF(0, 0, theme().px(3), self.height()), theme().color(self._tone))

    def _on_acted(self) -> None:
        self.acted.emit()
        self.finished.emit()


class Toasts(QObject):
    """Shows notices over one window and keeps their history."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._shown: list[Toast] = []
        self.history: list[Notice] = []
        window.installEventFilter(self)

    @property
    def shown(self) -> list[Toast]:
        """What is on the screen, oldest first."""
        return list(self._shown)

    def notify(
        self, title: str, text: str = "", kind: str = "done", seconds: float = SECONDS
    ) -> None:
        """Tell something the user cannot see happen."""
        self._show(Notice(title, text, kind), seconds, None)

    def offer(self, notice: Notice, action: Callable[[], None], seconds: float = SECONDS) -> None:
        """A notice with a button."""
        self._show(notice, seconds, action)

    def offer_undo(self, title: str, text: str, undo: Callable[[], None]) -> None:
        """Something undoable was done; it can be taken back for ten seconds."""
        notice = Notice(title, text, "done", self.tr("Undo"))
        self._show(notice, UNDO_SECONDS, undo)

    def clear(self) -> None:
        """Take every toast away."""
        for toast in self.shown:
            self._remove(toast)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner."""
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _show(self, notice: Notice, seconds: float, action: Callable[[], None] | None) -> None:
        self.history = [*self.history[-199:], notice]
        toast = Toast(notice, seconds, self._window)
        if action is not None:
            toast.acted.connect(action)
        toast.finished.connect(self._on_finished)
        self._shown.append(toast)
        while len(self._shown) > MOST:
            self._remove(self._oldest())
        self._place()
        toast.show()
        toast.raise_()

    def _oldest(self) -> Toast:
        """The oldest that is not an error, because errors wait to be read."""
        passing = [toast for toast in self._shown[:-1] if toast.notice.kind != "error"]
        return passing[0] if passing else self._shown[0]

    def _on_finished(self) -> None:
        toast = self.sender()
        if isinstance(toast, Toast):
            self._remove(toast)

    def _remove(self, toast: Toast) -> None:
        if toast in self._shown:
            self._shown.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        px = theme().px
        bottom = self._window.height() - px(28 + 16)
        for toast in reversed(self._shown):
            height = toast.sizeHint().height()
            left = self._window.width() - toast.width() - px(16)
            toast.setGeometry(left, bottom - height, toast.width(), height)
            bottom -= height + px(8)
