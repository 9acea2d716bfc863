"""Sheets: child frames over a dimmed window, with the focus kept inside. Runs in the window.

No top-level windows, so it works on Wayland and in a kiosk. Esc closes the top sheet only, and the
focus returns to where it was.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import ElidedLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, set_margins, vbox
from lepton_desktop.gui.widgets.surfaces import Rule

SHADOW = 24
DIM = 0.5


class FloatingFrame(QWidget):
    """A rounded frame with a soft painted shadow around it; ``body`` is what it holds."""

    def __init__(self, radius: int = 12, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._radius = radius
        self.body: QBoxLayout = QVBoxLayout(self)
        self.body.setSpacing(0)
        set_margins(self.body, (SHADOW + 1,) * 4)
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw shadow and frame."""
        px = theme().px
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner = QRectF(self.rect()).adjusted(px(SHADOW), px(SHADOW), -px(SHADOW), -px(SHADOW))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("shade", 0.018))
        for spread in range(2, SHADOW, 3):
            grown = inner.adjusted(-px(spread), -px(spread * 0.7), px(spread), px(spread))
            painter.drawRoundedRect(grown, px(self._radius + spread), px(self._radius + spread))
        painter.setPen(theme().color("line2"))
        painter.setBrush(theme().color("s1"))
        frame = inner.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, px(self._radius), px(self._radius))


