"""A vertical scroll area without a frame, for content that may be taller than its place.

Runs in the window.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from lepton_desktop.gui.theme.current import theme


class Scroll(QScrollArea):
    """As wide as its place, never pushing it wider or higher."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        self.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)

    def minimumSizeHint(self) -> QSize:
        """Small: the content scrolls instead."""
        return QSize(theme().px(80), theme().px(60))

    def sizeHint(self) -> QSize:
        """What the content wants."""
        content = self.widget()
        return content.sizeHint() if content is not None else super().sizeHint()
