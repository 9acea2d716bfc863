"""Numbers, durations and progress as text."""

import io

import pytest

from lepton_desktop.client.status_line import StatusLine
from lepton_desktop.client.words import (
    bar,
    bytes_text,
    clean,
    number_text,
    percent_text,
    run_progress,
    run_returns,
    seconds_text,
)
from tests.cli.rows import run_row


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7_800, "2 h 10 min"),
        (270_000, "3 d 3 h"),
    ],
)
def test_durations(seconds, text):
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (3_400_000_000, "3.4 GB"), (5e15, "5000.0 TB")],
)
def test_sizes(count, text):
    assert bytes_text(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (500.0, "500"),
        (1_234_567, "1,234,567"),
        (0.12345, "0.1235"),
        (-1.25, "-1.25"),
        (12345.678, "12,345.7"),
        (3e-6, "3.000e-06"),
    ],
)
def test_numbers(value, text):
    assert number_text(value) == text


def test_missing_is_never_zero():
    assert percent_text(None) == "–"
    assert percent_text(0.0) == "0 %"


def test_bars_keep_their_width():
    assert {len(bar(value)) for value in (None, -1.0, 0.0, 0.5, 1.0, 2.0)} == {24}
    assert bar(0.5) == "█" * 12 + "░" * 12


def test_control_characters_are_removed():
    assert clean("a\x1b[31mb\r\nc\u202ed") == "a [31mb  c d"
    assert clean("a\nb\tc", keep="\n") == "a\nb c"


def test_a_run_reads_as_two_lines():
    row = run_row(seconds_left=31.0)
    assert run_progress(row).endswith(" 25%  25,000 of 100,000 steps  2,400 steps/s  31 s left")
    assert run_returns(row) == "return 123.4  centre -1.25  upright 100.5"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_redraws_the_line_and_a_file_gets_some_of_them():
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        line = StatusLine(every_seconds=1000.0, stream=stream)
        for text in ("one", "two", "two"):
            line.show(text)
        line.end()
    assert terminal.getvalue() == "\r\x1b[2Kone\r\x1b[2Ktwo\n"
    assert file.getvalue() == "one\n"
