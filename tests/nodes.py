"""Real OpenSSH servers as nodes: on loopback, and in network namespaces of their own.

Each has its own host key, login key, session HOME and PATH, all in a temporary folder; nothing of
the user's own account is read or written.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from lepton_desktop.specs import NodeSpec

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or ""
IP = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin") or ""
TOOLS = ("sh", "env", "uname", "mkdir", "df", "tail", "id", "cat", "sleep", "ls", "dirname")
START_SECONDS = 10.0

needs_sshd = pytest.mark.skipif(not SSHD, reason="needs an OpenSSH server (openssh-server)")


def _can_make_namespaces() -> bool:
    """Root in a container is often not allowed to."""
    if not SSHD or not IP or os.geteuid() != 0:
        return False
    name = f"lpcheck{os.getpid()}"
    made = subprocess.run([IP, "netns", "add", name], check=False, capture_output=True)
    subprocess.run([IP, "netns", "del", name], check=False, capture_output=True)
    return made.returncode == 0


needs_netns = pytest.mark.skipif(
    not _can_make_namespaces(), reason="needs root, iproute2 and an OpenSSH server"
)


class SshServer:
    """One sshd; ``folder/home`` is the HOME of its sessions."""

    def __init__(
        self,
        folder: Path,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        netns: str = "",
        path: str = "",
        bashrc: str = "",
        sftp: str = "internal-sftp",
        home: Path | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.address = address
        self.port = port or (22 if netns else _free_port(address))
        self.netns = netns
        self.home = home or folder / "home"
        self.user = getpass.getuser()
        self.key = folder / "login_key"
        self.host_key = folder / "host_key"
        self.log = folder / "sshd.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.home.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        make_key(self.key)
        make_key(self.host_key)
        (self.home / ".bashrc").write_text(bashrc)
        self.authorised = folder / "authorized_keys"
        self.authorised.write_text(Path(f"{self.key}.pub").read_text())
        self._path = path or os.environ["PATH"]
        self._sftp = sftp
        self._options = options

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the host key, as ssh-keygen prints it."""
        return fingerprint(self.host_key)

    def spec(self, name: str, **changes: object) -> NodeSpec:
        """The node that this server is."""
        values: dict[str, object] = {
            "host": self.address,
            "port": self.port,
            "user": self.user,
            "key": str(self.key),
            "home": str(self.folder / "node"),
        }
        return NodeSpec(name, **{**values, **changes})  # type: ignore[arg-type]

    def start(self) -> SshServer:
        """Listen; returns when the port answers."""
        config = self.folder / "sshd_config"
        config.write_text(self._config())
        command = [SSHD, "-D", "-e", "-f", str(config)]
        if self.netns:
            command = [IP, "netns", "exec", self.netns, *command]
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"sshd did not start:\n{self.log.read_text()}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """Stop listening and cut every session, with all that runs in it."""
        if self._process is None:
            return
        sessions = psutil.Process(self._process.pid).children(recursive=True)
        for session in sessions:
            with suppress(psutil.NoSuchProcess):
                session.kill()
        self._process.terminate()
        self._process.wait(10)
        deadline = time.monotonic() + 5.0
        while not all(map(_ended, sessions)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self._process = None

    def new_host_key(self) -> None:
        """As after a new installation; takes effect at the next start."""
        self.host_key.unlink()
        Path(f"{self.host_key}.pub").unlink()
        make_key(self.host_key)

    def agents(self) -> list[psutil.Process]:
        """The agents that run below this server."""
        if self._process is None:
            return []
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                words = process.cmdline()
            except psutil.NoSuchProcess:
                continue
            if words and "/agents/" in words[-1] and words[0] != "bash":
                found.append(process)
        return found

    def _config(self) -> str:
        lines = [
            f"ListenAddress {self.address}",
            f"Port {self.port}",
            f"HostKey {self.host_key}",
            f"AuthorizedKeysFile {self.authorised}",
            f"PidFile {self.folder / 'sshd.pid'}",
            f"Subsystem sftp {self._sftp}" if self._sftp else "",
            f'SetEnv HOME="{self.home}" PATH="{self._path}"',
            "UsePAM no",
            "StrictModes no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin yes",
            "PrintMotd yes",
            "LogLevel VERBOSE",
            *self._options,
        ]
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, self.port), timeout=1) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False


class NamespaceLab:
    """Machines as network namespaces on one switch: own addresses, own cables.

    The switch is a bridge in a namespace of its own, so that no firewall of this computer stands
    between the machines.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        # Interface names are short; the pid keeps two test runs on one machine apart.
        self._tag = f"lp{os.getpid() % 0xFFFFF:05x}"
        self._net = f"10.77.{_free_net()}"
        self._switch = f"{self._tag}-switch"
        self.names = names
        self.gateway = f"{self._net}.1"
        """This computer's address on that network."""

    def namespace(self, name: str) -> str:
        """The namespace that stands for a machine."""
        return f"{self._tag}-{name}"

    def address(self, name: str) -> str:
        """Of a machine."""
        return f"{self._net}.{self.names.index(name) + 2}"

    def cable(self, name: str, up: bool) -> None:
        """Plug or unplug a machine at the switch."""
        _ip("-n", self._switch, "link", "set", f"to-{name}", "up" if up else "down")

    @contextmanager
    def built(self) -> Iterator[NamespaceLab]:
        """Everything is removed at the end, whatever happened."""
        with ExitStack() as stack:
            stack.callback(_remove_namespace, self._switch)
            _ip("netns", "add", self._switch)
            _ip("-n", self._switch, "link", "add", "switch", "type", "bridge")
            _ip("-n", self._switch, "link", "set", "switch", "up")
            stack.callback(_ip, "link", "del", self._tag, check=False)
            self._plug_in("desk", self._tag, self.gateway)
            for name in self.names:
                namespace = self.namespace(name)
                stack.callback(_remove_namespace, namespace)
                _ip("netns", "add", namespace)
                _ip("-n", namespace, "link", "set", "lo", "up")
                self._plug_in(name, "eth0", self.address(name), namespace)
            yield self

    def _plug_in(self, name: str, interface: str, address: str, namespace: str = "") -> None:
        port = f"to-{name}"
        there = ("netns", namespace) if namespace else ()
        inside = ("-n", namespace) if namespace else ()
        ends = ("name", interface, *there)
        _ip("link", "add", port, "netns", self._switch, "type", "veth", "peer", *ends)
        _ip("-n", self._switch, "link", "set", port, "master", "switch")
        _ip("-n", self._switch, "link", "set", port, "up")
        _ip(*inside, "addr", "add", f"{address}/24", "dev", interface)
        _ip(*inside, "link", "set", interface, "up")


