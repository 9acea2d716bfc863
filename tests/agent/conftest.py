"""Agents and jobs that are gone after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lepton_desktop.agent import procfs, sweep
from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.jobs import Jobs
from tests.agent.agent_process import CURRENT, ISOLATED, AgentProcess, wait_until

StartAgent = Callable[..., AgentProcess]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[NodeHome]:
    """A node home; no process of its jobs and no supervisor outlives the test."""
    home = NodeHome(tmp_path / "node")
    home.jobs.mkdir(parents=True)
    yield home
    jobs = Jobs(home)
    names = [entry.name for entry in home.jobs.iterdir() if not entry.name.startswith(".")]
    for name in names:
        assert jobs.stop(name, 0.0).survivors == []
    wait_until(lambda: _supervisors(home) == [], what="every supervisor has ended")
    left = [
        stat.pid
        for stat in procfs.all_stats()
        if stat.is_alive and procfs.environment_value(stat.pid, sweep.TAG) in names
    ]
    assert left == []


def _supervisors(home: NodeHome) -> list[int]:
    place = str(home.jobs)
    return [
        stat.pid
        for stat in procfs.all_stats()
        if f"supervise {place}" in (procfs.command_line(stat.pid) or "")
    ]


@pytest.fixture
def start_agent(home: NodeHome) -> Iterator[StartAgent]:
    """Starts agents of the home; they are closed after the test."""
    started: list[AgentProcess] = []

    def start(command: list[str] | None = None, **options: Any) -> AgentProcess:
        agent = AgentProcess(options.pop("home", home.root), command, **options)
        started.append(agent)
        return agent

    yield start
    for agent in started:
        agent.process.poll() is None and agent.close()
        agent._reap()


@pytest.fixture(params=["current", "isolated"])
def any_agent(request: pytest.FixtureRequest, start_agent: StartAgent) -> AgentProcess:
    """An agent under this Python and one under the oldest, isolated as on a node."""
    return start_agent(CURRENT if request.param == "current" else ISOLATED)


@pytest.fixture
def agent(start_agent: StartAgent) -> AgentProcess:
    """One agent under this Python."""
    return start_agent()
