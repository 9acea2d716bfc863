"""metrics.jsonl and events.jsonl: whole lines, finite numbers, a full disk said clearly."""

from __future__ import annotations

import errno
import json
import os

import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.reporter import Reporter


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def lines(folder, name):
    file = folder / name
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_metrics_are_lines_of_time_step_and_values(tmp_path, clock):
    reporter = Reporter(tmp_path, clock=clock)
    reporter.metrics(12, {"rollout/return_mean": 1.5})
    reporter.metrics(24, {"rollout/return_mean": 2.5})
    assert lines(tmp_path, "metrics.jsonl") == [
        {"t": 1000.0, "step": 12, "m": {"rollout/return_mean": 1.5}},
        {"t": 1000.0, "step": 24, "m": {"rollout/return_mean": 2.5}},
    ]


def test_what_is_not_finite_becomes_null_and_one_event(tmp_path, clock):
    reporter = Reporter(tmp_path, clock=clock)
    for value in (float("nan"), float("inf")):
        reporter.metrics(1, {"a": value, "b": 1.0})
    assert [line["m"] for line in lines(tmp_path, "metrics.jsonl")] == [{"a": None, "b": 1.0}] * 2
    (event,) = lines(tmp_path, "events.jsonl")
    assert event["kind"] == "notice"
    assert "a is nan" in event["text"]


def test_metrics_come_at_most_four_times_a_second(tmp_path, clock):
    reporter = Reporter(tmp_path, clock=clock)
    assert reporter.metrics_due()
    reporter.metrics(1, {})
    clock.now += 0.2
    assert not reporter.metrics_due()
    clock.now += 0.05
    assert reporter.metrics_due()


def test_progress_comes_at_most_once_a_second_and_at_the_end(tmp_path, clock):
    reporter = Reporter(tmp_path, clock=clock)
    for step in range(100):
        clock.now += 0.1
        reporter.progress("Training", step, step / 100)
    reporter.progress("Training", 100, 1.02)
    told = [line["fraction"] for line in lines(tmp_path, "events.jsonl")]
    assert 10 <= len(told) <= 12
    assert told[-1] == 1.0


def test_other_ranks_write_nothing(tmp_path):
    reporter = Reporter(tmp_path, active=False)
    reporter.metrics(1, {"a": float("nan")})
    reporter.event("notice", "text")
    assert list(tmp_path.iterdir()) == []


def test_an_error_event_carries_the_hint(tmp_path):
    Reporter(tmp_path).error(LeptonError("It failed.", "Mend it.", code="word"))
    (event,) = lines(tmp_path, "events.jsonl")
    assert (event["kind"], event["text"], event["hint"]) == ("error", "It failed.", "Mend it.")


@pytest.mark.parametrize("short", [False, True])
def test_a_full_disk_is_said_and_leaves_no_half_line(tmp_path, monkeypatch, short):
    reporter = Reporter(tmp_path)
    reporter.event("notice", "before")
    before = (tmp_path / "events.jsonl").read_bytes()
    write = os.write

    def full(handle, data):
        if short:
            return write(handle, data[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(LeptonError, match="disk is full") as caught:
            reporter.event("notice", "lost")
    assert caught.value.code == "disk_full"
    assert (tmp_path / "events.jsonl").read_bytes() == before
    reporter.event("notice", "after")
    assert [line["text"] for line in lines(tmp_path, "events.jsonl")] == ["before", "after"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(LeptonError, match="cannot be written"):
        Reporter(tmp_path / "absent").event("notice", "text")
