"""What is known of a node, and the row that clients get. Runs in the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from lepton_desktop.engine.cluster.hostkeys import HostKeyError
from lepton_desktop.engine.cluster.pythons import choose_python
from lepton_desktop.engine.cluster.records import NodeRecord
from lepton_desktop.engine.cluster.route import shown_address
from lepton_desktop.engine.cluster.states import LinkStatus
from lepton_desktop.wire.desk import NodeRow
from lepton_desktop.wire.node import AgentHello, NodeFacts, PythonEnvironment, Sample, State


@dataclass
class Seen:
    """All of a node but its link; the last known values stay while it is down."""

    hello: AgentHello | None = None
    facts: NodeFacts | None = None
    sample: Sample | None = None
    sample_at: float | None = None
    skew_seconds: float | None = None
    environments: list[PythonEnvironment] = field(default_factory=list)
    asked_environments: bool = False
    """Whether the node has answered once which Pythons it has."""
    environments_problem: str = ""
    """Why the node could not say which Pythons it has."""
    host_key: str = ""
    offered: HostKeyError | None = None
    jobs: dict[str, State] = field(default_factory=dict)
    step: str = ""


def row_of(record: NodeRecord, status: LinkStatus, seen: Seen) -> NodeRow:
    """As clients see the node."""
    spec = record.spec
    known = seen.asked_environments
    python, problem = choose_python(spec, seen.environments) if known else ("", "")
    return NodeRow(
        name=spec.name,
        address=shown_address(spec),
        state=status.state,
        reason=status.reason,
        hint=status.hint,
        code=status.code,
        retry_at=status.retry_at,
        tags=spec.tags,
        group=spec.group,
        drained=record.drained,
        drain_reason=record.drain_reason,
        host_key=seen.host_key,
        offered_key=seen.offered.offered.fingerprint if seen.offered else "",
        key_algorithm=seen.offered.offered.algorithm if seen.offered else "",
        agent_version=seen.hello.version if seen.hello else "",
        step=seen.step,
        clock_skew_seconds=seen.skew_seconds,
        facts=seen.facts,
        sample=seen.sample,
        sample_age_at=seen.sample_at,
        environments=seen.environments,
        python=python,
        python_problem=seen.environments_problem or problem,
        jobs_running=sum(not state.is_final for state in seen.jobs.values()),
    )
