"""The real window on a fake engine, driven as a user would drive it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from lepton_desktop.client import EngineClient
from lepton_desktop.gui import engine_link
from lepton_desktop.gui.app import Window
from lepton_desktop.gui.context import Page
from lepton_desktop.gui.engine_link import EngineCalls, Progress
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.settings import paths
from tests.gui import lab_rows
from tests.gui.fake_engine import FakeEngine

T = TypeVar("T", bound=QWidget)
PATIENCE_MS = 8000


class LabWindow:
    """A window, its engine, and the gestures of a user.

    Attributes:
        engine: What the test arranges.
        window: The composed window.
    """

    def __init__(self, qtbot: QtBot, home: Path) -> None:
        self.qtbot = qtbot
        self.engine = FakeEngine(home)
        self.window = Window(paths(home), self._connect)
        self.main = self.window.main
        qtbot.addWidget(self.main)

    def _connect(self, _start: bool, progress: Progress) -> EngineCalls:
        home = self.engine.paths.home
        return EngineClient.connect(home, start=False, role="window", progress=progress)

    def open(self, page_id: str = "overview") -> LabWindow:
        """Start engine and window; wait for the whole picture."""
        self.engine.start()
        self.window.show(page_id)
        self.qtbot.waitExposed(self.main)
        self.main.activateWindow()
        self.wait(lambda: self.lab.heard and self.window.link.connected)
        self.window.refresh.flush()
        return self

    def close(self) -> None:
        """Take both down."""
        self.window.close()
        self.engine.stop()

    @property
    def lab(self) -> Lab:
        """What the window last heard."""
        return self.window.refresh.lab

    @property
    def page(self) -> Page:
        """The page shown."""
        return self.main.page

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until something is true."""
        self.qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    def find(self, name: str, kind: type[T] = QWidget) -> T:  # type: ignore[assignment]
        """The visible widget of a name, waited for; hidden ones of other pages do not count."""

        def visible() -> list[T]:
            return [w for w in self.main.findChildren(kind, name) if w.isVisible()]

        if not visible():
            self.qtbot.waitUntil(lambda: bool(visible()), timeout=PATIENCE_MS)
        return visible()[-1]

    def shows(self, name: str) -> bool:
        """Whether a widget of that name is visible."""
        return any(w.isVisible() for w in self.main.findChildren(QWidget, name))

    def text(self, name: str) -> str:
        """The words of a label."""
        return self.find(name, Label).text()

    def click(self, name: str) -> None:
        """A left click in the middle."""
        QTest.mouseClick(self.find(name), Qt.MouseButton.LeftButton)

    def type(self, name: str, text: str) -> None:
        """Type into a field, replacing what stands there."""
        field = self.find(name, QLineEdit)
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)

    def press(
        self,
        key: Qt.Key,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """A key on whatever has the focus."""
        QTest.keyClick(QApplication.focusWidget() or self.main, key, modifiers)

    def called(self, method: str) -> list[dict[str, object]]:
        """Params of every call of a method."""
        return self.engine.called(method)


@pytest.fixture
def lab(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabWindow]:
    """A window that is not opened yet: arrange the engine first."""
    monkeypatch.setattr(engine_link, "LOOK_AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(engine_link, "FIRST_RETRY_SECONDS", 0.3)
    made = LabWindow(qtbot, tmp_path)
    made.engine.set_nodes([lab_rows.this_computer()])
    yield made
    made.close()
