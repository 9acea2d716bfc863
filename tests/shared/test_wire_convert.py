"""JSON objects to dataclasses: every record of the house makes the round trip."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import json
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_desktop import specs
from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire import desk, node
from lepton_desktop.wire.convert import build, dump

RECORDS = [
    kind
    for module in (node, desk, specs)
    for kind in vars(module).values()
    if dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def values_of(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is typing.Any:
        return json_values
    if origin is typing.Union:
        return st.one_of(*(values_of(item) for item in args))
    if origin is dict:
        return st.dictionaries(st.text(max_size=4), values_of(args[1]), max_size=2)
    if origin is list:
        return st.lists(values_of(args[0]), max_size=2)
    if origin is tuple:
        return st.lists(values_of(args[0]), max_size=2).map(tuple)
    if hint is type(None):
        return st.none()
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    if dataclasses.is_dataclass(hint):
        return records_of(hint)
    scalars = {
        str: st.text(max_size=6),
        int: st.integers(0, 2**53),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
    }
    return scalars[hint]


def records_of(kind: type) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(kind)
    fields = {item.name: values_of(hints[item.name]) for item in dataclasses.fields(kind)}
    if kind in (specs.NodeSpec, specs.RunSpec, specs.RewardSpec):
        fields["name"] = st.from_regex(r"[a-z][a-z0-9._-]{0,8}", fullmatch=True)
    return st.builds(kind, **fields)


@settings(max_examples=8, deadline=None)
@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_record_survives_the_way_through_json(kind, data):
    record = data.draw(records_of(kind))
    assert build(kind, json.loads(json.dumps(dump(record)))) == record


@settings(max_examples=12, deadline=None)
@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_no_json_value_raises_anything_but_our_errors(kind, data):
    names = [item.name for item in dataclasses.fields(kind)]
    body = data.draw(json_values | st.dictionaries(st.sampled_from(names), json_values))
    with contextlib.suppress(LeptonError):
        assert isinstance(build(kind, body), kind)


def test_unknown_fields_are_ignored():
    body = {"name": "node", "address": "here", "state": "UP", "colour": "blue"}
    assert build(desk.NodeRow, body) == desk.NodeRow("node", "here", desk.LinkState.UP)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "a", "address": "b"}, "state"),
        ({"name": "a", "address": "b", "state": "SIDEWAYS"}, "state"),
        ({"name": "a", "address": "b", "state": "UP", "drained": 1}, "drained"),
        ({"name": "a", "address": "b", "state": "UP", "facts": {"os": 3}}, "facts.os"),
        ({"name": "a", "address": "b", "state": "UP", "tags": ["x", 3]}, r"tags\[1\]"),
        ([], "NodeRow"),
    ],
)
def test_an_error_names_the_path(body, path):
    with pytest.raises(WireError, match=path):
        build(desk.NodeRow, body)


def test_defaults_are_left_out():
    row = desk.NodeRow("node", "here", desk.LinkState.UP)
    assert dump(row) == {"name": "node", "address": "here", "state": "UP"}


def test_whole_numbers_are_good_floats_but_truth_is_no_number():
    assert build(desk.Series, {"key": "k", "x": [1], "y": [None]}).x == [1.0]
    with pytest.raises(WireError):
        build(desk.Series, {"key": "k", "x": [True], "y": []})
