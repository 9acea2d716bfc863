"""Text and icons that take their looks from the theme. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import Tone, theme


class Label(QLabel):
    """Plain text in a type role and a tone. Text from nodes is never read as markup."""

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        tone: Tone = "t1",
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._role = role
        self._tone = tone
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self._restyle()
        theme().changed.connect(self._restyle)

    def set_tone(self, tone: Tone) -> None:
        """Change the colour."""
        if tone != self._tone:
            self._tone = tone
            self._restyle()

    def set_role(self, role: str) -> None:
        """Change the type role."""
        if role != self._role:
            self._role = role
            self._restyle()

    def set_text(self, text: str) -> None:
        """Change the text; an equal one costs nothing."""
        if text != self.text():
            self.setText(text)

    def showEvent(self, event: QShowEvent) -> None:
        """The first polish by the style sheet forgets a tone that was changed before it."""
        super().showEvent(event)
        self._restyle()

    def _restyle(self) -> None:
        self.setFont(theme().font(self._role))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme().color(self._tone))
        self.setPalette(palette)


class ElidedLabel(Label):
    """One line that is cut with an ellipsis, so that a long name never pushes the window wider."""

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        tone: Tone = "t1",
        middle: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, role, tone, parent=parent)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        """Small, so that a layout may shrink the label."""
        return QSize(theme().px(16), super().minimumSizeHint().height())

    def setText(self, text: str) -> None:
        """Change the text and the tool tip that shows it whole."""
        super().setText(text)
        self._update_tip()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Only a cut text needs a tool tip."""
        super().resizeEvent(event)
        self._update_tip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the part that fits."""
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(theme().color(self._tone if self.isEnabled() else "t4"))
        text = self.fontMetrics().elidedText(self.text(), self._mode, self.width())
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, text)

    def _update_tip(self) -> None:
        cut = self.fontMetrics().horizontalAdvance(self.text()) > self.width()
        self.setToolTip(self.text() if cut else "")


class IconLabel(QLabel):
    """An icon as a label."""

    def __init__(
        self, name: str, tone: Tone = "t2", size: int = 16, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._tone = tone
        self._size = size
        self.setFixedSize(theme().px(size), theme().px(size))
        self._restyle()
        theme().changed.connect(self._restyle)

    def set_icon(self, name: str, tone: Tone) -> None:
        """Show another icon or colour."""
        if (name, tone) != (self._name, self._tone):
            self._name, self._tone = name, tone
            self._restyle()

    def _restyle(self) -> None:
        self.setPixmap(theme().pixmap(self._name, self._tone, self._size))
