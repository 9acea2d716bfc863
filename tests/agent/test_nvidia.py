"""The NVIDIA probe against a fake NVML that injects faults; no real GPU takes part."""

import pytest

from lepton_desktop.agent.probes import nvidia
from lepton_desktop.agent.probes.nvidia import QUERIES, NvidiaProbe
from tests.agent.fake_nvml import (
    NVML_ERROR_GPU_IS_LOST,
    NVML_ERROR_NOT_SUPPORTED,
    FakeNvml,
    NVMLError,
)

CALLS = {
    "nvmlDeviceGetUtilizationRates": ("utilisation_percent", "memory_utilisation_percent"),
    "nvmlDeviceGetMemoryInfo": ("memory_used_bytes",),
    "nvmlDeviceGetPowerUsage": ("power_watts",),
    "nvmlDeviceGetEnforcedPowerLimit": ("power_limit_watts",),
    "nvmlDeviceGetTemperature": ("temperature_celsius",),
    "nvmlDeviceGetFanSpeed": ("fan_percent",),
    "nvmlDeviceGetClockInfo": ("sm_clock_mhz",),
    "nvmlDeviceGetCurrentClocksThrottleReasons": ("throttle",),
}


def probe_of(fake: FakeNvml) -> NvidiaProbe:
    return NvidiaProbe(load=lambda: fake)  # type: ignore[arg-type, return-value]


def test_calls_of_the_test_cover_every_query() -> None:
    assert list(CALLS.values()) == [query.fields for query in QUERIES]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", [NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_GPU_IS_LOST, 999])
def test_one_failing_call_costs_only_its_fields(call: str, code: int) -> None:
    fake = FakeNvml(2)
    fake.faults[call, 1] = NVMLError(code)
    good, bad = probe_of(fake).read()
    assert good.reasons == {}
    assert set(bad.reasons) == set(CALLS[call])
    for name in CALLS[call]:
        assert getattr(bad, name) is None
        assert getattr(good, name) is not None


@pytest.mark.parametrize("error", [AttributeError("old pynvml"), TypeError("odd"), OSError("x")])
def test_errors_other_than_nvml_s_are_reasons_too(error: Exception) -> None:
    fake = FakeNvml(1)
    fake.faults["nvmlDeviceGetTemperature"] = error
    (reading,) = probe_of(fake).read()
    assert reading.reasons["temperature_celsius"] == str(error)


def test_what_is_unsupported_is_asked_once_and_what_failed_again() -> None:
    fake = FakeNvml(1)
    fake.faults["nvmlDeviceGetFanSpeed"] = NVMLError(NVML_ERROR_NOT_SUPPORTED)
    fake.faults["nvmlDeviceGetTemperature"] = NVMLError(999)
    probe = probe_of(fake)
    for _ in range(3):
        probe.read()
    asked = [name for name, _ in fake.calls]
    assert asked.count("nvmlDeviceGetFanSpeed") == 1
    assert asked.count("nvmlDeviceGetTemperature") == 3
    fake.faults.clear()
    (reading,) = probe.read()
    assert reading.temperature_celsius is not None
    assert reading.reasons == {"fan_percent": nvidia.UNSUPPORTED}


def test_handles_are_asked_once_and_slow_fields_seldom() -> None:
    fake = FakeNvml(8)
    probe = probe_of(fake)
    for _ in range(nvidia.SLOW_EVERY):
        assert probe.read()[0].power_limit_watts is not None
    asked = [name for name, _ in fake.calls]
    assert asked.count("nvmlDeviceGetHandleByIndex") == 8
    assert asked.count("nvmlDeviceGetEnforcedPowerLimit") == 8


@pytest.mark.parametrize("call", ["nvmlInit", "nvmlDeviceGetCount"])
def test_no_driver_is_a_reason(call: str) -> None:
    fake = FakeNvml()
    fake.faults[call] = NVMLError(12)
    probe = probe_of(fake)
    assert "no NVIDIA driver answers" in probe.open()
    assert (probe.read(), probe.facts(), probe.processes()) == ([], [], [])


def test_no_pynvml_is_a_reason() -> None:
    def load() -> None:
        raise ModuleNotFoundError("No module named 'pynvml'")

    assert "pynvml is not there" in NvidiaProbe(load=load).open()  # type: ignore[arg-type]


def test_no_gpu_is_a_reason() -> None:
    assert probe_of(FakeNvml(0)).open() == "the NVIDIA driver shows no GPU"


def test_a_gpu_off_the_bus_keeps_its_place() -> None:
    fake = FakeNvml(3)
    fake.faults["nvmlDeviceGetHandleByIndex", 1] = NVMLError(NVML_ERROR_GPU_IS_LOST)
    for call in [*CALLS, "nvmlDeviceGetName"]:
        fake.faults[call, None] = NVMLError(NVML_ERROR_GPU_IS_LOST)
    probe = probe_of(fake)
    assert [item.index for item in probe.facts()] == [0, 1, 2]
    readings = probe.read()
    assert readings[1].utilisation_percent is None
    assert readings[2].utilisation_percent is not None


def test_a_driver_that_went_away_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeNvml(1)
    probe = probe_of(fake)
    for call in CALLS:
        fake.faults[call] = NVMLError(NVML_ERROR_GPU_IS_LOST)
    assert len(probe.read()[0].reasons) == 9
    assert probe.open() == "no GPU answers any more: GPU is lost"
    fake.faults.clear()
    assert probe.open() != ""
    monkeypatch.setattr(nvidia, "RETRY_SECONDS", 0.0)
    probe._retry_at = 0.0
    assert probe.open() == ""


def test_facts_and_processes() -> None:
    probe = probe_of(FakeNvml(2))
    first, second = probe.facts()
    assert (first.name, first.kind, first.memory_bytes) == ("FAKE GPU", "nvidia", 85_899_345_920)
    assert second.uuid == "GPU-1"
    assert [(use.index, use.pid) for use in probe.processes()] == [(0, 1000), (1, 1001)]


def test_a_failing_process_list_is_empty() -> None:
    fake = FakeNvml(1)
    fake.faults["nvmlDeviceGetComputeRunningProcesses"] = NVMLError(999)
    assert probe_of(fake).processes() == []


def test_throttle_is_told_in_words() -> None:
    fake = FakeNvml(1)
    assert probe_of(fake).read()[0].throttle == "power limit"
