import pytest

from lepton_desktop.gui.models.node_filter import FilterTerm, matches, parse_filter
from lepton_desktop.wire.desk import LinkState
from tests.gui import lab_rows


def test_fields_and_words_are_told_apart() -> None:
    assert parse_filter("gpu:A100 state:up robo tag:Lab-1") == [
        FilterTerm("gpu", "a100"),
        FilterTerm("state", "up"),
        FilterTerm("", "robo"),
        FilterTerm("tag", "lab-1"),
    ]


def test_an_unknown_field_is_free_text_and_an_unfinished_one_filters_nothing() -> None:
    assert parse_filter("rack:7 gpu:") == [FilterTerm("", "rack:7")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu:a100", {"big"}),
        ("gpu:none", {"small", "lost"}),
        ("state:up", {"big", "small"}),
        ("state:down", {"lost"}),
        ("state:drained", {"small"}),
        ("tag:robotics", {"big"}),
        ("env:missing", {"small"}),
        ("env:ready state:up", {"big"}),
        ("lo", {"lost"}),
        ("10.4.1", {"big", "small", "lost"}),
        ("nothing-like-it", set()),
        ("", {"big", "small", "lost"}),
    ],
)
def test_every_term_must_match(text: str, expected: set[str]) -> None:
    rows = [
        lab_rows.node("big", 8),
        lab_rows.node("small", 0, drained=True, python=""),
        lab_rows.node("lost", 0, state=LinkState.RECONNECTING),
    ]
    terms = parse_filter(text)
    assert {row.name for row in rows if matches(row, terms)} == expected
