"""Buttons of every kind. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from lepton_desktop.gui.theme.current import Tone, theme

ICON_TONES: dict[str, Tone] = {
    "primary": "onacc",
    "danger": "err",
    "danger-filled": "onacc",
    "link": "acc",
}
LARGE = 32
"""Height at the page level; 28 in cards, 24 in rows."""


class Button(QPushButton):
    """A button of kind primary, secondary, ghost, link, danger or danger-filled.

    ``danger-filled`` appears inside a confirmation only. Without a text it is a square icon button
    and needs ``tip``, which becomes the accessible name as well.
    """

    def __init__(
        self,
        text: str = "",
        kind: str = "secondary",
        icon: str = "",
        height: int = LARGE,
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._icon = icon
        self._large = height > 28
        self.setProperty("kind", kind)
        strong = kind in ("primary", "danger-filled")
        role = "section" if strong else "strong" if self._large else "small-medium"
        self.setFont(theme().font(role))
        self.setFixedHeight(theme().px(height))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)
        if not text:
            self.setProperty("iconOnly", True)
            self.setFixedWidth(theme().px(height))
        if tip:
            self.set_tip(tip)
        self._restyle()
        theme().changed.connect(self._restyle)

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        if icon != self._icon:
            self._icon = icon
            self._restyle()

    def set_kind(self, kind: str) -> None:
        """Become a button of another kind."""
        if kind != self.property("kind"):
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)
            self._restyle()

    def set_tip(self, tip: str) -> None:
        """Tool tip; of an icon button the accessible name too."""
        self.setToolTip(tip)
        if not self.text():
            self.setAccessibleName(tip)

    def follow(self, action: QAction) -> None:
        """Do what the action does; be enabled and explained as it is."""
        self.clicked.connect(action.trigger)
        action.changed.connect(self._copy_action)
        self._action = action
        self._copy_action()

    def _copy_action(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())

    def _restyle(self) -> None:
        if not self._icon:
            return
        size = 16 if self._large else 14
        tone = ICON_TONES.get(str(self.property("kind")), "t2")
        self.setIcon(theme().icon(self._icon, tone, size))
        self.setIconSize(QSize(theme().px(size), theme().px(size)))
