"""Bugs: logged, shown once as a report that can be copied; the window stays up. In the window."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from types import TracebackType

from PySide6 import __version__ as pyside_version
from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from lepton_desktop import PRODUCT_NAME, __version__
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.sheet import Sheet, SheetHost

log = logging.getLogger("lepton_desktop.window")


class ReportSheet(Sheet):
    """The report of one bug."""

    def __init__(self, report: str) -> None:
        title = QCoreApplication.translate("ReportSheet", "Something went wrong in the window")
        super().__init__(title, width=760)
        self.setObjectName("fault-report")
        self._report = report
        advice = self.tr(
            "Engine, nodes and runs are not affected. Copy the report and send it to the makers."
        )
        self.content.addWidget(Label(advice, "body", "t2", wrap=True))
        text = QPlainTextEdit(report)
        text.setReadOnly(True)
        text.setFont(theme().font("mono"))
        text.setMinimumHeight(theme().px(260))
        text.setAccessibleName(self.tr("Report"))
        self.content.addWidget(text, 1)
        copy = self.add_button(Button(self.tr("Copy report"), "primary", "copy"))
        copy.setObjectName("fault-copy")
        copy.clicked.connect(self._on_copy)
        self.first_focus = copy

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._report)


class FaultReporter(QObject):
    """Catches what no road expected, in any thread."""

    _caught = Signal(str)

    def __init__(self, sheets: SheetHost, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sheets = sheets
        self.reports: list[str] = []
        self._caught.connect(self._on_caught, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over the hooks of the interpreter."""
        sys.excepthook = self._excepthook
        threading.excepthook = self._thread_excepthook

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def _excepthook(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        self.report(error, trace)

    def _thread_excepthook(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.report(args.exc_value, args.exc_traceback)

    def report(self, error: BaseException, trace: TracebackType | None) -> None:
        """Log a bug and show it; further ones are logged while a report is open."""
        log.critical("A bug in the window", exc_info=(type(error), error, trace))
        text = "".join(traceback.format_exception(type(error), error, trace))
        self._caught.emit(f"{_head()}\n\n{text}")

    def _on_caught(self, report: str) -> None:
        self.reports.append(report)
        if not isinstance(self._sheets.top, ReportSheet):
            self._sheets.open(ReportSheet(report))


def _head() -> str:
    return (
        f"{PRODUCT_NAME} {__version__}\n"
        f"Python {platform.python_version()}, PySide6 {pyside_version}, {platform.platform()}"
    )
