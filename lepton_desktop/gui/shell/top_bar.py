"""The top bar: where you are, the palette, the engine, at most two actions. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from lepton_desktop.gui.actions import ActionRegistry
from lepton_desktop.gui.shell.engine_words import EngineWords
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import KeyCap
from lepton_desktop.gui.widgets.focus import paint_focus_ring
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import clear, hbox, holder

HEIGHT = 52
PULSE_MS = 500
DIM = 0.35


class PaletteField(QAbstractButton):
    """Looks like a search field, opens the palette."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette-field")
        self.setAccessibleName(self.tr("Search or run a command"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(theme().px(32))
        self.setMaximumWidth(theme().px(340))
        words = ElidedLabel(self.tr("Search or run a command"), "body", "t3")
        row = hbox(
            IconLabel("search", "t3", 15), (words, 1), KeyCap("Ctrl K"), margins=(10, 0, 6, 0)
        )
        self.setLayout(row)

    def sizeHint(self) -> QSize:
        """340 wide where there is room."""
        return QSize(theme().px(340), theme().px(32))

    def minimumSizeHint(self) -> QSize:
        """Shrinks before anything is pushed out."""
        return QSize(theme().px(140), theme().px(32))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("line3" if self.underMouse() else "line2"))
        painter.setBrush(theme().color("s1"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, theme().px(6), theme().px(6))
        if self.hasFocus():
            paint_focus_ring(painter, self.rect(), theme().px(6))


class EngineChip(QAbstractButton):
    """The state of the link; click retries or starts. The dot pulses while it tries."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("engine-chip")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._tone = "t3"
        self._dimmed = False
        self._pulse = QTimer(self)
        self._pulse.setInterval(PULSE_MS)
        self._pulse.timeout.connect(self._on_pulse)
        theme().changed.connect(self.update)

    def show_words(self, words: EngineWords) -> None:
        """Take over a state."""
        self._tone = words.tone
        if words.chip != self.text():
            self.setText(words.chip)
            self.setAccessibleName(words.chip)
            self.updateGeometry()
        self.setToolTip(words.tip)
        if words.pulsing and not theme().reduced_motion and self.isVisible():
            if not self._pulse.isActive():
                self._pulse.start()
        else:
            self._pulse.stop()
            self._dimmed = False
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as its words need."""
        width = theme().metrics("small-medium").horizontalAdvance(self.text())
        return QSize(width + theme().px(40), theme().px(32))

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while hidden."""
        super().hideEvent(event)
        self._pulse.stop()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw frame, dot and words."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("line3" if self.underMouse() else "line2"))
        painter.setBrush(theme().color("s1"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, px(6), px(6))
        center = QPointF(px(15), self.height() / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(self._tone, 0.25))
        painter.drawEllipse(center, px(5), px(5))
        painter.setBrush(theme().color(self._tone, DIM if self._dimmed else 1.0))
        painter.drawEllipse(center, px(3), px(3))
        painter.setFont(theme().font("small-medium"))
        painter.setPen(theme().color("t2"))
        words = QRectF(px(27), 0, self.width() - px(27), self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.hasFocus():
            paint_focus_ring(painter, self.rect(), px(6))

    def _on_pulse(self) -> None:
        self._dimmed = not self._dimmed
        self.update()


class Crumb(QWidget):
    """The page title, or title and object."""

    page_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page = Label("", "title")
        self._arrow = IconLabel("chevron-right", "t4", 14)
        self._object = ElidedLabel("", "title")
        self._object.setObjectName("crumb-object")
        self._page.setObjectName("crumb-page")
        self.setLayout(hbox(self._page, self._arrow, (self._object, 1), gap=8))
        self.show_crumb("", "")

    def show_crumb(self, page: str, key: str) -> None:
        """Show where the window is."""
        self._page.set_text(page)
        self._page.set_role("crumb" if key else "title")
        self._page.set_tone("t3" if key else "t1")
        self._arrow.setVisible(bool(key))
        self._object.setVisible(bool(key))
        self._object.set_text(key)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The page's word leads back to the list."""
        if self._page.geometry().contains(event.position().toPoint()):
            self.page_pressed.emit()


class TopBar(QWidget):
    """Breadcrumb left, palette in the middle, engine and actions right."""

    def __init__(self, actions: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._shown_actions: tuple[str, str] = ("", "")
        self.setObjectName("top-bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(theme().px(HEIGHT))
        self.crumb = Crumb()
        self.palette_field = PaletteField()
        self.engine = EngineChip()
        self._buttons = hbox(gap=8)
        right = holder(hbox(None, self.engine, self._buttons, gap=8))
        # Equal shares left and right keep the palette in the middle of the bar.
        row = hbox((self.crumb, 1), self.palette_field, (right, 1), gap=16, margins=(16, 0, 16, 0))
        row.setStretchFactor(self.palette_field, 1)
        self.setLayout(row)

    def show_actions(self, primary: str, secondary: str) -> None:
        """The page's one primary and one secondary action; empty for none."""
        if (primary, secondary) == self._shown_actions:
            return
        self._shown_actions = (primary, secondary)
        clear(self._buttons)
        for action_id, kind in ((secondary, "secondary"), (primary, "primary")):
            if action_id and action_id in self._actions:
                spec = self._actions.spec(action_id)
                button = Button(spec.title, kind, spec.icon)
                button.setObjectName(f"top-{kind}")
                button.follow(self._actions.action(action_id))
                self._buttons.addWidget(button)
