"""Every way in which reaching a node fails, on real servers."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from lepton_desktop.engine.cluster import remote
from lepton_desktop.engine.cluster.hostkeys import HostKeyError, KeyCheck
from lepton_desktop.engine.cluster.link import Link
from lepton_desktop.engine.cluster.route import Login
from lepton_desktop.engine.cluster.ssh import way
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec
from tests.engine.cluster.test_link import Events
from tests.nodes import IP, SshServer, fingerprint, make_key, needs_sshd, path_without_python

pytestmark = needs_sshd
Servers = Callable[..., SshServer]
OLD_PYTHON = Path("~/.pyenv/versions/3.6.15/bin/python").expanduser()


async def agent_of(spec: NodeSpec, login: Login, check: KeyCheck) -> str:
    """Reach a node, start its agent, ask one thing."""
    machine = await remote.reach(spec, login, check, lambda step, fraction: None)
    try:
        link = Link(spec.name, await machine.start_agent(lambda *_: None), Events())
        try:
            await link.open()
            facts = await link.call("node.describe", {}, 10.0)
            return str(facts["user"])
        finally:
            await link.close()
    finally:
        await machine.close()


def connect(
    spec: NodeSpec, *accepted: str, login: Login | None = None, check: KeyCheck | None = None
) -> str:
    check = check or KeyCheck({}, frozenset(accepted), ())
    return asyncio.run(agent_of(spec, login or Login(spec.key), check))


def failure(spec: NodeSpec, *accepted: str, **options: object) -> LeptonError:
    with pytest.raises(LeptonError) as caught:
        connect(spec, *accepted, **options)  # type: ignore[arg-type]
    assert caught.value.message.endswith((".", ")"))
    return caught.value


def test_a_node_is_reached_and_its_agent_answers(ssh_servers: Servers) -> None:
    server = ssh_servers("node")
    assert connect(server.spec("node"), server.fingerprint) == server.user
    left = [path.name for path in (server.folder / "node" / "agents").iterdir()]
    assert len(left) == 1
    assert len(left[0]) == 64


def test_the_agent_is_pushed_once(ssh_servers: Servers) -> None:
    server = ssh_servers("node")
    steps: list[str] = []

    async def run() -> None:
        for _ in range(2):
            check = KeyCheck({}, frozenset([server.fingerprint]), ())
            spec = server.spec("node")
            machine = await remote.reach(spec, Login(spec.key), check, lambda *_: None)
            channel = await machine.start_agent(lambda step, _: steps.append(step))
            await channel.close()

    asyncio.run(run())
    assert "Pushing the agent" in steps[: steps.index("Starting the agent")]
    assert steps[-2:] == ["Looking at the node", "Starting the agent"]


@pytest.mark.parametrize("sftp", ["internal-sftp", "/usr/lib/openssh/sftp-server"])
def test_a_noisy_login_shell_does_not_matter(ssh_servers: Servers, sftp: str) -> None:
    if sftp.startswith("/") and not Path(sftp).exists():
        sftp = "internal-sftp"
    bashrc = 'echo "Welcome to the lab"\nhead -c 2000 /dev/zero | tr "\\0" x\nprintf "no newline"\n'
    server = ssh_servers("node", sftp=sftp, bashrc=bashrc)
    assert connect(server.spec("node"), server.fingerprint) == server.user


def test_a_login_shell_that_ends_the_session_is_named(ssh_servers: Servers) -> None:
    server = ssh_servers("node", bashrc="echo Maintenance until noon; exit 0\n")
    error = failure(server.spec("node"), server.fingerprint)
    assert error.code == "shell_noise"
    assert "Maintenance until noon" in error.message


def test_a_name_that_does_not_resolve() -> None:
    error = failure(NodeSpec("n", host="no-such-host.invalid"))
    assert error.code == "dns"
    assert "no-such-host.invalid" in error.message


def test_a_closed_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert failure(NodeSpec("n", host="127.0.0.1", port=port)).code == "refused"


def test_a_host_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "CONNECT_SECONDS", 0.5)
    # A listener whose queue is full drops further connections, as a dead host does.
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        spec = NodeSpec("n", host="127.0.0.1", port=listener.getsockname()[1])
        assert failure(spec).code == "timeout"


@pytest.mark.parametrize(
    ("says", "code", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not_ssh", "HTTP/1.1 400 Bad Request"),
        (b"", "handshake", "does not finish"),
    ],
)
def test_something_else_than_an_ssh_server(says: bytes, code: str, text: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(says)
                peer.shutdown(socket.SHUT_WR)
                with contextlib.suppress(OSError):
                    while peer.recv(1000):
                        pass

        thread = threading.Thread(target=answer)
        thread.start()
        error = failure(NodeSpec("n", host="127.0.0.1", port=listener.getsockname()[1]))
        thread.join()
    assert error.code == code
    assert text in error.message


def test_an_unknown_host_key_is_shown_and_nothing_is_sent(ssh_servers: Servers) -> None:
    server = ssh_servers("node")
    error = failure(server.spec("node"))
    assert isinstance(error, HostKeyError)
    assert error.code == "host_key_unknown"
    assert error.offered.fingerprint == server.fingerprint
    assert error.offered.algorithm == "ssh-ed25519"
    assert "Accepted" not in server.log.read_text()
    assert "Failed" not in server.log.read_text()


def test_known_hosts_of_the_user_is_honoured(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("node")
    known = tmp_path / "known_hosts"
    public = Path(f"{server.host_key}.pub").read_text()
    known.write_text(f"[127.0.0.1]:{server.port} {public}")
    check = KeyCheck({}, files=(known,))
    assert connect(server.spec("node"), check=check) == server.user
    assert known.read_text() == f"[127.0.0.1]:{server.port} {public}"


def test_a_host_with_several_keys_is_asked_for_the_known_kind(
    ssh_servers: Servers, tmp_path: Path
) -> None:
    rsa = tmp_path / "rsa"
    command = ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(rsa)]
    subprocess.run(command, check=True)
    server = ssh_servers("node", options=(f"HostKey {rsa}",))
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {Path(f'{rsa}.pub').read_text()}")
    check = KeyCheck({}, files=(known,))
    assert connect(server.spec("node"), check=check) == server.user


def test_a_changed_host_key_is_refused(ssh_servers: Servers) -> None:
    server = ssh_servers("node")
    check = KeyCheck({}, frozenset([server.fingerprint]), ())
    connect(server.spec("node"), check=check)
    server.stop()
    old = server.fingerprint
    server.new_host_key()
    server.start()
    error = failure(server.spec("node"), check=KeyCheck(dict(check.accepted), frozenset(), ()))
    assert error.code == "host_key_changed"
    assert old in error.message
    assert server.fingerprint in error.message


def test_a_wrong_login_key_is_told_with_what_was_tried(
    ssh_servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    server = ssh_servers("node")
    make_key(tmp_path / "other")
    spec = server.spec("node", key=str(tmp_path / "other"))
    error = failure(spec, server.fingerprint)
    assert error.code == "login_refused"
    assert f"key {tmp_path / 'other'}" in error.message
    assert "the server accepts publickey" in error.message
    assert server.user in error.message


def test_without_any_key_the_missing_agent_is_explained(
    ssh_servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    server = ssh_servers("node")
    error = failure(server.spec("node", key=""), server.fingerprint)
    assert error.code == "login_refused"
    assert "nothing to try" in error.message
    assert "SSH_AUTH_SOCK is not set" in error.hint


def test_a_default_key_is_found(
    ssh_servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ssh_servers("node")
    (tmp_path / "me" / ".ssh").mkdir(parents=True)
    server.key.rename(tmp_path / "me" / ".ssh" / "id_ed25519")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert connect(server.spec("node", key=""), server.fingerprint) == server.user


def test_the_ssh_agent_is_asked(
    ssh_servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ssh_servers("node")
    with ssh_agent(tmp_path) as where:
        monkeypatch.setenv("SSH_AUTH_SOCK", where)
        monkeypatch.setenv("HOME", str(tmp_path))
        subprocess.run(["ssh-add", "-q", str(server.key)], check=True)
        assert connect(server.spec("node", key=""), server.fingerprint) == server.user


@contextlib.contextmanager
def ssh_agent(folder: Path) -> Iterator[str]:
    where = folder / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(where)], stdout=subprocess.DEVNULL)
    try:
        while not where.exists():
            assert process.poll() is None
        yield str(where)
    finally:
        process.terminate()
        process.wait()


def test_a_passphrase_is_asked_for_and_used(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("node")
    locked = tmp_path / "locked"
    make_key(locked, passphrase="open sesame")
    server.authorised.write_text(Path(f"{locked}.pub").read_text())
    spec = server.spec("node", key=str(locked))
    assert failure(spec, server.fingerprint).code == "passphrase_needed"
    wrong = failure(spec, server.fingerprint, login=Login(spec.key, passphrase="close"))
    assert wrong.code == "passphrase_needed"
    assert "does not open" in wrong.message
    login = Login(spec.key, passphrase="open sesame")
    assert connect(spec, server.fingerprint, login=login) == server.user
    assert "sesame" not in repr(login)


def test_a_key_file_that_is_missing_or_no_key(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("node")
    (tmp_path / "text").write_text("hello")
    for name in ("none", "text"):
        error = failure(server.spec("node", key=str(tmp_path / name)), server.fingerprint)
        assert error.code == "key_file"
        assert str(tmp_path / name) in error.message


def test_a_server_without_sftp(ssh_servers: Servers) -> None:
    server = ssh_servers("node", sftp="")
    error = failure(server.spec("node"), server.fingerprint)
    assert error.code == "sftp_missing"
    assert "Subsystem sftp" in error.hint


def test_a_server_that_allows_one_session_only(ssh_servers: Servers) -> None:
    server = ssh_servers("node", options=("MaxSessions 1",))

    async def run() -> None:
        spec = server.spec("node")
        check = KeyCheck({}, frozenset([server.fingerprint]), ())
        machine = await remote.reach(spec, Login(spec.key), check, lambda *_: None)
        channel = await machine.start_agent(lambda *_: None)
        with pytest.raises(LeptonError) as caught:
            await machine.put("file", b"x")
        assert caught.value.code == "sessions"
        await channel.close()

    asyncio.run(run())


def test_a_node_without_python(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("node", path=path_without_python(tmp_path / "bin"))
    error = failure(server.spec("node"), server.fingerprint)
    assert error.code == "python_missing"
    assert not list((server.folder / "node").rglob("*.py"))


def test_a_node_with_python_3_6(ssh_servers: Servers, tmp_path: Path) -> None:
    path = Path(path_without_python(tmp_path / "bin"))
    if OLD_PYTHON.exists():
        (path / "python3").symlink_to(OLD_PYTHON)
    else:
        (path / "python3").write_text("#!/bin/sh\necho 3.6.15 /usr/bin/python3\n")
        (path / "python3").chmod(0o755)
    server = ssh_servers("node", path=str(path))
    error = failure(server.spec("node"), server.fingerprint)
    assert error.code == "python_old"
    assert "3.6.15" in error.message
    spec = server.spec("node", python=sys.executable)
    assert connect(spec, server.fingerprint) == server.user


def test_a_home_that_cannot_be_written(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("node")
    (tmp_path / "file").touch()
    error = failure(server.spec("node", home=str(tmp_path / "file" / "x")), server.fingerprint)
    assert error.code == "home_not_writable"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    if os.geteuid() != 0 or not IP:
        pytest.skip("needs root to mount a small file system")
    place = tmp_path / "tiny"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)]
    if subprocess.run(command, check=False).returncode != 0:
        pytest.skip("may not mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_told_before_and_while_pushing(
    ssh_servers: Servers, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ssh_servers("node")
    spec = server.spec("node", home=str(tiny_disk / "node"))
    assert failure(spec, server.fingerprint).code == "disk_full"
    monkeypatch.setattr(remote, "UNPACKED_RATIO", 0)
    assert failure(spec, server.fingerprint).code == "disk_full"
    filler = tiny_disk / "filler"
    filler.write_bytes(b"x" * 300_000)
    error = failure(spec, server.fingerprint)
    assert error.code == "disk_full"
    assert str(tiny_disk) in error.message
    assert sorted(path.name for path in (tiny_disk / "node" / "agents").iterdir()) == []


def test_through_a_jump_host_each_key_is_verified_as_its_own(
    ssh_servers: Servers, tmp_path: Path
) -> None:
    jump, server = ssh_servers("jump"), ssh_servers("node")
    with jump.authorised.open("a") as authorised:
        authorised.write(Path(f"{server.key}.pub").read_text())
    spec = server.spec("node", jump=f"{jump.user}@127.0.0.1:{jump.port}")
    first = failure(spec)
    assert isinstance(first, HostKeyError)
    assert first.address == f"[127.0.0.1]:{jump.port}"
    assert first.offered.fingerprint == jump.fingerprint
    second = failure(spec, jump.fingerprint)
    assert isinstance(second, HostKeyError)
    assert second.address == f"[127.0.0.1]:{server.port}"
    assert second.offered.fingerprint == server.fingerprint
    assert connect(spec, jump.fingerprint, server.fingerprint) == server.user


def test_what_goes_wrong_behind_a_jump_host_is_told(ssh_servers: Servers) -> None:
    jump = ssh_servers("jump")
    closed = ssh_servers("closed", options=("AllowTcpForwarding no",))
    for hop, host, code in (
        (jump, "127.0.0.1", "timeout"),
        (jump, "no-such-host.invalid", "timeout"),
        (closed, "127.0.0.1", "jump"),
    ):
        words = f"{hop.user}@127.0.0.1:{hop.port}"
        spec = NodeSpec("n", host=host, port=1, key=str(hop.key), jump=words)
        error = failure(spec, hop.fingerprint)
        assert error.code == code
        assert f"jump host [127.0.0.1]:{hop.port}" in error.message


class _PasswordServer(paramiko.ServerInterface):
    def __init__(self, method: str) -> None:
        self._method = method
        self.done = threading.Event()

    def get_allowed_auths(self, username: str) -> str:
        return self._method

    def check_auth_password(self, username: str, password: str) -> int:
        good = self._method == "password" and password == "swordfish"
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> object:
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        good = list(responses) == ["swordfish"]
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_a_password_is_used_where_the_server_asks_for_one(method: str, tmp_path: Path) -> None:
    make_key(tmp_path / "host")
    transports: list[paramiko.Transport] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return  # the test is over
                transport = paramiko.Transport(peer)
                transport.daemon = True
                transport.add_server_key(paramiko.Ed25519Key(filename=str(tmp_path / "host")))
                transports.append(transport)
                transport.start_server(threading.Event(), _PasswordServer(method))

        thread = threading.Thread(target=serve)
        thread.start()
        spec = NodeSpec("n", host="127.0.0.1", port=listener.getsockname()[1], user="u")
        known = fingerprint(tmp_path / "host")

        async def reach(password: str) -> str:
            check = KeyCheck({}, frozenset([known]), ())
            machine = await remote.reach(spec, Login("", password), check, lambda *_: None)
            await machine.close()
            return machine.host_key

        with pytest.raises(LeptonError) as caught:
            asyncio.run(reach("wrong"))
        assert caught.value.code == "login_refused"
        assert method in caught.value.message
        assert "wrong" not in str(caught.value)
        assert asyncio.run(reach("swordfish")) == known
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for transport in transports:
        transport.close()


def test_files_go_both_ways(ssh_servers: Servers, tmp_path: Path) -> None:
    server = ssh_servers("node")

    async def run() -> None:
        spec = server.spec("node")
        check = KeyCheck({}, frozenset([server.fingerprint]), ())
        machine = await remote.reach(spec, Login(spec.key), check, lambda *_: None)
        channel = await machine.start_agent(lambda *_: None)
        data = os.urandom(3_000_000)
        await machine.put("deep/er/file.bin", data)
        await machine.get("deep/er/file.bin", tmp_path / "copy" / "file.bin")
        assert (tmp_path / "copy" / "file.bin").read_bytes() == data
        await machine.get(f"{machine.home}/deep/er/file.bin", tmp_path / "copy" / "file.bin")
        with pytest.raises(LeptonError) as caught:
            await machine.get("deep/none", tmp_path / "copy" / "none")
        assert caught.value.code == "file_missing"
        assert [path.name for path in (tmp_path / "copy").iterdir()] == ["file.bin"]
        assert [path.name for path in (server.folder / "node/deep/er").iterdir()] == ["file.bin"]
        await channel.close()

    asyncio.run(run())
