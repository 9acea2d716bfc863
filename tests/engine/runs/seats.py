"""Nodes for the tests of placement and plans."""

from lepton_desktop.engine.runs.placement import Candidate, Seat
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.desk import LinkState, NodeRow
from lepton_desktop.wire.node import (
    AgentHello,
    GpuFacts,
    InterfaceFacts,
    NodeFacts,
    PythonEnvironment,
)

LOCAL = InterfaceFacts("lo", "127.0.0.1", 8)


def node(name, addresses=(), boot="b1", gpus=0, cuda=None, **changes):
    """A candidate; ``addresses`` are (interface, address, prefix length)."""
    interfaces = [LOCAL, *(InterfaceFacts(*one) for one in addresses)]
    facts = NodeFacts(
        *("Linux", "6", "x86_64", "cpu", changes.pop("cpus", 8), 1, 1, 1, "me", 1.0),
        interfaces=interfaces,
        gpus=[GpuFacts(index, "nvidia", "H100") for index in range(gpus)],
    )
    spec = NodeSpec(name, changes.pop("host", ""), fabric_address=changes.pop("fabric", ""))
    python = changes.pop("python", "/py")
    torch = changes.pop("torch", "2.13.0")
    row = NodeRow(
        name=name,
        address=name,
        state=changes.pop("state", LinkState.UP),
        facts=facts,
        python=python,
        environments=[PythonEnvironment(python, "3.11", "venv", torch, cuda=cuda)],
        **changes,
    )
    return Candidate(row, spec, AgentHello("1", name, f"/home/{name}", "3.11", 1, boot, 0.0))


def seats(*nodes, ranks=1):
    taken, first = [], 0
    for one in nodes:
        taken.append(Seat(one.row, one.spec, one.hello, first, ranks))
        first += ranks
    return taken
