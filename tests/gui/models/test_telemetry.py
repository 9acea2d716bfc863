from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.models.telemetry import CLUSTER, TelemetryStore
from lepton_desktop.wire.convert import dump
from tests.gui import lab_rows


class _Link(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.done: list[Callable[[Any], None]] = []
        self.failed: list[Callable[[LeptonError], None]] = []

    def call(self, method: str, params: dict[str, Any], done: Any, failed: Any, owner: Any) -> None:
        self.asked.append((method, params))
        self.done.append(done)
        self.failed.append(failed)


def _answer(value: float) -> dict[str, Any]:
    series = lab_rows.telemetry_series(["host.cpu_percent"], 60, 10, str(value))
    return {"series": dump(series)}


def test_one_question_at_a_time_and_the_lab_has_its_own_method() -> None:
    link = _Link()
    store = TelemetryStore(link)  # type: ignore[arg-type]
    store.tick()
    assert not link.asked, "nothing is shown yet"
    store.show(CLUSTER, ["host.cpu_percent"], 3600)
    store.tick()
    store.tick()
    assert [method for method, _ in link.asked] == ["telemetry.cluster"]
    store.show("gpu-a-01", ["host.cpu_percent"], 60)
    store.tick()
    assert link.asked[1][0] == "telemetry.series"
    assert link.asked[1][1]["name"] == "gpu-a-01"


def test_an_answer_for_what_is_no_longer_shown_is_dropped() -> None:
    link = _Link()
    store = TelemetryStore(link)  # type: ignore[arg-type]
    store.show("a", ["host.cpu_percent"], 60)
    store.tick()
    store.show("b", ["host.cpu_percent"], 60)
    store.tick()
    link.done[0](_answer(1))
    assert not store.loaded
    link.done[1](_answer(2))
    assert store.loaded
    assert len(store.curve("host.cpu_percent")) == 10


def test_a_failure_keeps_the_last_curves() -> None:
    link = _Link()
    store = TelemetryStore(link)  # type: ignore[arg-type]
    told: list[LeptonError] = []
    store.failed.connect(told.append)
    store.show("a", ["host.cpu_percent"], 60)
    store.tick()
    link.done[0](_answer(1))
    link.failed[0](LeptonError("gone"))
    assert len(told) == 1
    assert store.loaded
