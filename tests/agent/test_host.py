import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lepton_desktop.agent.probes.host import HostProbe, best_reader
from lepton_desktop.agent.probes.host_counters import CpuTimes, Memory
from lepton_desktop.agent.probes.host_proc import ProcReader
from lepton_desktop.agent.probes.host_psutil import PsutilReader
from lepton_desktop.wire.node import HostSample
from tests.agent.agent_process import wait_until

UNIX_MEGABYTE = 1024 * 1024


class ScriptedReader:
    """Counters that a test sets; a value that is an exception is raised (serves faults)."""

    name = "scripted"

    def __init__(self) -> None:
        self.cpu_times: list[CpuTimes] | Exception = [CpuTimes(10, 100), CpuTimes(50, 100)]
        self.bytes = (0, 0)

    def cpu(self) -> list[CpuTimes]:
        if isinstance(self.cpu_times, Exception):
            raise self.cpu_times
        return self.cpu_times

    def memory(self) -> Memory:
        return Memory(1000, 400, 7)

    def disks(self) -> Mapping[str, tuple[int, int]]:
        return {"nothing-physical": self.bytes}

    def networks(self) -> Mapping[str, tuple[int, int]]:
        return {"lo": (999, 999)}


def test_readers_agree(tmp_path: Path) -> None:
    """psutil and /proc, read side by side, give the same sample within tolerance."""
    probes = [HostProbe(PsutilReader(), tmp_path), HostProbe(ProcReader(), tmp_path)]
    for probe in probes:
        probe.read()
    busy_until = time.monotonic() + 0.6
    wait_until(lambda: time.monotonic() > busy_until)
    (one, one_reasons), (two, two_reasons) = (probe.read() for probe in probes)
    assert one_reasons == two_reasons
    assert one.cpu_percent == pytest.approx(two.cpu_percent, abs=12)
    assert len(one.cpu_per_core) == len(two.cpu_per_core) == os.cpu_count()
    assert one.memory_total_bytes == two.memory_total_bytes
    assert one.memory_used_bytes == pytest.approx(two.memory_used_bytes, abs=64 * UNIX_MEGABYTE)
    assert one.swap_used_bytes == pytest.approx(two.swap_used_bytes, abs=UNIX_MEGABYTE)
    assert one.disk_total_bytes == two.disk_total_bytes
    assert one.load_1m == pytest.approx(two.load_1m, abs=1)


def test_counters_of_the_readers_agree() -> None:
    one, two = PsutilReader(), ProcReader()
    assert dict(one.disks()).keys() <= dict(two.disks()).keys()
    for name, pair in one.disks().items():
        assert two.disks()[name] == pytest.approx(pair, rel=0.05, abs=16 * UNIX_MEGABYTE)
    assert dict(one.networks()).keys() == dict(two.networks()).keys()
    for mine, other in zip(one.cpu(), two.cpu(), strict=True):
        assert mine.total == pytest.approx(other.total, abs=1)
        assert mine.busy == pytest.approx(other.busy, abs=1)


def test_psutil_is_preferred_where_it_is_there() -> None:
    assert best_reader().name == "psutil"


def test_a_psutil_that_does_not_work_is_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("psutil.virtual_memory")
    assert best_reader().name == "/proc"


def test_rates_come_from_deltas(tmp_path: Path) -> None:
    reader = ScriptedReader()
    probe = HostProbe(reader, tmp_path)
    first, reasons = probe.read()
    assert first.cpu_percent is None
    assert reasons["host.cpu_percent"] == "needs two readings"
    reader.cpu_times = [CpuTimes(10 + 2, 110), CpuTimes(50 + 8, 110)]
    reader.bytes = (5000, 100)
    then = time.monotonic()
    wait_until(lambda: time.monotonic() > then + 0.1)
    second, reasons = probe.read()
    assert second.cpu_percent == 50.0
    assert second.cpu_per_core == [20, 80]
    assert second.memory_used_bytes == 600
    assert 0 < (second.disk_read_bytes_per_second or 0) <= 50_000
    assert reasons["host.network_send_bytes_per_second"] == "no network interface is counted here"


def test_one_ill_source_costs_only_its_fields(tmp_path: Path) -> None:
    reader = ScriptedReader()
    reader.cpu_times = OSError("stat cannot be read")
    sample, reasons = HostProbe(reader, tmp_path).read()
    assert sample.cpu_percent is None
    assert reasons["host.cpu_per_core"] == "stat cannot be read"
    assert sample.memory_total_bytes == 1000


def test_counters_that_went_back_are_no_negative_rate(tmp_path: Path) -> None:
    reader = ScriptedReader()
    reader.bytes = (10_000, 10_000)
    probe = HostProbe(reader, tmp_path)
    probe.read()
    reader.bytes = (0, 0)
    then = time.monotonic()
    wait_until(lambda: time.monotonic() > then + 0.1)
    assert probe.read()[0].disk_read_bytes_per_second == 0


def test_proc_reader_understands_an_old_kernel(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "stat").write_text("cpu  9 0 9 100 5\ncpu0 9 0 9 100 5\nintr 1\n")
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemFree: 30 kB\n")
    (tmp_path / "diskstats").write_text("  8 0 sda 1 2 10 4 5 6 20 8 9 10 11\n")
    (tmp_path / "net" / "dev").write_text("a\nb\n eth0: 7 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\n")
    reader = ProcReader(tmp_path)
    (cpu,) = reader.cpu()
    assert cpu.busy / cpu.total == pytest.approx(18 / 123)
    assert reader.memory() == Memory(100 * 1024, 30 * 1024, 0)
    assert reader.disks() == {"sda": (5120, 10240)}
    assert reader.networks() == {"eth0": (7, 9)}


def test_missing_data_is_none_never_zero(tmp_path: Path) -> None:
    sample, reasons = HostProbe(ProcReader(tmp_path / "nowhere"), tmp_path).read()
    empty = replace(
        sample, load_1m=None, disk_free_bytes=None, disk_total_bytes=None, temperature_celsius=None
    )
    assert empty == HostSample()
    assert "host.cpu_percent" in reasons
