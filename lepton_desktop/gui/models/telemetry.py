"""Telemetry of one node or of the lab over a window of time, fetched while shown. In the window."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QObject, Signal

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.engine_link import EngineLink
from lepton_desktop.gui.models.curves import Curve, curve_from
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.desk import Series

CLUSTER = ""
"""Instead of a node's name: the mean over all nodes that report."""
WIDTH = 200


class TelemetryStore(QObject):
    """The newest answer for one node, a set of keys and a window of time."""

    changed = Signal()
    failed = Signal(object)
    """LeptonError."""

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._node = CLUSTER
        self._keys: list[str] = []
        self._seconds = 60.0
        self._curves: dict[str, Curve] = {}
        self._asked_at = 0.0
        self._busy = False
        self._number = 0

    @property
    def loaded(self) -> bool:
        """Whether an answer for what is shown has arrived."""
        return bool(self._curves)

    @property
    def seconds(self) -> float:
        """The window of time."""
        return self._seconds

    def curve(self, key: str) -> Curve:
        """Points of a quantity, x in epoch seconds; empty when nothing is known."""
        return self._curves.get(key, Curve())

    def show(self, node: str, keys: list[str], seconds: float) -> None:
        """Show something else; what was known is forgotten."""
        if (node, keys, seconds) == (self._node, self._keys, self._seconds):
            return
        self._node, self._keys, self._seconds = node, list(keys), seconds
        self._curves = {}
        self._busy = False
        self._asked_at = 0.0
        self._number += 1

    def tick(self) -> None:
        """Ask again when the picture is old; a window of an hour moves slower than a minute's."""
        pace = min(30.0, max(1.0, self._seconds / WIDTH))
        if self._keys and not self._busy and time.monotonic() - self._asked_at >= pace * 0.9:
            self._ask()

    def _ask(self) -> None:
        self._busy = True
        self._asked_at = time.monotonic()
        number = self._number
        method = "telemetry.series" if self._node else "telemetry.cluster"
        params: dict[str, Any] = {"keys": self._keys, "seconds": self._seconds, "width": WIDTH}
        if self._node:
            params["name"] = self._node
        self._link.call(
            method,
            params,
            lambda result: self._on_series(number, result),
            lambda error: self._on_error(number, error),
            owner=self,
        )

    def _on_series(self, number: int, result: dict[str, Any]) -> None:
        if number != self._number:
            return
        self._busy = False
        self._curves = {item["key"]: curve_from(build(Series, item)) for item in result["series"]}
        self.changed.emit()

    def _on_error(self, number: int, error: LeptonError) -> None:
        if number == self._number:
            self._busy = False
            self.failed.emit(error)
