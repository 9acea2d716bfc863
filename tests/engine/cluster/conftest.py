"""Fixtures for nodes; see ``tests.nodes``."""

from tests.nodes import namespace_lab, ssh_servers

__all__ = ["namespace_lab", "ssh_servers"]
