"""Lucide icons, coloured and cached. Runs in the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

STROKE = 1.9
SMALL_STROKE = 2.2
"""For icons of 13 px and less, which would look thin beside their text."""
SMALL = 13


class IconCache:
    """Renders ``resources/icons/<name>.svg`` once for each (name, colour, size, ratio)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources: dict[str, str] = {}
        self._pixmaps: dict[tuple[str, str, int, float], QPixmap] = {}

    def pixmap(self, name: str, colour: str, size: int, ratio: float) -> QPixmap:
        """The icon in one colour; an unknown name is a bug and raises KeyError."""
        key = (name, colour, size, ratio)
        found = self._pixmaps.get(key)
        if found is None:
            found = self._pixmaps[key] = self._render(name, colour, size, ratio)
        return found

    def names(self) -> list[str]:
        """Every icon that is shipped."""
        return sorted(path.stem for path in (self._folder / "icons").glob("*.svg"))

    def _render(self, name: str, colour: str, size: int, ratio: float) -> QPixmap:
        stroke = SMALL_STROKE if size <= SMALL else STROKE
        text = (
            self._source(name)
            .replace("currentColor", colour)
            .replace('stroke-width="2"', f'stroke-width="{stroke}"')
        )
        pixmap = QPixmap(round(size * ratio), round(size * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, size, size))
        painter.end()
        return pixmap

    def _source(self, name: str) -> str:
        text = self._sources.get(name)
        if text is None:
            path = self._folder / "icons" / f"{name}.svg"
            if not path.is_file():
                raise KeyError(name)
            text = self._sources[name] = path.read_text(encoding="utf-8")
        return text
