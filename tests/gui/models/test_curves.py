import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.models.curves import Curve, CurveStore, change_over, curve_from, smooth
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import RunRow, Series
from lepton_desktop.wire.node import State
from tests.gui import lab_rows

KEY = "rollout/return_mean"


class _Link(QObject):
    """Answers from generated rows when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, Any]] = []
        self.answers: list[Callable[[], None]] = []
        self.row = lab_rows.run(1, State.RUNNING, 10 * lab_rows.STEP)

    def call(
        self, _method: str, params: dict[str, Any], done: Any, failed: Any, owner: Any
    ) -> None:
        self.asked.append(params)
        series = lab_rows.metric_series(self.row, params["keys"], params.get("x_from"))
        self.answers.append(lambda: done({"series": dump(series)}))
        self.fail = lambda: failed(LeptonError("no", code="engine_gone"))

    def answer(self) -> None:
        self.answers.pop(0)()


@pytest.fixture
def link() -> _Link:
    return _Link()


def _grown(row: RunRow, count: int) -> RunRow:
    return dataclasses.replace(row, metric_count=count, step=count * lab_rows.STEP)


def test_only_points_after_the_last_known_step_are_asked_for(link: _Link) -> None:
    store = CurveStore(link)  # type: ignore[arg-type]
    store.want(link.row, [KEY])
    link.answer()
    assert len(store.curve("run-0001", KEY)) == 10
    store.want(link.row, [KEY])
    assert len(link.asked) == 1, "nothing new, nothing asked"
    link.row = _grown(link.row, 13)
    store.want(link.row, [KEY])
    assert link.asked[1]["x_from"] == 10 * lab_rows.STEP
    link.answer()
    curve = store.curve("run-0001", KEY)
    assert list(curve.x) == [lab_rows.STEP * n for n in range(1, 14)]


def test_one_question_at_a_time(link: _Link) -> None:
    store = CurveStore(link)  # type: ignore[arg-type]
    store.want(link.row, [KEY])
    store.want(_grown(link.row, 11), [KEY])
    assert len(link.asked) == 1


def test_a_key_that_becomes_visible_is_fetched_whole(link: _Link) -> None:
    store = CurveStore(link)  # type: ignore[arg-type]
    store.want(link.row, [KEY])
    link.answer()
    store.want(link.row, [KEY, "train/entropy"])
    assert "x_from" not in link.asked[1]
    link.answer()
    assert len(store.curve("run-0001", KEY)) == 10
    assert store.is_loaded("run-0001", "train/entropy")


def test_a_new_attempt_replaces_the_curve(link: _Link) -> None:
    store = CurveStore(link)  # type: ignore[arg-type]
    store.want(link.row, [KEY])
    link.answer()
    link.row = dataclasses.replace(_grown(link.row, 4), attempt=2)
    store.want(link.row, [KEY])
    assert len(store.curve("run-0001", KEY)) == 10, "the old curve stays until the new one is there"
    link.answer()
    assert len(store.curve("run-0001", KEY)) == 4


def test_a_failed_fetch_is_told_and_can_be_repeated(link: _Link) -> None:
    store = CurveStore(link)  # type: ignore[arg-type]
    told: list[str] = []
    store.failed.connect(lambda run_id, error: told.append(f"{run_id} {error.code}"))
    store.want(link.row, [KEY])
    link.fail()
    assert told == ["run-0001 engine_gone"]
    store.want(link.row, [KEY])
    assert len(link.asked) == 2


def test_runs_that_no_page_shows_are_forgotten(link: _Link) -> None:
    store = CurveStore(link)  # type: ignore[arg-type]
    store.want(link.row, [KEY])
    store.keep_only([])
    link.answer()
    assert len(store.curve("run-0001", KEY)) == 0


def test_gaps_stay_gaps_when_read_and_when_smoothed() -> None:
    curve = curve_from(Series(KEY, [1.0, 2.0, 3.0], [1.0, None, 3.0]))
    assert math.isnan(curve.y[1])
    assert math.isnan(smooth(curve.y, 0.6)[1])
    assert curve.last == 3.0


def test_smoothing_has_no_bias_at_the_start() -> None:
    constant = np.full(5, 7.0)
    assert np.allclose(smooth(constant, 0.9), constant)
    assert smooth(constant, 0.0) is constant


def test_change_over_a_time_needs_two_points() -> None:
    assert change_over(Curve(np.array([1.0]), np.array([1.0]), np.array([0.0])), 600) is None
    curve = Curve(np.arange(4.0), np.array([1.0, 5.0, 7.0, 9.0]), np.array([0.0, 400, 800, 1200]))
    assert change_over(curve, 600) == 4.0
