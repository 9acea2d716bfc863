"""Fixtures of whole labs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.lab import Lab, this_python
from tests.nodes import NamespaceLab, SshServer, namespace_lab, ssh_servers

__all__ = ["namespace_lab", "ssh_servers"]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """An engine without nodes, apart from this computer."""
    opened = Lab(tmp_path / "lepton-home")
    yield opened
    opened.close()


@dataclass
class NamespaceNodes:
    """Two nodes with own addresses, registered and up."""

    lab: Lab
    network: NamespaceLab
    servers: dict[str, SshServer]

    def home(self, name: str) -> Path:
        """Node home, readable here because namespaces share the disk."""
        return self.servers[name].folder / "node"


@pytest.fixture
def two_machines(lab: Lab, namespace_lab: NamespaceLab, tmp_path: Path) -> Iterator[NamespaceNodes]:
    """OpenSSH servers in two network namespaces, as nodes ``a`` and ``b``."""
    servers = {
        name: SshServer(
            tmp_path / name,
            address=namespace_lab.address(name),
            netns=namespace_lab.namespace(name),
        ).start()
        for name in namespace_lab.names
    }
    try:
        for name, server in servers.items():
            lab.add(server.spec(name, python=this_python()), server.fingerprint)
        yield NamespaceNodes(lab, namespace_lab, servers)
    finally:
        for run in lab.client.runs():
            if not run.state.is_final:
                lab.client.stop_run(run.run_id)
                lab.wait_for_end(run.run_id)
        for name, server in servers.items():
            lab.client.remove_node(name)
            server.stop()
