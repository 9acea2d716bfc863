"""The wire's lines: whatever arrives, nothing but WireError comes out."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.errors import LeptonError, WireError
from lepton_desktop.wire.framing import (
    INTERNAL_ERROR,
    OPERATOR_ERROR,
    WIRE_VERSION,
    Failure,
    LineSplitter,
    Notification,
    Reply,
    Request,
    decode,
    encode,
    error_from,
    failure_from,
    hello,
    message_from,
    read_hello,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
params = st.dictionaries(st.text(), values, max_size=3)
messages = st.one_of(
    st.builds(Request, st.integers(), st.text(), params),
    st.builds(Reply, st.integers(), values),
    st.builds(Failure, st.none() | st.integers(), st.integers(), st.text(), params),
    st.builds(Notification, st.text(), params),
)


@given(messages)
def test_a_message_is_one_line_and_comes_back_as_it_was(message):
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == message


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_wire_error(data):
    try:
        message = decode(data)
    except WireError:
        return
    assert isinstance(message, (Request, Reply, Failure, Notification))


@given(values)
def test_no_json_value_raises_anything_but_wire_error(value):
    try:
        message = message_from(value)
    except WireError:
        return
    assert decode(encode(message)) == message


def test_deep_nesting_is_an_error_and_no_crash():
    with pytest.raises(WireError):
        decode(b"[" * 100_000)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_refused(number):
    with pytest.raises(ValueError, match="JSON"):
        encode(Notification("x", {"value": number}))


@given(st.lists(st.binary(max_size=30)), st.lists(st.integers(1, 9), min_size=1))
def test_lines_do_not_depend_on_how_the_bytes_arrive(lines, cuts):
    lines = [line.replace(b"\n", b"") for line in lines]
    stream = b"".join(line + b"\n" for line in lines)
    splitter, found, index = LineSplitter(), [], 0
    while stream:
        size = cuts[index % len(cuts)]
        found += splitter.feed(stream[:size])
        stream, index = stream[size:], index + 1
    assert found == lines
    assert splitter.dropped == 0


@given(st.lists(st.binary(max_size=60)), st.integers(1, 20), st.lists(st.integers(1, 9)))
def test_over_long_lines_are_dropped_and_counted_and_the_others_kept(lines, limit, cuts):
    lines = [line.replace(b"\n", b"") for line in lines]
    stream = b"".join(line + b"\n" for line in lines)
    splitter, found = LineSplitter(limit), []
    for size in cuts:
        found += splitter.feed(stream[:size])
        stream = stream[size:]
    found += splitter.feed(stream)
    assert found == [line for line in lines if len(line) <= limit]
    assert splitter.dropped == sum(len(line) > limit for line in lines)


def test_an_endless_line_takes_no_memory():
    splitter = LineSplitter(limit=1000)
    for _ in range(1000):
        assert splitter.feed(b"x" * 1000) == []
    assert len(splitter._rest) <= 1000
    assert splitter.feed(b"\nhello\n") == [b"hello"]
    assert splitter.dropped == 1


@given(st.binary(max_size=80))
def test_shell_noise_is_no_hello(line):
    if line.decode("utf-8", "replace").split()[:1] != ["lepton-wire"]:
        assert read_hello(line) is None


def test_hello_names_the_role_and_refuses_another_version():
    assert read_hello(hello("agent").strip()) == "agent"
    with pytest.raises(WireError, match=f"version {WIRE_VERSION + 1}"):
        read_hello(f"lepton-wire {WIRE_VERSION + 1} agent".encode())


def test_an_operators_error_travels_whole_a_bug_by_name():
    sent = LeptonError("It failed.", "Try again.", code="some_code")
    failure = decode(encode(failure_from(7, sent)))
    assert isinstance(failure, Failure)
    assert failure.code == OPERATOR_ERROR
    received = error_from(failure)
    assert (received.message, received.hint, received.code) == (
        "It failed.",
        "Try again.",
        "some_code",
    )
    bug = failure_from(None, KeyError("x"))
    assert (bug.code, bug.message) == (INTERNAL_ERROR, "KeyError: 'x'")


@given(st.dictionaries(st.sampled_from(["id", "method", "params", "result", "error"]), values))
def test_half_right_messages_are_refused_or_read(body):
    line = json.dumps(body).encode()
    with contextlib.suppress(WireError):
        assert decode(line) == message_from(body)
