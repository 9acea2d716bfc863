"""Two machines with addresses and cables of their own."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import LinkState
from tests.engine.cluster.lab import Listener, running_fleet
from tests.nodes import IP, NamespaceLab, SshServer, needs_netns

pytestmark = [needs_netns, pytest.mark.netns, pytest.mark.slow]

NOTICED_SECONDS = 10.0
DOWN_SECONDS = 20.0


def machine(lab: NamespaceLab, name: str, folder: Path) -> SshServer:
    return SshServer(folder / name, address=lab.address(name), netns=lab.namespace(name)).start()


def neighbours(lab: NamespaceLab) -> bool:
    """Whether one machine reaches the other."""
    script = f"import socket; socket.create_connection(('{lab.address('b')}', 22), 5)"
    command = [IP, "netns", "exec", lab.namespace("a"), sys.executable, "-c", script]
    return subprocess.run(command, check=False).returncode == 0


def test_a_pulled_cable_is_noticed_and_the_node_comes_back(
    namespace_lab: NamespaceLab, tmp_path: Path
) -> None:
    servers = {name: machine(namespace_lab, name, tmp_path) for name in namespace_lab.names}
    listener = Listener()

    async def run() -> None:
        async with running_fleet(tmp_path / "home", listener) as lab:
            for name, server in servers.items():
                lab.fleet.add(server.spec(name), accept_key=server.fingerprint)
            for name in servers:
                row = await lab.up(name)
                assert row.facts is not None
                found = [item.address for item in row.facts.interfaces]
                assert namespace_lab.address(name) in found
            assert neighbours(namespace_lab)
            began = time.monotonic()
            namespace_lab.cable("a", up=False)
            await lab.state("a", LinkState.RECONNECTING, NOTICED_SECONDS)
            assert lab.fleet.row("b").state is LinkState.UP
            await asyncio.sleep(max(0.0, DOWN_SECONDS - (time.monotonic() - began)))
            assert lab.fleet.row("b").state is LinkState.UP
            samples = lab.fleet.row("b").sample_age_at
            assert samples is not None
            assert time.time() - samples < 5.0
            namespace_lab.cable("a", up=True)
            await lab.up("a", 40.0)
            told = [what for node, what in listener.links if node == "a"]
            assert told[:3] == ["up", "lost", "up"]

    try:
        asyncio.run(run())
    finally:
        for server in servers.values():
            server.stop()


def test_a_cable_pulled_in_the_middle_of_an_upload_holds_nobody_up(
    namespace_lab: NamespaceLab, tmp_path: Path
) -> None:
    servers = {name: machine(namespace_lab, name, tmp_path) for name in namespace_lab.names}
    lags: list[float] = []

    async def feel_the_pulse() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.05)
            lags.append(time.monotonic() - began)

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            for name, server in servers.items():
                lab.fleet.add(server.spec(name), accept_key=server.fingerprint)
            for name in servers:
                await lab.up(name)
            part = tmp_path / "a" / "node"
            upload = asyncio.create_task(lab.fleet.put("a", "big.bin", bytes(500_000_000)))
            await lab.until(lambda: list(part.glob("big.bin.part-*")))
            namespace_lab.cable("a", up=False)
            pulse = asyncio.create_task(feel_the_pulse())
            await lab.state("a", LinkState.RECONNECTING, NOTICED_SECONDS)
            with pytest.raises(LeptonError):
                await asyncio.wait_for(upload, 5.0)
            pulse.cancel()
            await asyncio.gather(pulse, return_exceptions=True)
            assert lab.fleet.row("b").state is LinkState.UP
            assert max(lags) < 2.0
            assert not (part / "big.bin").exists()

    try:
        asyncio.run(run())
    finally:
        for server in servers.values():
            server.stop()