def make_key(path: Path, passphrase: str = "") -> None:
    """An Ed25519 key pair."""
    if not path.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)]
        subprocess.run(command, check=True)


def fingerprint(key: Path) -> str:
    """``SHA256:…`` of a key pair, as ssh-keygen prints it."""
    command = ["ssh-keygen", "-lf", f"{key}.pub"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]


def path_without_python(folder: Path) -> str:
    """A PATH with the usual tools but no Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for tool in TOOLS:
        found = shutil.which(tool, path="/usr/bin:/bin")
        if found and not (folder / tool).exists():
            (folder / tool).symlink_to(found)
    return str(folder)


@pytest.fixture
def ssh_servers(tmp_path: Path) -> Iterator[_Servers]:
    """Makes SshServer objects that are stopped at the end: ``ssh_servers("name", **options)``."""
    servers = _Servers(tmp_path)
    yield servers
    servers.stop()


class _Servers:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: list[SshServer] = []

    def __call__(self, name: str, **options: object) -> SshServer:
        server = SshServer(self._folder / name, **options)  # type: ignore[arg-type]
        self._servers.append(server)
        return server.start()

    def stop(self) -> None:
        for server in self._servers:
            server.stop()


@pytest.fixture
def namespace_lab() -> Iterator[NamespaceLab]:
    """Two machines, ``a`` and ``b``, without SSH servers yet."""
    with NamespaceLab(("a", "b")).built() as lab:
        yield lab


def _ended(process: psutil.Process) -> bool:
    """A zombie waits for init to notice it, and that may take its time."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _free_net() -> int:
    used = subprocess.run([IP, "-4", "addr"], check=True, capture_output=True, text=True).stdout
    start = os.getpid() % 250
    return next(
        net
        for net in (1 + (start + step) % 250 for step in range(250))
        if f"10.77.{net}." not in used
    )


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run([IP, *words], check=check, capture_output=not check)


def _remove_namespace(name: str) -> None:
    inside = subprocess.run(
        [IP, "netns", "pids", name], check=False, capture_output=True, text=True
    ).stdout
    for pid in inside.split():
        with suppress(psutil.NoSuchProcess):
            psutil.Process(int(pid)).kill()
    _ip("netns", "del", name, check=False)
