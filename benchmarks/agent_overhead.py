"""What the agent costs a node: CPU, memory, bytes on the wire at one sample a second.

The agent is the real one, over pipes. The eight GPUs are fake: a stand-in ``pynvml`` answers at
once, so the figures hold the agent's own work and the true wire size, not the time of the driver.
Three agents are measured side by side in each round: with psutil, with the ``/proc`` fallback
(isolated as on a node), and a silent one that sends no telemetry, as the baseline.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.report import Budget, Report, run
from lepton_desktop.wire.framing import Request, encode, hello

ROOT = Path(__file__).resolve().parent.parent
MAIN = ROOT / "lepton_desktop" / "agent" / "__main__.py"
ROUNDS = 3
GREETING_LINES = 2
WARM_LINES = GREETING_LINES + 3
"""Two greetings, the answer to the request, two samples: then start-up is over."""

FAKE_PYNVML = '''
"""Eight fake GPUs that answer at once; for measuring the agent, not a driver."""
import random
from types import SimpleNamespace

NVML_TEMPERATURE_GPU, NVML_CLOCK_SM, NVML_ERROR_NOT_SUPPORTED = 0, 1, 3
nvmlInit = nvmlShutdown = lambda: None
nvmlDeviceGetCount = lambda: 8
nvmlDeviceGetHandleByIndex = lambda index: index
nvmlSystemGetDriverVersion = lambda: "0.0 (fake)"
nvmlDeviceGetName = lambda handle: "FAKE GPU"
nvmlDeviceGetUUID = lambda handle: "GPU-fake-%d" % handle
nvmlDeviceGetUtilizationRates = lambda h: SimpleNamespace(
    gpu=random.randint(80, 100), memory=random.randint(30, 60))
nvmlDeviceGetMemoryInfo = lambda h: SimpleNamespace(
    used=random.randint(60, 80) * 1024**3 + random.randint(0, 2**30), total=80 * 1024**3)
nvmlDeviceGetPowerUsage = lambda h: random.randint(600_000, 700_000)
nvmlDeviceGetEnforcedPowerLimit = lambda h: 700_000
nvmlDeviceGetTemperature = lambda h, sensor: random.randint(55, 75)
nvmlDeviceGetFanSpeed = lambda h: random.randint(30, 60)
nvmlDeviceGetClockInfo = lambda h, kind: random.randint(1900, 1980)
nvmlDeviceGetCurrentClocksThrottleReasons = lambda h: random.choice((0, 4))
nvmlClocksThrottleReasonSwPowerCap = 4
'''

ISOLATED = (
    "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); "
    "from lepton_desktop.agent.__main__ import main; raise SystemExit(main())"
)


class Agent:
    """One running agent and what it has sent."""

    def __init__(self, command: list[str], folder: Path, name: str) -> None:
        environment = {
            **os.environ,
            "LEPTON_NODE_HOME": str(folder / f"home-{name}"),
            "PYTHONPATH": f"{folder}:{ROOT}",
        }
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.received = 0
        self.lines = 0
        self._write(hello("engine"))

    def start_telemetry(self) -> None:
        """One sample a second from now on."""
        self._write(encode(Request(1, "telemetry.start", {"interval_seconds": 1.0})))

    def collect(self) -> None:
        """Count what has arrived."""
        assert self.process.stdout is not None
        while data := self.process.stdout.read(65536):
            self.received += len(data)
            self.lines += data.count(b"\n")

    def cpu_seconds(self) -> float:
        """CPU time of all its threads so far, to the nanosecond."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        times = [(task / "schedstat").read_text(encoding="ascii").split()[0] for task in tasks]
        return sum(map(int, times)) / 1e9

    def memory_megabytes(self) -> float:
        """Resident memory, shared pages included."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))

    def close(self) -> None:
        """Close its stdin, which ends it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def _write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()


def measure(quick: bool = False) -> Report:
    """Three rounds, all agents side by side in each."""
    seconds = 6.0 if quick else 30.0
    samples: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pynvml.py").write_text(FAKE_PYNVML, encoding="utf-8")
        for _ in range(ROUNDS):
            for key, value in _round(folder, seconds).items():
                samples.setdefault(key, []).append(value)
    # One sample a second: bytes a sample are bytes a second, without the noise of short rounds.
    budgets = [
        Budget("agent, 8 GPUs (fake NVML): CPU", median(samples["psutil_cpu_percent"]), 0.5, "%"),
        Budget("agent, 8 GPUs: memory", median(samples["psutil_memory_megabytes"]), 40.0, "MB"),
        Budget("agent, 8 GPUs: wire", median(samples["psutil_bytes_per_sample"]), 2000, "B/s"),
        Budget("agent on /proc: CPU", median(samples["proc_cpu_percent"]), 0.5, "%"),
        Budget("agent on /proc: memory", median(samples["proc_memory_megabytes"]), 40.0, "MB"),
        Budget("agent on /proc: wire", median(samples["proc_bytes_per_sample"]), 2000, "B/s"),
    ]
    note = "8 fake GPUs: the driver's own time is not in these figures"
    return Report("agent_overhead", samples, budgets, {"note": note, "round_seconds": seconds})


def _round(folder: Path, seconds: float) -> dict[str, float]:
    isolated = [sys.executable, "-I", "-S", "-u", "-c", ISOLATED, f"{folder}:{ROOT}"]
    usual = [sys.executable, "-u", "-m", "lepton_desktop.agent"]
    agents = {
        "psutil": Agent(usual, folder, "psutil"),
        "proc": Agent(isolated, folder, "proc"),
        "silent": Agent(usual, folder, "silent"),
    }
    try:
        for name in ("psutil", "proc"):
            agents[name].start_telemetry()
        _collect_until_warm(agents)
        before = {
            name: (agent.cpu_seconds(), agent.received, agent.lines)
            for name, agent in agents.items()
        }
        began = time.monotonic()
        _collect_for(agents, seconds)
        took = time.monotonic() - began
        found = {}
        for name, agent in agents.items():
            cpu, received, lines = before[name]
            found[f"{name}_cpu_percent"] = 100 * (agent.cpu_seconds() - cpu) / took
            found[f"{name}_memory_megabytes"] = agent.memory_megabytes()
            if name != "silent":
                size = (agent.received - received) / max(1, agent.lines - lines)
                found[f"{name}_bytes_per_sample"] = size
                found[f"{name}_samples_per_second"] = (agent.lines - lines) / took
        return found
    finally:
        for agent in agents.values():
            agent.close()


def _collect_until_warm(agents: dict[str, Agent]) -> None:
    wanted = {name: GREETING_LINES if name == "silent" else WARM_LINES for name in agents}
    deadline = time.monotonic() + 60
    while any(agent.lines < wanted[name] for name, agent in agents.items()):
        if time.monotonic() > deadline:
            raise SystemExit("The agents did not begin to send samples within a minute.")
        _collect_for(agents, 0.2)


def _collect_for(agents: dict[str, Agent], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    streams = [agent.process.stdout for agent in agents.values() if agent.process.stdout]
    while (left := deadline - time.monotonic()) > 0:
        select.select(streams, [], [], left)
        for agent in agents.values():
            agent.collect()


if __name__ == "__main__":
    raise SystemExit(run(__doc__, measure))
