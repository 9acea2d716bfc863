"""What an agent says and is told: facts, samples, jobs. Standard library only, Python 3.9.

Units are in the names. ``None`` means "not known"; the ``reasons`` of the record say why.
Method names and their params are listed in ``AGENT_METHODS``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Optional


class State(str, enum.Enum):
    """States of jobs and runs, in TorchX's words."""

    PENDING = "PENDING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class AgentHello:
    """First notification (``agent.hello``) after the hello line."""

    version: str
    hostname: str
    home: str
    """Absolute path of the node home."""
    python: str
    """Version of the interpreter that runs the agent, such as ``3.9.18``."""
    pid: int
    boot_id: str
    """Tells two names of one machine apart from two machines, and a reboot from a dropped link."""
    time: float
    """The node's clock, epoch seconds; the engine derives the skew."""


@dataclass(frozen=True)
class GpuFacts:
    """One accelerator as its driver describes it."""

    index: int
    kind: str
    """``nvidia``, ``amd``, ``intel`` or ``fpga``."""
    name: str
    memory_bytes: Optional[int] = None
    driver: str = ""
    uuid: str = ""


@dataclass(frozen=True)
class InterfaceFacts:
    """One network interface with an IPv4 address."""

    name: str
    address: str
    prefix_length: int = 24


@dataclass(frozen=True)
class PythonEnvironment:
    """A Python that jobs could run in."""

    path: str
    """Absolute path of the interpreter."""
    version: str
    source: str
    """``configured``, ``lepton``, ``venv``, ``conda`` or ``system``."""
    torch: Optional[str] = None
    gymnasium: Optional[str] = None
    numpy: Optional[str] = None
    cuda: Optional[str] = None
    """CUDA version torch was built for; None for a CPU build."""
    problem: str = ""
    """Why it cannot train, one sentence; empty when it can."""


@dataclass(frozen=True)
class NodeFacts:
    """What a node is: asked once per link (``node.describe``)."""

    os: str
    kernel: str
    architecture: str
    cpu_model: str
    cpu_count: int
    """Logical CPUs."""
    memory_bytes: int
    disk_total_bytes: int
    """Of the file system that holds the node home."""
    disk_free_bytes: int
    user: str
    uptime_seconds: float
    interfaces: list[InterfaceFacts] = field(default_factory=list)
    gpus: list[GpuFacts] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HostSample:
    """CPU, memory, disk and network at one moment; rates cover the time since the last sample."""

    cpu_percent: Optional[float] = None
    cpu_per_core: list[int] = field(default_factory=list)
    """Per logical CPU, whole percent."""
    load_1m: Optional[float] = None
    memory_used_bytes: Optional[int] = None
    memory_total_bytes: Optional[int] = None
    swap_used_bytes: Optional[int] = None
    disk_free_bytes: Optional[int] = None
    disk_total_bytes: Optional[int] = None
    disk_read_bytes_per_second: Optional[int] = None
    disk_write_bytes_per_second: Optional[int] = None
    network_receive_bytes_per_second: Optional[int] = None
    network_send_bytes_per_second: Optional[int] = None
    temperature_celsius: Optional[float] = None


@dataclass(frozen=True)
class GpuColumns:
    """All accelerators of a node at one moment, one list per quantity, in index order.

    Columns, because eight GPUs would otherwise repeat every field name eight times a second. An
    empty list means that no device reports the quantity.
    """

    utilisation_percent: list[Optional[float]] = field(default_factory=list)
    memory_used_bytes: list[Optional[int]] = field(default_factory=list)
    memory_utilisation_percent: list[Optional[float]] = field(default_factory=list)
    power_watts: list[Optional[float]] = field(default_factory=list)
    power_limit_watts: list[Optional[float]] = field(default_factory=list)
    temperature_celsius: list[Optional[float]] = field(default_factory=list)
    fan_percent: list[Optional[float]] = field(default_factory=list)
    sm_clock_mhz: list[Optional[int]] = field(default_factory=list)
    throttle: list[Optional[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """One reading of a node (notification ``telemetry.sample``)."""

    time: float
    """Epoch seconds on the node's clock."""
    host: HostSample = field(default_factory=HostSample)
    gpu: GpuColumns = field(default_factory=GpuColumns)
    reasons: dict[str, str] = field(default_factory=dict)
    """Field name to the reason why it is missing; sent when it changes, empty otherwise."""


@dataclass(frozen=True)
class ProcessInfo:
    """One process, for tables and stop reports."""

    pid: int
    user: str
    command: str
    cpu_percent: Optional[float] = None
    memory_bytes: Optional[int] = None
    gpu_memory_bytes: Optional[int] = None
    gpu_indices: list[int] = field(default_factory=list)
    job_id: str = ""


@dataclass(frozen=True)
class JobSpec:
    """One process group on one node; never changed once written to ``job.json``."""

    job_id: str
    kind: str
    """``train``, ``evaluate``, ``provision``, ``script`` …"""
    argv: list[str]
    """``{job}`` and ``{home}`` stand for the job folder and the node home."""
    env: dict[str, str] = field(default_factory=dict)
    """Added to the node's own environment; the same placeholders apply."""
    files: dict[str, str] = field(default_factory=dict)
    """Small text files written into the job folder before the start: relative path to text."""
    run_id: str = ""
    log_limit_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class JobStatus:
    """``status.json``, and the notification ``job.status`` while a job is followed."""

    job_id: str
    state: State
    reason: str = ""
    pid: Optional[int] = None
    exit_code: Optional[int] = None
    started: Optional[float] = None
    ended: Optional[float] = None
    output_start: int = 0
    """Logical offset of the first byte still in ``output.log`` (grows when the log is rotated)."""


@dataclass(frozen=True)
class StopReport:
    """Answer of ``job.stop`` and ``job.verify``; ``survivors`` empty means verified gone."""

    job_id: str
    state: State
    survivors: list[ProcessInfo] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class JobLines:
    """Notification ``job.lines``: whole lines of one followed file.

    ``next_offset - offset`` is the byte length of ``text`` in UTF-8 as it stands in the file;
    undecodable bytes arrive as U+FFFD, so offsets, not text lengths, are what to store.
    """

    job_id: str
    file: str
    """``output.log``, ``metrics.jsonl`` or ``events.jsonl``."""
    offset: int
    next_offset: int
    text: str


@dataclass(frozen=True)
class FileChunk:
    """Answer of ``file.read``."""

    offset: int
    size: int
    """Size of the whole file now."""
    data: str
    """Base64."""


AGENT_METHODS: dict[str, str] = {
    "node.describe": "{} → NodeFacts",
    "node.ping": "{} → {time}",
    "python.list": "{paths: [str]} → {environments: [PythonEnvironment]}",
    "telemetry.start": "{interval_seconds: float} → {}; then telemetry.sample notifications",
    "telemetry.stop": "{} → {}",
    "processes.list": "{} → {processes: [ProcessInfo]}",
    "port.find": "{address: str} → {port: int}; a free TCP port on that address",
    "job.start": "{job: JobSpec} → JobStatus; the same job_id again answers its status",
    "job.status": "{job_id} → JobStatus",
    "job.list": "{} → {jobs: [JobStatus]}",
    "job.stop": "{job_id, grace_seconds: float} → StopReport",
    "job.verify": "{job_id} → StopReport",
    "job.follow": "{job_id, offsets: {file: int}} → {}; then job.lines and job.status",
    "job.unfollow": "{job_id} → {}",
    "file.read": "{path, offset: int, limit: int} → FileChunk; path relative to the node home",
    "agent.quit": "{} → {}; jobs go on",
}
