import os
import platform
import socket

import psutil
import pytest

from lepton_desktop.agent import network
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import NodeFacts
from tests.agent.agent_process import AgentProcess


def test_the_node_is_described(any_agent: AgentProcess) -> None:
    facts = build(NodeFacts, any_agent.call("node.describe"))
    assert facts.kernel == platform.release()
    assert facts.architecture == platform.machine()
    assert facts.cpu_count == os.cpu_count()
    assert facts.memory_bytes == pytest.approx(psutil.virtual_memory().total, rel=0.01)
    assert 0 < facts.disk_free_bytes <= facts.disk_total_bytes
    assert facts.os
    assert facts.cpu_model
    assert facts.user
    assert facts.uptime_seconds > 1
    assert facts.gpus or facts.reasons["gpu.nvidia"]


def test_the_fallback_says_so(any_agent: AgentProcess) -> None:
    facts = build(NodeFacts, any_agent.call("node.describe"))
    isolated = "-S" in str(any_agent.process.args)
    assert ("host" in facts.reasons) == isolated
    if isolated:
        assert "psutil is not in the bundle" in facts.reasons["host"]


def test_interfaces_are_those_that_psutil_sees() -> None:
    seen = {
        (name, item.address, bin(int.from_bytes(socket.inet_aton(item.netmask))).count("1"))
        for name, items in psutil.net_if_addrs().items()
        for item in items
        if item.family == socket.AF_INET and item.netmask
    }
    mine = {(item.name, item.address, item.prefix_length) for item in network.interfaces()}
    assert mine <= seen  # the kernel names one address an interface here
    assert ("lo", "127.0.0.1", 8) in mine


def test_a_free_port_is_found(agent: AgentProcess) -> None:
    port = agent.call("port.find", address="127.0.0.1")["port"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))


@pytest.mark.parametrize("address", ["203.0.113.7", "not an address", "\ud800", "a" * 300])
def test_an_address_the_node_does_not_have_is_refused(address: str) -> None:
    with pytest.raises(LeptonError) as caught:
        network.find_port(address)
    assert caught.value.code == "address"
    assert "127.0.0.1" in caught.value.hint
