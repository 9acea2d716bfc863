"""PySide6 6.12.0 on CPython 3.11 loses references to None and True until the process aborts."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPainter

ROUNDS = 1000
TOLERATED = 100


class Emitter(QObject):
    happened = Signal(bool)


def test_void_painter_calls_keep_the_references_to_none() -> None:
    painter = QPainter(image := QImage(8, 8, QImage.Format.Format_ARGB32))
    before = sys.getrefcount(None)
    for _ in range(ROUNDS):
        painter.setOpacity(0.5)
        painter.drawLine(0, 0, 7, 7)
        painter.save()
        painter.restore()
    after = sys.getrefcount(None)
    painter.end()
    assert image.width() == 8
    assert abs(after - before) < TOLERATED


def test_signal_calls_keep_the_references_to_true_and_none() -> None:
    emitter = Emitter()
    heard: list[bool] = []
    emitter.happened.connect(heard.append)
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(ROUNDS):
        emitter.happened.emit(True)
        emitter.setObjectName("emitter")
    heard.clear()
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert all(abs(a - b) < TOLERATED for a, b in zip(after, before, strict=True))