class Sheet(FloatingFrame):
    """Title, a body that scrolls when it must, and a row of buttons at the foot.

    Fill ``content`` (a vertical layout); add buttons with ``add_button``. Open it with
    ``SheetHost.open(sheet)``. ``closed`` is emitted once, after which the sheet is deleted.
    """

    closed = Signal()

    def __init__(
        self,
        title: str,
        subtitle: str = "",
        width: int = 560,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent=parent)
        self.preferred_width = width
        self.setAccessibleName(title)
        self.first_focus: QWidget | None = None
        """What the keyboard starts on; the first field when None."""
        self.content = vbox(gap=12, margins=(18, 14, 18, 14))
        self.foot = hbox(gap=8, margins=(18, 0, 18, 0))
        cross = Button("", "ghost", "x", 28, self.tr("Close (Esc)"))
        cross.setObjectName("sheet-close")
        cross.clicked.connect(self.close_sheet)
        words = vbox(ElidedLabel(title, "title"), gap=2)
        if subtitle:
            words.addWidget(Label(subtitle, "small", "t3", wrap=True))
        head = hbox((words, 1), cross, gap=8, margins=(18, 12, 12, 12))
        head.setAlignment(cross, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(head)
        self.body.addWidget(Rule())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inner = holder(self.content, "scroll-body")
        self._scroll.setWidget(self._inner)
        self._scroll.viewport().setAutoFillBackground(False)
        self._inner.setAutoFillBackground(False)
        self.body.addWidget(self._scroll, 1)
        self._foot_rule = Rule()
        self._foot_widget = holder(self.foot)
        self._foot_widget.setFixedHeight(theme().px(56))
        self.body.addWidget(self._foot_rule)
        self.body.addWidget(self._foot_widget)
        self._foot_rule.hide()
        self._foot_widget.hide()
        self.foot.addStretch(1)

    def add_button(self, button: Button, left: bool = False) -> Button:
        """Put a button into the foot: in order from the middle to the right, or at the left."""
        if left:
            self.foot.insertWidget(0, button)
        else:
            self.foot.addWidget(button)
        self._foot_rule.show()
        self._foot_widget.show()
        return button

    def wanted_height(self, width: int) -> int:
        """Height without scrolling at a frame width."""
        inner_width = width - 2 * theme().px(SHADOW + 1)
        content = self.content.totalHeightForWidth(inner_width)
        if content < 0:
            content = self._inner.sizeHint().height()
        self._scroll.setMinimumHeight(0)
        chrome = self.body.sizeHint().height() - self._scroll.sizeHint().height()
        return chrome + content + 2

    def may_close(self) -> bool:
        """Whether Esc or a click outside may close it now; override to protect input."""
        return True

    def refit(self) -> None:
        """Take the height the content needs, once it has been laid out again."""
        QTimer.singleShot(0, self, self._refit_now)

    def _refit_now(self) -> None:
        layer = self.parentWidget()
        if isinstance(layer, _Layer):
            layer.place()

    def close_sheet(self) -> None:
        """Close and delete the sheet."""
        layer = self.parentWidget()
        if isinstance(layer, _Layer):
            layer.close_layer()


class _Layer(QWidget):
    """The dimming veil with one floating frame."""

    def __init__(self, host: SheetHost, frame: FloatingFrame, at_top: bool) -> None:
        super().__init__(host.window)
        self._host = host
        self.frame = frame
        self._at_top = at_top
        self._before = QApplication.focusWidget()
        self.setObjectName("sheet-layer")
        frame.setParent(self)
        self.place()
        self.show()
        self.raise_()
        frame.show()
        self._focus_first()

    def place(self) -> None:
        """Cover the window, centre the frame."""
        area = self._host.window.rect()
        self.setGeometry(area)
        px = theme().px
        around = 2 * px(SHADOW)
        if isinstance(self.frame, Sheet):
            width = min(px(self.frame.preferred_width) + around, area.width())
            height = min(self.frame.wanted_height(width), area.height())
        else:
            width = min(self.frame.sizeHint().width(), area.width())
            height = min(self.frame.sizeHint().height(), area.height())
        left = (area.width() - width) // 2
        top = px(110 - SHADOW) if self._at_top else (area.height() - height) // 2
        top = max(0, min(top, area.height() - height))
        self.frame.setGeometry(left, top, width, height)

    def close_layer(self) -> None:
        """Take the layer away and give the focus back."""
        self._host.forget(self)
        self.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(self.frame, Sheet):
            self.frame.closed.emit()
        self.deleteLater()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Dim what is behind."""
        QPainter(self).fillRect(self.rect(), theme().color("shade", DIM))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click outside closes what may be closed."""
        if not self.frame.geometry().contains(event.position().toPoint()):
            self.try_close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes; no key reaches what is behind."""
        if event.key() == Qt.Key.Key_Escape:
            self.try_close()
        event.accept()

    def try_close(self) -> None:
        """Close unless the sheet protects its input."""
        if not isinstance(self.frame, Sheet) or self.frame.may_close():
            self.close_layer()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Keep Tab inside."""
        stops = self.tab_stops()
        if not stops:
            return True
        current = QApplication.focusWidget()
        place = stops.index(current) if current in stops else -1 if forward else 0
        step = 1 if forward else -1
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(place + step) % len(stops)].setFocus(reason)
        return True

    def tab_stops(self) -> list[QWidget]:
        """Everything inside that takes the focus by Tab, in order."""
        stops: list[QWidget] = []
        widget = self.frame.nextInFocusChain()
        while widget is not None and widget is not self.frame:
            by_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
            if by_tab and self.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled():
                stops.append(widget)
            widget = widget.nextInFocusChain()
        return stops

    def _focus_first(self) -> None:
        chosen = self.frame.first_focus if isinstance(self.frame, Sheet) else None
        stops = [stop for stop in self.tab_stops() if stop.objectName() != "sheet-close"]
        target = chosen or (stops[0] if stops else self)
        target.setFocus(Qt.FocusReason.OtherFocusReason)


class SheetHost(QObject):
    """Opens sheets over one window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.window = window
        self._layers: list[_Layer] = []
        window.installEventFilter(self)

    def open(self, frame: FloatingFrame, at_top: bool = False) -> None:
        """Show a sheet, or another floating frame such as the palette."""
        self._layers.append(_Layer(self, frame, at_top))

    @property
    def top(self) -> FloatingFrame | None:
        """The uppermost frame."""
        return self._layers[-1].frame if self._layers else None

    def close_top(self) -> bool:
        """Close the uppermost frame if it lets go; whether there was one."""
        if not self._layers:
            return False
        self._layers[-1].try_close()
        return True

    def close_all(self) -> None:
        """Close every layer, whatever it says."""
        for layer in reversed(self._layers[:]):
            layer.close_layer()

    def forget(self, layer: _Layer) -> None:
        """A layer is gone."""
        if layer in self._layers:
            self._layers.remove(layer)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Layers grow with the window."""
        if watched is self.window and event.type() == QEvent.Type.Resize:
            for layer in self._layers:
                layer.place()
        return False
