"""Rows and columns whose margins and gaps follow the zoom. Runs in the window."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from lepton_desktop.gui.theme.current import theme

Box = TypeVar("Box", bound=QBoxLayout)
Margins = tuple[int, int, int, int]
Item = QWidget | QLayout | int | None | tuple["QWidget | QLayout", int]
"""A widget, a layout, a gap in token pixels, None for a stretch, or (item, stretch factor)."""


def hbox(*items: Item, gap: int = 8, margins: Margins = (0, 0, 0, 0)) -> QHBoxLayout:
    """A row."""
    return _fill(QHBoxLayout(), items, gap, margins)


def vbox(*items: Item, gap: int = 8, margins: Margins = (0, 0, 0, 0)) -> QVBoxLayout:
    """A column."""
    return _fill(QVBoxLayout(), items, gap, margins)


def holder(layout: QLayout, name: str = "") -> QWidget:
    """A plain widget around a layout, to be hidden or sized as one."""
    widget = QWidget()
    widget.setLayout(layout)
    widget.setObjectName(name)
    return widget


def set_margins(layout: QLayout, margins: Margins) -> None:
    """Margins in token pixels: left, top, right, bottom."""
    px = theme().px
    layout.setContentsMargins(*(px(side) for side in margins))


def clear(layout: QLayout) -> None:
    """Delete everything in a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)


def _fill(layout: Box, items: tuple[Item, ...], gap: int, margins: Margins) -> Box:
    layout.setSpacing(theme().px(gap))
    set_margins(layout, margins)
    for item in items:
        _add(layout, item)
    return layout


def _add(layout: QBoxLayout, item: Item) -> None:
    stretch = 0
    if isinstance(item, tuple):
        item, stretch = item
    if item is None:
        layout.addStretch(1)
    elif isinstance(item, int):
        layout.addSpacing(theme().px(item))
    elif isinstance(item, QLayout):
        layout.addLayout(item, stretch)
    else:
        layout.addWidget(item, stretch)
