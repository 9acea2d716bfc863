"""The demo lab as a program of its own, with its progress read from what it prints. In the window.

It has its own home, engine and window, so the lab of this window stays as it is.
"""

from __future__ import annotations

import os
import re
import sys

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal
from PySide6.QtWidgets import QApplication

from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.settings import PACKAGE

STEP = re.compile(r"\[(\d+)/(\d+)\] (.+)")
LINES_KEPT = 12
END_MS = 15_000


class DemoProcess(QObject):
    """Starts ``python -m lepton_desktop.demo`` and tells how far it is."""

    progressed = Signal(str, float)
    """What happens, and how much of it is done, 0 to 1."""
    ended = Signal(str)
    """Why it ended; empty when all went well."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.command = [sys.executable, "-m", "lepton_desktop.demo"]
        self._lines: list[str] = []
        self._rest = ""
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.setProcessEnvironment(_environment())
        self._process.readyReadStandardOutput.connect(self._on_output)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.stop)

    @property
    def running(self) -> bool:
        """Whether the demo is under way."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    def start(self) -> None:
        """Begin; does nothing while it runs."""
        if not self.running:
            self._lines.clear()
            self._process.start(self.command[0], self.command[1:])

    def stop(self) -> None:
        """End it and wait: it takes down what it started."""
        if self.running:
            self._process.terminate()
            self._process.waitForFinished(END_MS)

    def _on_output(self) -> None:
        raw = bytes(self._process.readAllStandardOutput().data())
        data = self._rest + raw.decode("utf-8", "replace")
        *lines, self._rest = re.split(r"[\r\n]+", data)
        for line in filter(None, map(str.strip, map(plain, lines))):
            self._lines = [*self._lines[1 - LINES_KEPT :], line]
            found = STEP.match(line)
            if found is not None:
                number, total = int(found[1]), int(found[2])
                self.progressed.emit(found[3], (number - 1) / max(1, total))

    def _on_finished(self, code: int) -> None:
        self.ended.emit("" if code == 0 else "\n".join(self._lines[-3:]) or f"exit code {code}")

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.ended.emit(self._process.errorString())


def _environment() -> QProcessEnvironment:
    environment = QProcessEnvironment.systemEnvironment()
    path = [str(PACKAGE.parent), environment.value("PYTHONPATH")]
    environment.insert("PYTHONPATH", os.pathsep.join(filter(None, path)))
    return environment
