"""Strictness for every test: no leaked process or thread, no unexpected warning in the log.

With ``LEPTON_MUST_RUN=1`` (set by ``.ci/run``) a skipped test fails, unless it is marked
``optional`` because it needs something that a CI machine may lack for good.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

PATIENCE_SECONDS = 5.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    report: pytest.TestReport = yield
    must_run = os.environ.get("LEPTON_MUST_RUN") == "1"
    if report.skipped and must_run and not item.get_closest_marker("optional"):
        if hasattr(report, "wasxfail"):
            return report
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run here, but was skipped: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_leaked_processes_or_threads() -> Iterator[None]:
    before = _processes() | _threads()
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while leaked := (_processes() | _threads()) - before:
        if time.monotonic() > deadline:
            pytest.fail(f"left behind by the test: {', '.join(sorted(map(str, leaked)))}")
        threading.Event().wait(0.05)


def _processes() -> set[str]:
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                found.add(f"process {child.pid} {' '.join(child.cmdline())[:120]}")
        except psutil.NoSuchProcess:
            continue
    return found


def _threads() -> set[str]:
    """Threads that keep a program from ending; daemon threads of libraries may stay."""
    return {
        f"thread {thread.name}"
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread()
    }


@pytest.fixture(autouse=True)
def _no_unexpected_log_records(request: pytest.FixtureRequest) -> Iterator[None]:
    """A warning or error that no test asked for is a finding.

    A test that provokes some says so: ``@pytest.mark.expects_log("text of the record")``.
    """
    expected = [
        text for mark in request.node.iter_markers("expects_log") for text in mark.args or ("",)
    ]
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(f"{record.levelname} {record.name}: {record.getMessage()}")

    handler = Collector(level=logging.WARNING)
    logger = logging.getLogger("lepton_desktop")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    surprises = [line for line in collected if not any(text in line for text in expected)]
    if surprises:
        pytest.fail("unexpected log records:\n" + "\n".join(surprises))


@pytest.fixture(autouse=True)
def _own_home(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the real desk: homes lie in tmp_path unless a test says otherwise."""
    monkeypatch.setenv("LEPTON_HOME", f"{tmp_path}/lepton-home")
    monkeypatch.delenv("LEPTON_NODE_HOME", raising=False)
