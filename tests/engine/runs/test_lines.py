"""Lines of job files, from well-behaved and from hostile nodes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.engine.runs.lines import Event, clean, event_line, metric_line, split


def test_every_line_has_the_offset_of_its_first_byte():
    text = "a\nüb\n\nc\u2028d\n"
    size = len(text.encode())
    assert list(split(text, 100, 100 + size)) == [(100, "a"), (102, "üb"), (107, "c\u2028d")]


@given(st.binary(max_size=60), st.integers(0, 1000))
def test_places_of_undecodable_lines_stay_distinct_and_inside(data, offset):
    text = data.decode("utf-8", "replace")
    places = [place for place, _line in split(text, offset, offset + len(data))]
    assert places == sorted(set(places))
    assert all(offset <= place < offset + max(len(data), 1) for place in places)


def test_metric_line_is_read():
    line = metric_line(7, '{"t": 5.5, "step": 64, "m": {"a/b": 1, "nan": null, "x": 2.5}}')
    assert (line.offset, line.step, line.time) == (7, 64, 5.5)
    assert line.values == {"a/b": 1.0, "nan": None, "x": 2.5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"step": 1}',
        '{"m": {}}',
        '{"step": "1", "m": {}}',
        '{"step": true, "m": {}}',
        '{"step": 1.5, "m": {}}',
        '{"step": 99999999999999999999999999, "m": {}}',
        '{"step": 1, "m": []}',
        "[" * 5000,
    ],
)
def test_what_is_no_metric_line_is_none(text):
    assert metric_line(0, text) is None


def test_values_that_are_no_numbers_are_gaps():
    line = metric_line(0, '{"step":1,"m":{"a":"x","b":true,"c":[1],"d":1e999}}')
    assert line is None or set(line.values.values()) == {None}


@given(st.text())
def test_no_line_is_fatal(text):
    metric_line(0, text)
    event_line(0, text)


def test_event_line_is_read_and_stripped_of_control_characters():
    body = {"t": 1, "kind": "error", "text": "bad\x1b[31m\x00", "hint": "do", "step": 3}
    event = event_line(0, json.dumps(body))
    assert event == Event("error", "bad[31m", 1.0, 3, hint="do")
    assert event_line(0, '{"text": "x"}') is None


def test_clean_bounds_the_length():
    assert len(clean("x" * 10_000)) == 4000
