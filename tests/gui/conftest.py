"""Window tests run offscreen and leave nothing behind: no widget, no running timer, no setting."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QTimer
from PySide6.QtWidgets import QApplication

from lepton_desktop.gui.theme.current import Theme, theme


@pytest.fixture(scope="session")
def _installed_theme(qapp: QApplication) -> Theme:
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    theme().install()
    return theme()


@pytest.fixture(autouse=True)
def dark_theme(_installed_theme: Theme) -> Iterator[Theme]:
    """Every test begins dark, at natural size, with motion."""
    _reset(_installed_theme)
    yield _installed_theme
    _reset(_installed_theme)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """After pytest-qt has closed the widgets of a test, none may be left and no timer may run."""
    result = yield
    if "qtbot" not in getattr(item, "fixturenames", ()):
        return result
    _let_go()
    left = [w for w in QApplication.topLevelWidgets() if w.isVisible() or w.parent() is None]
    left = [w for w in left if not _belongs_to_qt(w)]
    timers = [
        timer
        for timer in gc.get_objects()
        if isinstance(timer, QTimer) and shiboken6.isValid(timer) and timer.isActive()
    ]
    problems = [f"widget {w.objectName() or type(w).__name__}" for w in left]
    problems += [f"timer of {type(t.parent()).__name__}" for t in timers]
    for widget in left:
        shiboken6.delete(widget)
    if problems:
        pytest.fail(f"{item.nodeid} left behind: {', '.join(problems)}")
    return result


def _let_go() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _belongs_to_qt(widget: object) -> bool:
    """Tool tips and the like, which Qt keeps for itself."""
    return type(widget).__name__ in {"QTipLabel", "QComboBoxPrivateContainer"} or (
        type(widget).__module__.startswith("PySide6") and type(widget).__name__ != "QWidget"
    )


def _reset(now: Theme) -> None:
    now.set_scheme("dark")
    now.set_zoom(1.0)
    now.set_reduced_motion(False)
