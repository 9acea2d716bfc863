"""Fleets on real OpenSSH servers and real agents."""

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lepton_desktop.engine.cluster.bundle import plugin_bundle
from lepton_desktop.engine.cluster.records import THIS_COMPUTER
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.desk import LinkState
from lepton_desktop.wire.node import State
from tests.engine.cluster.lab import Listener, running_fleet
from tests.nodes import SshServer, make_key, needs_sshd

Servers = Callable[..., SshServer]


def test_this_computer_is_a_node_from_the_first_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with running_fleet(tmp_path) as lab:
            row = await lab.up(THIS_COMPUTER)
            assert row.address == "this computer"
            assert row.python == sys.executable
            assert row.facts is not None
            assert row.facts.cpu_count > 0
            await lab.until(lambda: lab.fleet.row(THIS_COMPUTER).sample)
            hello = lab.fleet.hello(THIS_COMPUTER)
            assert hello is not None
            assert hello.home == str(tmp_path / "node")
            with pytest.raises(LeptonError, match="always a node"):
                await lab.fleet.remove(THIS_COMPUTER)

    asyncio.run(run())


@needs_sshd
def test_a_node_is_added_watched_and_remembered(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("lab-1")

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            row = lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            assert row.state is LinkState.CONNECTING
            row = await lab.up("lab-1")
            assert row.host_key == server.fingerprint
            assert row.address == f"{server.user}@127.0.0.1:{server.port}"
            assert row.agent_version
            assert row.environments
            assert row.step == ""
            await lab.until(lambda: lab.shown("lab-1").sample and lab.shown("lab-1").sample_age_at)
            await lab.until(lambda: lab.fleet.row("lab-1").clock_skew_seconds is not None)
            assert abs(lab.fleet.row("lab-1").clock_skew_seconds or 0.0) < 1.0
            changes = lab.board.collect(0, ["tasks"])
            await lab.up(THIS_COMPUTER)
            changes = lab.board.collect(0, ["tasks"])
            assert changes is not None
            assert changes.tasks == []
            said = [what for what, where, _, _ in lab.activity if where == "lab-1"]
            assert said == ["Node added", "Host key trusted", "Agent pushed", "Link up"]
        async with running_fleet(tmp_path / "home") as lab:
            assert (await lab.up("lab-1")).host_key == server.fingerprint
            assert [row.name for row in lab.fleet.rows()] == [THIS_COMPUTER, "lab-1"]

    asyncio.run(run())
    assert "password" not in (tmp_path / "home" / "store.sqlite").read_bytes().decode("latin-1")


@needs_sshd
@pytest.mark.slow
def test_an_unknown_key_blocks_until_the_operator_trusts_it(
    ssh_servers: Servers, tmp_path: Path
) -> None:
    server = ssh_servers("lab-1")

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            lab.fleet.add(server.spec("lab-1"))
            row = await lab.blocked("lab-1")
            assert row.code == "host_key_unknown"
            assert (row.offered_key, row.key_algorithm) == (server.fingerprint, "ssh-ed25519")
            assert row.retry_at is None
            with pytest.raises(LeptonError, match="does not show the key"):
                lab.fleet.trust("lab-1", "SHA256:other")
            lab.fleet.trust("lab-1", server.fingerprint)
            row = await lab.up("lab-1")
            assert (row.code, row.offered_key) == ("", "")
            server.stop()
            server.new_host_key()
            await lab.state("lab-1", LinkState.RECONNECTING)
            server.start()
            row = await lab.blocked("lab-1")
            assert row.code == "host_key_changed"
            assert row.offered_key == server.fingerprint
            lab.fleet.trust("lab-1", server.fingerprint)
            await lab.up("lab-1")

    asyncio.run(run())


@needs_sshd
@pytest.mark.slow
def test_a_stopped_server_is_waited_for_with_a_countdown(
    ssh_servers: Servers, tmp_path: Path
) -> None:
    server, listener = ssh_servers("lab-1"), Listener()

    async def run() -> None:
        async with running_fleet(tmp_path / "home", listener) as lab:
            lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            await lab.up("lab-1")
            server.stop()
            row = await lab.state("lab-1", LinkState.RECONNECTING, 10.0)
            assert row.reason
            await lab.until(lambda: lab.fleet.row("lab-1").code == "refused")
            await lab.until(lambda: lab.shown("lab-1").retry_at)
            assert (lab.shown("lab-1").retry_at or 0.0) > time.time() - 1.0
            with pytest.raises(LeptonError) as caught:
                await lab.fleet.call("lab-1", "node.ping", {})
            assert caught.value.code == "link_down"
            assert lab.fleet.row("lab-1").sample is not None
            server.start()
            lab.fleet.reconnect("lab-1")
            row = await lab.up("lab-1")
            assert (row.reason, row.retry_at) == ("", None)
            await lab.until(lambda: len(listener.links) >= 3)
            told = [what for node, what in listener.links if node == "lab-1"]
            assert told == ["up", "lost", "up"]

    asyncio.run(run())


@needs_sshd
@pytest.mark.slow
def test_a_killed_agent_comes_back_by_itself(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("lab-1")

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            await lab.up("lab-1")
            first = lab.fleet.hello("lab-1")
            agents = server.agents()
            assert agents
            for agent in agents:
                agent.kill()
            await lab.state("lab-1", LinkState.RECONNECTING, 5.0)
            await lab.up("lab-1", 15.0)
            second = lab.fleet.hello("lab-1")
            assert first is not None
            assert second is not None
            assert first.pid != second.pid

    asyncio.run(run())


@needs_sshd
def test_a_refused_login_blocks_until_the_spec_is_mended(
    ssh_servers: Servers, tmp_path: Path
) -> None:
    server = ssh_servers("lab-1")
    make_key(tmp_path / "other")

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            wrong = server.spec("lab-1", key=str(tmp_path / "other"))
            lab.fleet.add(wrong, accept_key=server.fingerprint)
            row = await lab.blocked("lab-1")
            assert row.code == "login_refused"
            assert row.hint
            lab.fleet.edit("lab-1", {"key": str(server.key), "tags": ["gpu"]})
            row = await lab.up("lab-1")
            assert row.tags == ["gpu"]

    asyncio.run(run())


@needs_sshd
def test_a_passphrase_given_later_lets_the_node_in(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("lab-1")
    locked = tmp_path / "locked"
    make_key(locked, passphrase="open sesame")
    server.authorised.write_text(Path(f"{locked}.pub").read_text())

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            lab.fleet.add(server.spec("lab-1", key=str(locked)), accept_key=server.fingerprint)
            assert (await lab.blocked("lab-1")).code == "passphrase_needed"
            lab.fleet.log_in("lab-1", None, "open sesame")
            await lab.up("lab-1")
            assert "sesame" not in str(lab.activity)

    asyncio.run(run())
    for file in (tmp_path / "home").glob("store*"):
        assert b"sesame" not in file.read_bytes()


@needs_sshd
def test_a_node_that_hangs_delays_no_other(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("lab-1")

    async def run() -> None:
        # The kernel takes the connections; nobody ever answers on them.
        silent = socket.create_server(("127.0.0.1", 0), backlog=50)
        port = silent.getsockname()[1]
        async with running_fleet(tmp_path / "home") as lab:
            for number in range(5):
                lab.fleet.add(NodeSpec(f"hanging-{number}", host="127.0.0.1", port=port))
            lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            await lab.up("lab-1", 12.0)
            assert lab.fleet.row("hanging-0").state is LinkState.CONNECTING
            began = time.monotonic()
            await lab.fleet.close()
            assert time.monotonic() - began < 6.0
        silent.close()

    asyncio.run(run())


@needs_sshd
@pytest.mark.slow
def test_drain_edit_and_remove_are_kept_and_written_down(
    ssh_servers: Servers, tmp_path: Path
) -> None:
    server = ssh_servers("lab-1")

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            await lab.up("lab-1")
            lab.fleet.drain("lab-1", "new fans")
            lab.fleet.edit("lab-1", {"group": "rack 1"})
            assert lab.fleet.row("lab-1").state is LinkState.UP
            with pytest.raises(LeptonError, match="keeps its name"):
                lab.fleet.edit("lab-1", {"name": "lab-2"})
            with pytest.raises(LeptonError, match="no field"):
                lab.fleet.edit("lab-1", {"colour": "red"})
            with pytest.raises(LeptonError, match="already"):
                lab.fleet.add(server.spec("lab-1"))
            with pytest.raises(LeptonError, match="not a jump host"):
                lab.fleet.add(server.spec("lab-2", jump="user@:port"))
        async with running_fleet(tmp_path / "home") as lab:
            row = lab.fleet.row("lab-1")
            assert (row.drained, row.drain_reason, row.group) == (True, "new fans", "rack 1")
            assert not lab.fleet.resume("lab-1").drained
            spec = await lab.fleet.remove("lab-1")
            assert spec == server.spec("lab-1", group="rack 1")
            with pytest.raises(LeptonError) as caught:
                lab.fleet.row("lab-1")
            assert caught.value.code == "node_unknown"
            said = [what for what, where, _, _ in lab.activity if where == "lab-1"]
            assert said[-2:] == ["Node resumed", "Node removed"]
            lab.fleet.add(spec)
            await lab.up("lab-1")

    asyncio.run(run())


@needs_sshd
def test_bundles_and_files_reach_the_node(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("lab-1")
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "code.py").write_text("x = 1\n")
    bundle = plugin_bundle(plugin, "my-plugin")

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            for name in ("lab-1", THIS_COMPUTER):
                await lab.up(name)
                places = {await lab.fleet.push_bundle(name, bundle) for _ in range(2)}
                assert len(places) == 1
                place = Path(places.pop())
                assert (place / "code.py").read_text() == "x = 1\n"
                assert place.parts[-3:] == ("bundles", bundle.sha256, "my-plugin")
                await lab.fleet.put(name, "jobs/j/note.txt", b"hello")
                await lab.fleet.get(name, "jobs/j/note.txt", tmp_path / name / "note.txt")
                assert (tmp_path / name / "note.txt").read_bytes() == b"hello"
                with pytest.raises(LeptonError) as caught:
                    await lab.fleet.get(name, "jobs/j/none.txt", tmp_path / "none")
                assert caught.value.code == "file_missing"

    asyncio.run(run())


@needs_sshd
@pytest.mark.slow
def test_a_job_is_followed_across_a_killed_agent(ssh_servers: Servers, tmp_path: Path) -> None:
    server, listener = ssh_servers("lab-1"), Listener()
    script = "for i in $(seq 60); do echo line $i; sleep 0.1; done"
    job = {"job_id": "job-1", "kind": "script", "argv": ["/bin/sh", "-c", script]}

    def text() -> str:
        return "".join(lines.text for lines in listener.lines)

    def offset() -> int:
        return listener.lines[-1].next_offset if listener.lines else 0

    async def run() -> None:
        async with running_fleet(tmp_path / "home", listener) as lab:
            lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            await lab.up("lab-1")
            status = await lab.fleet.call("lab-1", "job.start", {"job": job})
            assert status["job_id"] == "job-1"
            await lab.until(lambda: lab.fleet.row("lab-1").jobs_running == 1)
            follow = {"job_id": "job-1", "offsets": {"output.log": 0}}
            await lab.fleet.call("lab-1", "job.follow", follow)
            await lab.until(lambda: "line 5\n" in text())
            for agent in server.agents():
                if "supervise" not in agent.cmdline():
                    agent.kill()
            await lab.state("lab-1", LinkState.RECONNECTING, 5.0)
            await lab.up("lab-1", 15.0)
            assert lab.fleet.row("lab-1").jobs_running == 1
            follow = {"job_id": "job-1", "offsets": {"output.log": offset()}}
            await lab.fleet.call("lab-1", "job.follow", follow)
            await lab.until(
                lambda: listener.statuses and listener.statuses[-1].state is State.SUCCEEDED, 30.0
            )
            await lab.until(lambda: "line 60\n" in text())
            assert text().splitlines() == [f"line {number}" for number in range(1, 61)]
            await lab.until(lambda: lab.fleet.row("lab-1").jobs_running == 0)

    asyncio.run(run())


@needs_sshd
@pytest.mark.slow
def test_an_agent_folder_that_somebody_cleaned_up_is_mended(
    ssh_servers: Servers, tmp_path: Path
) -> None:
    server = ssh_servers("lab-1")

    async def run() -> None:
        async with running_fleet(tmp_path / "home") as lab:
            lab.fleet.add(server.spec("lab-1"), accept_key=server.fingerprint)
            for name, root in (("lab-1", server.folder / "node"), (THIS_COMPUTER, None)):
                await lab.up(name)
                agents = (root or tmp_path / "home" / "node") / "agents"
                for file in agents.glob("*/lepton_desktop/agent/server.py"):
                    file.unlink()
                for file in agents.glob("*/lepton_desktop/agent/__pycache__/server.*"):
                    file.unlink()
                lab.fleet.reconnect(name)
                await lab.until(lambda: lab.fleet.row(name).code == "agent_failed")  # noqa: B023
                assert "server" in lab.fleet.row(name).reason
                await lab.up(name)
                assert list(agents.glob("*/lepton_desktop/agent/server.py"))

    asyncio.run(run())
