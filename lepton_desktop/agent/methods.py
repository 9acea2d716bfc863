"""What an agent can be asked: method name → parameters and answer. Runs on every node."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lepton_desktop.agent import facts, files, network, python_envs
from lepton_desktop.agent.accelerators import Accelerators
from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.jobs import Jobs
from lepton_desktop.agent.processes import ProcessList
from lepton_desktop.agent.sampler import Sampler
from lepton_desktop.agent.tails import Tails
from lepton_desktop.errors import WireError
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.node import JobSpec

Method = Callable[[dict[str, Any]], Any]
"""Takes the params of a request, gives the JSON value of its result."""


@dataclass(frozen=True)
class NoParams:
    """Of methods that need none."""


@dataclass(frozen=True)
class PythonList:
    """Of ``python.list``."""

    paths: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TelemetryStart:
    """Of ``telemetry.start``."""

    interval_seconds: float = 1.0


@dataclass(frozen=True)
class PortFind:
    """Of ``port.find``."""

    address: str = ""


@dataclass(frozen=True)
class JobStart:
    """Of ``job.start``."""

    job: JobSpec


@dataclass(frozen=True)
class JobName:
    """Of the methods that only name a job."""

    job_id: str


@dataclass(frozen=True)
class JobStop:
    """Of ``job.stop``."""

    job_id: str
    grace_seconds: float = 3.0


@dataclass(frozen=True)
class JobFollow:
    """Of ``job.follow``."""

    job_id: str
    offsets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FileRead:
    """Of ``file.read``."""

    path: str
    offset: int = 0
    limit: int = files.MOST_BYTES


@dataclass(frozen=True)
class Parts:
    """What the methods work with."""

    home: NodeHome
    accelerators: Accelerators
    host_reader: str
    sampler: Sampler
    processes: ProcessList
    jobs: Jobs
    tails: Tails
    leave: Callable[[], None]
    dropped_lines: Callable[[], int]


def methods(parts: Parts) -> Mapping[str, Method]:
    """The table behind AGENT_METHODS."""
    jobs, sampler, tails = parts.jobs, parts.sampler, parts.tails
    return {
        "node.describe": _method(
            NoParams,
            lambda _: facts.describe(parts.home, parts.accelerators, parts.host_reader),
        ),
        "node.ping": _method(
            NoParams,
            lambda _: {"time": round(time.time(), 3), "dropped_lines": parts.dropped_lines()},
        ),
        "python.list": _method(
            PythonList,
            lambda ask: {"environments": python_envs.environments(parts.home, ask.paths)},
        ),
        "telemetry.start": _method(
            TelemetryStart, lambda ask: sampler.start(_finite(ask.interval_seconds))
        ),
        "telemetry.stop": _method(NoParams, lambda _: sampler.stop()),
        "processes.list": _method(NoParams, lambda _: {"processes": parts.processes.list()}),
        "port.find": _method(PortFind, lambda ask: {"port": network.find_port(ask.address)}),
        "job.start": _method(JobStart, lambda ask: jobs.start(ask.job)),
        "job.status": _method(JobName, lambda ask: jobs.status(ask.job_id)),
        "job.list": _method(NoParams, lambda _: {"jobs": jobs.list()}),
        "job.stop": _method(JobStop, lambda ask: jobs.stop(ask.job_id, _finite(ask.grace_seconds))),
        "job.verify": _method(JobName, lambda ask: jobs.verify(ask.job_id)),
        "job.follow": _method(JobFollow, lambda ask: tails.follow(ask.job_id, ask.offsets)),
        "job.unfollow": _method(JobName, lambda ask: tails.unfollow(ask.job_id)),
        "file.read": _method(
            FileRead, lambda ask: files.read_file(parts.home, ask.path, ask.offset, ask.limit)
        ),
        "agent.quit": _method(NoParams, lambda _: parts.leave()),
    }


def _method(kind: type[Any], answer: Callable[[Any], object]) -> Method:
    def ask(params: dict[str, Any]) -> Any:  # noqa: ANN401 (any JSON value)
        result = dump(answer(build(kind, params)))
        return {} if result is None else result

    return ask


def _finite(seconds: float) -> float:
    if not abs(seconds) < 1e9:
        raise WireError("A time in seconds must be an ordinary number.")
    return seconds
