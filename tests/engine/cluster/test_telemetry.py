import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_desktop.engine.cluster.telemetry import KEPT_SECONDS, Ring, cluster_mean, series
from lepton_desktop.wire.node import GpuColumns, HostSample, Sample


def sample(cpu: float | None, *gpus: float | None) -> Sample:
    return Sample(0.0, HostSample(cpu_percent=cpu), GpuColumns(utilisation_percent=list(gpus)))


def filled(values: list[float | None], start: float = 1000.0) -> Ring:
    ring = Ring()
    for index, value in enumerate(values):
        ring.add(sample(value), start + index)
    return ring


def test_readings_come_back_in_order_and_exact() -> None:
    found = series(filled([1.0, 2.0, 3.0]), "host.cpu_percent", 0.0, 0)
    assert (found.x, found.y) == ([1000.0, 1001.0, 1002.0], [1.0, 2.0, 3.0])
    assert (found.count, found.decimated) == (3, False)


def test_only_the_asked_time_is_answered() -> None:
    assert series(filled([1.0, 2.0, 3.0]), "host.cpu_percent", 1001.0, 0).y == [2.0, 3.0]


def test_memory_is_bounded_and_the_oldest_go_first() -> None:
    ring = filled([float(value) for value in range(2000)])
    found = series(ring, "host.cpu_percent", 0.0, 0)
    assert found.count == KEPT_SECONDS
    assert (found.y[0], found.y[-1]) == (1100.0, 1999.0)


def test_a_missing_reading_is_none_and_never_zero() -> None:
    assert series(filled([1.0, None, 3.0]), "host.cpu_percent", 0.0, 0).y == [1.0, None, 3.0]


def test_what_a_node_does_not_report_is_an_empty_series() -> None:
    ring = filled([1.0, 2.0])
    for key in ("host.temperature_celsius", "gpu.power_watts", "nonsense", "gpu.0.power_watts"):
        found = series(ring, key, 0.0, 100)
        assert (found.x, found.y) == ([], [])


def test_a_pause_is_a_gap() -> None:
    ring = filled([1.0, 2.0])
    ring.add(sample(5.0), 1020.0)
    found = series(ring, "host.cpu_percent", 0.0, 0)
    assert found.y == [1.0, 2.0, None, 5.0]
    assert found.x == sorted(found.x)


def test_decimation_keeps_spikes_both_ways() -> None:
    values: list[float | None] = [50.0] * 800
    values[123], values[456] = 99.0, 1.0
    found = series(filled(values), "host.cpu_percent", 0.0, 50)
    assert found.decimated
    assert found.count == 800
    assert len(found.x) <= 200
    assert {99.0, 1.0} <= set(found.y)


def test_gpu_keys_mean_all_devices_or_one() -> None:
    ring = Ring()
    ring.add(sample(None, 10.0, 30.0), 1.0)
    ring.add(sample(None, None, 50.0), 2.0)
    assert series(ring, "gpu.utilisation_percent", 0.0, 0).y == [20.0, 50.0]
    assert series(ring, "gpu.1.utilisation_percent", 0.0, 0).y == [30.0, 50.0]
    assert series(ring, "gpu.0.utilisation_percent", 0.0, 0).y == [10.0, None]


def test_large_numbers_keep_seven_digits() -> None:
    ring = Ring()
    ring.add(Sample(0.0, HostSample(memory_used_bytes=1_234_567_890_123)), 1.0)
    found = series(ring, "host.memory_used_bytes", 0.0, 0)
    assert found.y[0] == pytest.approx(1_234_567_890_123, rel=1e-7)


def test_the_cluster_mean_covers_the_nodes_that_report() -> None:
    first = filled([10.0, 10.0, 10.0, 10.0])
    second = filled([30.0, 30.0])
    found = cluster_mean([first, second, Ring()], "host.cpu_percent", 999.5, 1004.0, 0)
    assert [value for value in found.y if value is not None] == [20.0, 20.0, 10.0, 10.0]


def test_the_cluster_mean_of_nothing_is_empty() -> None:
    assert cluster_mean([], "host.cpu_percent", 0.0, 10.0, 100).x == []
    assert cluster_mean([Ring()], "host.cpu_percent", 0.0, 10.0, 100).x == []


def test_the_cluster_mean_fits_the_width() -> None:
    ring = filled([float(value) for value in range(900)])
    found = cluster_mean([ring], "host.cpu_percent", 1000.0, 1900.0, 60)
    assert len(found.x) <= 61
    assert not any(value is None or math.isnan(value) for value in found.y)


FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(FLOATS, st.none() | st.integers(), st.lists(FLOATS, max_size=200))
def test_whatever_an_agent_reports_stays_bounded_and_can_be_sent(
    cpu: float | None, memory: int | None, gpus: list[float | None]
) -> None:
    ring = Ring()
    host = HostSample(cpu_percent=cpu, memory_used_bytes=memory)
    ring.add(Sample(0.0, host, GpuColumns(utilisation_percent=gpus)), 1.0)
    for key in ("host.cpu_percent", "host.memory_used_bytes", "gpu.utilisation_percent"):
        json.dumps(series(ring, key, 0.0, 0).y, allow_nan=False)
    assert ring._table.shape[1] <= 2 + 64
