"""The window's composition root: builds every part and hands them to each other. On the desk."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QWidget

from lepton_desktop import PRODUCT_NAME, __version__
from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.engine_link import Connect, EngineLink, connector
from lepton_desktop.gui.main_window import MainWindow
from lepton_desktop.gui.pages import PAGES
from lepton_desktop.gui.refresh import Refresh
from lepton_desktop.gui.shell.fault_report import FaultReporter
from lepton_desktop.gui.shell.preferences import Preferences
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.tour import Tour
from lepton_desktop.settings import Paths, paths

log = logging.getLogger("lepton_desktop.window")

LOG_BYTES = 1_000_000
SETTLING_ROUNDS = 3
"""Nested layouts ask for a new size one level a round."""
QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Window:
    """The parts of one running window, for ``main``, the demo and tests."""

    def __init__(self, where: Paths, connect: Connect | None = None) -> None:
        self.preferences = Preferences(where)
        self.preferences.apply()
        self.link = EngineLink(connect or connector(where.home))
        self.refresh = Refresh()
        self.link.changes_arrived.connect(self.refresh.apply)
        self.main = MainWindow(self.link, self.refresh, self.preferences, PAGES)
        self.faults = FaultReporter(self.main.sheets)

    def show(self, page_id: str = "overview") -> None:
        """Bring the window up, then begin to connect."""
        self.faults.install()
        self.main.navigate(page_id)
        self.main.show()
        self.refresh.start()
        self.link.start()

    def close(self) -> None:
        """Take the window down; engine and runs go on."""
        self.refresh.stop()
        self.link.close()
        self.main.close()
        self.faults.uninstall()


def application(argv: Sequence[str]) -> QApplication:
    """The QApplication with names, fonts and theme; one a process."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(list(argv))
    QCoreApplication.setApplicationName("lepton-desktop")
    QCoreApplication.setApplicationVersion(__version__)
    app.setApplicationDisplayName(PRODUCT_NAME)
    app.setDesktopFileName("lepton-desktop")
    theme().install()
    return app


def grab(window: QWidget, target: Path) -> Path:
    """Save what a window shows as a PNG.

    Raises:
        LeptonError: The file cannot be written.
    """
    for _ in range(SETTLING_ROUNDS):
        QApplication.processEvents()
    target.parent.mkdir(parents=True, exist_ok=True)
    if not window.grab().save(str(target), "PNG"):
        raise LeptonError(f"{target} cannot be written.", "Choose another folder.", code="grab")
    return target


def start_logging(where: Paths) -> None:
    """Log to ``window.log`` in the desk's folder, and warnings to the terminal."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root.addHandler(terminal)
    try:
        handler = logging.handlers.RotatingFileHandler(
            where.make().home / "window.log", maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
        )
    except (OSError, LeptonError) as error:
        log.warning("No log file: %s", error)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    """Qt's own messages join the log."""
    if message and "propagateSizeHints" not in message:
        log.log(QT_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and run until it is closed."""
    arguments = list(sys.argv if argv is None else argv)
    parser = argparse.ArgumentParser(prog="lepton-desktop", description=PRODUCT_NAME)
    parser.add_argument("--home", type=Path, help="the desk's own folder (also LEPTON_HOME)")
    parser.add_argument("--page", default="overview", help="page to begin with")
    parser.add_argument(
        "--tour", type=Path, metavar="FOLDER", help="save a picture of each page, then end"
    )
    parser.add_argument("--version", action="version", version=f"{PRODUCT_NAME} {__version__}")
    options, _for_qt = parser.parse_known_args(arguments[1:])
    where = paths(options.home)
    start_logging(where)
    qInstallMessageHandler(_on_qt_message)
    # Ctrl+C in the terminal ends the process at once; nothing is lost by that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    app = application(arguments)
    window = Window(where)
    known = [entry.page_id for entry in PAGES]
    window.show(options.page if options.page in known else known[0])
    if options.tour is not None:
        Tour(window.main, window.link, window.main.navigate, options.tour).start()
    code = app.exec()
    window.close()
    return code
