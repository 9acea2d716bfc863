"""Shows the window to the demo: waits for data, turns the pages, saves a picture of each.

Runs in the window, on the display or offscreen, attached to a live engine (``--tour FOLDER``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QTimer
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.engine_link import EngineLink
from lepton_desktop.wire.desk import Changes, LinkState, NodeRow, RunRow

SIZE = (1440, 900)
LOOK_MS = 200
SETTLE_SECONDS = 2.0
"""A page just turned to asks the engine for its series and draws them."""
LIVE_FRACTION = 0.4
"""How much of the training is watched before its pictures: the plots need some points."""
LONGEST_SECONDS = 1800.0

Navigate = Callable[[str, str], None]


class Tour(QObject):
    """Saves ``overview.png`` and ``nodes.png`` while a run trains, ``run.png`` after its end."""

    def __init__(self, window: QWidget, link: EngineLink, navigate: Navigate, folder: Path) -> None:
        super().__init__(window)
        self._window = window
        self._navigate = navigate
        self._folder = folder
        self._nodes: dict[str, NodeRow] = {}
        self._runs: dict[str, RunRow] = {}
        self._deadline = time.monotonic() + LONGEST_SECONDS
        self._steps = self._walk()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._on_timeout)
        link.changes_arrived.connect(self._on_changes_arrived)

    def start(self) -> None:
        """Begin; the program ends by itself, with exit code 0 when every picture is saved."""
        self._window.resize(*SIZE)
        self._timer.start()

    def _walk(self) -> Iterator[None]:
        """The whole tour; each yield waits for the next look."""
        yield from self._until(self._is_training)
        yield from self._picture("overview", "", "overview.png")
        yield from self._picture("nodes", self._busy_node(), "nodes.png")
        yield from self._until(self._has_ended)
        run = self._newest_run()
        yield from self._picture("runs", run.run_id if run else "", "run.png")

    def _until(self, condition: Callable[[], bool]) -> Iterator[None]:
        while not condition():
            yield

    def _pause(self, seconds: float) -> Iterator[None]:
        end = time.monotonic() + seconds
        yield from self._until(lambda: time.monotonic() >= end)

    def _picture(self, page_id: str, key: str, name: str) -> Iterator[None]:
        self._navigate(page_id, key)
        yield from self._pause(SETTLE_SECONDS)
        if not self._window.grab().save(str(self._folder / name)):
            raise OSError(f"{self._folder / name} cannot be written")

    def _newest_run(self) -> RunRow | None:
        return max(self._runs.values(), key=lambda row: row.number, default=None)

    def _is_training(self) -> bool:
        run = self._newest_run()
        up = [row for row in self._nodes.values() if row.state is LinkState.UP and row.sample]
        if not up or run is None:
            return False
        return run.state.is_final or run.step >= LIVE_FRACTION * max(1, run.total_steps)

    def _has_ended(self) -> bool:
        run = self._newest_run()
        return run is not None and run.state.is_final

    def _busy_node(self) -> str:
        run = self._newest_run()
        return run.nodes[0] if run is not None and run.nodes else ""

    def _on_changes_arrived(self, changes: Changes) -> None:
        if changes.reset:
            self._nodes.clear()
            self._runs.clear()
        self._nodes |= {row.name: row for row in changes.nodes}
        self._runs |= {row.run_id: row for row in changes.runs}

    def _on_timeout(self) -> None:
        try:
            next(self._steps)
        except StopIteration:
            self._end(0)
        except Exception:
            self._end(1)  # the fault reporter says what it was
            raise
        else:
            if time.monotonic() > self._deadline:
                self._end(1)

    def _end(self, code: int) -> None:
        self._timer.stop()
        QCoreApplication.exit(code)
