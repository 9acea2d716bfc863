import threading
from collections.abc import Iterator

import pytest

from lepton_desktop.agent import accelerators
from lepton_desktop.agent.accelerators import Accelerators
from lepton_desktop.agent.probes.probe import GpuProcess, GpuReading
from lepton_desktop.wire.node import GpuColumns, GpuFacts


class Probe:
    """Devices as a test wants them; ``gate`` closed = the driver hangs (serves faults)."""

    def __init__(self, kind: str, rows: list[GpuReading], problem: str = "") -> None:
        self.kind = kind
        self.rows = rows
        self.problem = problem
        self.gate = threading.Event()
        self.gate.set()

    def open(self) -> str:
        return self.problem

    def facts(self) -> list[GpuFacts]:
        return [GpuFacts(at, self.kind, "card") for at in range(len(self.rows))]

    def read(self) -> list[GpuReading]:
        self.gate.wait(20)
        return self.rows

    def processes(self) -> list[GpuProcess]:
        return [GpuProcess(at, 100 + at) for at in range(len(self.rows))]


@pytest.fixture
def hung() -> Iterator[Probe]:
    probe = Probe("nvidia", [GpuReading(utilisation_percent=5.0)])
    yield probe
    probe.gate.set()


def test_devices_of_several_kinds_are_numbered_through() -> None:
    nvidia = Probe("nvidia", [GpuReading(power_watts=1.0), GpuReading(power_watts=2.0)])
    fpga = Probe("fpga", [GpuReading(temperature_celsius=50.0)])
    both = Accelerators([nvidia, fpga])
    facts, reasons = both.facts()
    assert [(item.index, item.kind) for item in facts] == [
        (0, "nvidia"),
        (1, "nvidia"),
        (2, "fpga"),
    ]
    assert reasons == {}
    columns, _ = both.read()
    assert columns.power_watts == [1.0, 2.0, None]
    assert columns.temperature_celsius == [None, None, 50.0]
    assert columns.fan_percent == []
    assert [use.index for use in both.processes()] == [0, 1, 2]
    both.close()


def test_a_kind_without_devices_says_why() -> None:
    none = Accelerators([Probe("nvidia", [], "no NVIDIA driver answers")])
    assert none.read() == (GpuColumns(), {"gpu.nvidia": "no NVIDIA driver answers"})
    assert none.facts() == ([], {"gpu.nvidia": "no NVIDIA driver answers"})
    none.close()


def test_a_reason_that_all_devices_share_is_said_once() -> None:
    shared = GpuReading(reasons={"fan_percent": "no fan"})
    one = GpuReading(reasons={"fan_percent": "no fan", "throttle": "unknown"})
    both = Accelerators([Probe("nvidia", [shared, one])])
    assert both.read()[1] == {"gpu.fan_percent": "no fan", "gpu.1.throttle": "unknown"}
    both.close()


def test_a_hanging_driver_holds_up_nobody(hung: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators, "READ_SECONDS", 0.05)
    monkeypatch.setattr(accelerators, "ASK_SECONDS", 0.05)
    gpus = Accelerators([hung])
    assert gpus.read()[0].utilisation_percent == [5.0]
    hung.gate.clear()
    for _ in range(3):
        columns, reasons = gpus.read()
        assert columns.utilisation_percent == []
        assert reasons["gpu.nvidia"] == "the driver did not answer in time"
    assert gpus.processes() == []
    hung.gate.set()
    monkeypatch.setattr(accelerators, "READ_SECONDS", 5.0)
    gpus.read()
    assert gpus.read()[0].utilisation_percent == [5.0]
    gpus.close()
