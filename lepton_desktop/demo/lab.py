"""The demo lab: N nodes on this computer that are reached over real SSH. Runs on the desk."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from lepton_desktop.demo.ssh_server import LOG_CHANNEL, SshServer, new_key
from lepton_desktop.demo.sweep import NODE_HOME_VARIABLE, TAG_VARIABLE, own_tag, sweep_node
from lepton_desktop.specs import NodeSpec

DEFAULT_NODES = 3


@dataclass(frozen=True)
class LabNode:
    """One node of the lab."""

    spec: NodeSpec
    """Ready to be registered."""
    fingerprint: str
    """``SHA256:…`` of its host key, to be pinned."""
    home: Path
    """Its node home."""
    server: SshServer


class Lab:
    """Nodes with their own host key and node home, on loopback, for one key; gone after close."""

    def __init__(self, folder: Path, count: int = DEFAULT_NODES, tag: str = "") -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = _log_to(folder / "lab.log")
        client_key, text = new_key()
        self.key_file = folder / "demo_key"
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(text, encoding="utf-8")
        self._tag = tag or own_tag()
        self.nodes: list[LabNode] = []
        try:
            for number in range(1, count + 1):
                self.nodes.append(self._node(number, client_key))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> list[int]:
        """Close the servers and end whatever was started on the nodes; pids that would not die."""
        for node in self.nodes:
            node.server.close()
        survivors = [process.pid for node in self.nodes for process in sweep_node(node.home)]
        self.key_file.unlink(missing_ok=True)
        self._log.close()
        logging.getLogger(LOG_CHANNEL).removeHandler(self._log)
        return survivors

    def _node(self, number: int, client_key: object) -> LabNode:
        name = f"demo-{number}"
        login = self._folder / name
        home = login / "lepton"
        home.mkdir(parents=True, exist_ok=True)
        env = {NODE_HOME_VARIABLE: str(home), TAG_VARIABLE: self._tag}
        server = SshServer(login, client_key, env)  # type: ignore[arg-type]
        spec = NodeSpec(
            name=name,
            host="127.0.0.1",
            port=server.port,
            key=str(self.key_file),
            tags=["demo"],
            group="demo lab",
            python=sys.executable,
            fabric_address="127.0.0.1",
            home=str(home),
        )
        return LabNode(spec, server.fingerprint, home, server)


def _log_to(file: Path) -> logging.Handler:
    """What the SSH side says goes to a file: refused keys are part of a demo, not of its output."""
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger(LOG_CHANNEL)
    logger.propagate = False
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler
