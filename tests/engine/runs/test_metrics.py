"""Ingestion: whatever is split, repeated, overlapped or lost, each line is stored once."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton_desktop.engine.runs import ledger
from lepton_desktop.engine.runs.lines import EVENTS, METRICS, OUTPUT
from lepton_desktop.engine.runs.metrics import Fit, event_view, series, take
from lepton_desktop.engine.store import Store
from lepton_desktop.wire.node import JobLines
from tests.engine.runs.making import make_job, make_run, stored


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory):
    opened = Store(tmp_path_factory.mktemp("store") / "store.sqlite")
    yield opened
    opened.close()


def part(job, file, offset, text, size=None):
    return JobLines(job.job_id, file, offset, offset + (size or len(text.encode())), text)


def taken(store, run, job, lines, accept_gap=False):
    return store.transact(lambda base: take(base, run, job, lines, accept_gap))


def points_in(store, run):
    found = store.transact(lambda base: series(base, run, [], 0, (None, None)))
    return {one.key: list(zip(one.x, one.y, one.time, strict=True)) for one in found}


metric_lines = st.lists(
    st.fixed_dictionaries(
        {
            "t": st.floats(0, 1e9),
            "step": st.integers(0, 50),
            "m": st.dictionaries(
                st.sampled_from(["a", "b", "ü"]), st.none() | st.floats(-9, 9), max_size=3
            ),
        }
    ),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metric_lines, st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=15))
def test_any_split_repeat_or_loss_stores_the_same_rows(shared_store, lines, deliveries):
    store = shared_store
    store.transact(lambda base: base.execute("DELETE FROM runs"))
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    encoded = [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines]
    ends = [0]
    for line in encoded:
        ends.append(ends[-1] + len(line))
    # The deliveries are as bad as they like; the last one is the follow from the stored offset.
    for low, high in [*deliveries, (None, len(lines))]:
        offset = store.transact(lambda base: ledger.offsets(base, job)).get(METRICS, 0)
        first = ends.index(offset) if low is None else min(low, len(lines))
        last = min(high, len(lines))
        if last > first:
            text = b"".join(encoded[first:last]).decode()
            fit = taken(store, run, job, part(job, METRICS, ends[first], text)).fit
            assert (fit is Fit.GAP) == (ends[first] > offset)
    expected = {}
    for line in lines:
        for key, value in line["m"].items():
            expected.setdefault(key, []).append((line["step"], value, line["t"]))
    for rows in expected.values():
        rows.sort(key=lambda row: row[0])
    assert points_in(store, run) == expected


def test_overlapping_part_adds_its_new_end_only(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    one, two = '{"step":1,"m":{"a":1}}\n', '{"step":2,"m":{"a":2}}\n'
    assert taken(store, run, job, part(job, METRICS, 0, one)).fit is Fit.NEXT
    found = taken(store, run, job, part(job, METRICS, 0, one + two))
    assert [line.step for line in found.metrics] == [2]
    assert points_in(store, run)["a"] == [(1.0, 1.0, 0.0), (2.0, 2.0, 0.0)]


def test_gap_is_refused_with_the_stored_offsets_unless_the_node_has_no_more(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    taken(store, run, job, part(job, OUTPUT, 0, "one\n"))
    lost = part(job, OUTPUT, 100, "two\n")
    refused = taken(store, run, job, lost)
    assert refused.fit is Fit.GAP
    assert refused.offsets == {OUTPUT: 4}
    assert taken(store, run, job, lost, accept_gap=True).fit is Fit.NEXT
    assert taken(store, run, job, lost).fit is Fit.OLD


def test_malformed_lines_are_counted_and_the_rest_is_stored(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    text = 'oops\n{"step":1,"m":{"a":1}}\n\ud800\n'
    size = len(text.encode("utf-8", "replace"))
    found = taken(store, run, job, part(job, METRICS, 0, text, size))
    assert found.malformed == 2
    assert list(points_in(store, run)) == ["a"]


def test_undecodable_bytes_do_not_shift_later_offsets(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    raw = b'\xff\xfe\n{"step":1,"m":{"a":1}}\n'
    text = raw.decode("utf-8", "replace")
    taken(store, run, job, part(job, METRICS, 0, text, len(raw)))
    second = '{"step":1,"m":{"a":5}}\n'
    taken(store, run, job, part(job, METRICS, len(raw), second))
    assert [value for _x, value, _t in points_in(store, run)["a"]] == [1.0, 5.0]


def test_dropped_over_long_line_moves_the_offset(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    taken(store, run, job, part(job, METRICS, 0, "", 5_000_000))
    assert store.transact(lambda base: ledger.offsets(base, job)) == {METRICS: 5_000_000}


def test_events_are_stored_in_order_and_seen_by_clients(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    text = (
        '{"t":1,"kind":"started","text":"go"}\n'
        '{"t":2,"kind":"checkpoint","text":"saved","step":64,"file":"checkpoints/step_64.pt"}\n'
    )
    found = taken(store, run, job, part(job, EVENTS, 0, text))
    assert [event.kind for event in found.events] == ["started", "checkpoint"]
    bodies = store.transact(lambda base: ledger.events_of(base, run))
    assert event_view(bodies[1][1]) == {
        "t": 2.0,
        "kind": "checkpoint",
        "text": "saved",
        "step": 64,
        "file": "checkpoints/step_64.pt",
    }


def test_long_series_is_decimated_with_its_extremes(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    values = [0.0] * 5000
    values[1234], values[4321] = 99.0, -99.0
    text = "".join(
        json.dumps({"t": n, "step": n, "m": {"a": value}}) + "\n" for n, value in enumerate(values)
    )
    taken(store, run, job, part(job, METRICS, 0, text))
    (found,) = store.transact(lambda base: series(base, run, ["a"], 100, (None, None)))
    assert found.decimated
    assert found.count == 5000
    assert len(found.x) <= 500
    assert (max(found.y), min(found.y)) == (99.0, -99.0)
    (zoomed,) = store.transact(lambda base: series(base, run, ["a"], 100, (1200, 1300)))
    assert not zoomed.decimated
    assert zoomed.x == [float(n) for n in range(1200, 1301)]


def test_output_beyond_the_limit_is_let_go_oldest_first(store, monkeypatch):
    monkeypatch.setattr(ledger, "OUTPUT_KEPT_BYTES", 10)
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    for number in range(5):
        taken(store, run, job, part(job, OUTPUT, 4 * number, f"l {number}\n"))
    parts = store.transact(lambda base: ledger.output_before(base, job, None, 1000))
    assert "".join(one.text for one in parts) == "l 2\nl 3\nl 4\n"


@given(
    st.lists(st.text("abü\n", min_size=1, max_size=12), min_size=1, max_size=8),
    st.integers(1, 40),
)
def test_pages_of_output_join_to_the_whole(texts, limit):
    texts = [f"{text}\n" for text in texts]
    parts, offset = [], 0
    for text in texts:
        size = len(text.encode())
        parts.append(ledger.OutputPart(offset, offset + size, text))
        offset += size
    whole, before = "", None
    while before is None or before > 0:
        known = [one for one in parts if before is None or one.offset < before]
        text, begin = ledger.tail(known, before, limit)
        assert begin < (offset if before is None else before)
        whole, before = text + whole, begin
    assert whole == "".join(texts)


def test_runs_come_back_as_they_were(store):
    run = make_run()
    job = make_job(run)
    stored(store, run, job)
    text = '{"t":1,"step":8,"m":{"a":1,"b":null}}\n{"t":2,"step":16,"m":{"a":3}}\n'
    taken(store, run, job, part(job, METRICS, 0, text))
    (back,) = store.transact(ledger.load_runs)
    assert back.row().jobs == run.row().jobs
    assert back.row().spec == run.row().spec
    assert back.progress.newest == {"a": 3.0}
    assert (back.progress.step, back.progress.count) == (16, 3)


def test_numbers_of_runs_are_never_given_twice(store):
    first = stored(store, make_run("one"))
    second = stored(store, make_run("two"))
    store.transact(lambda base: ledger.delete_run(base, second))
    third = stored(store, make_run("three"))
    assert (first.number, second.number, third.number) == (1, 2, 3)
