"""A node over SSH: probe it, push the agent and bundles, move files. Runs in the engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import posixpath
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from lepton_desktop.engine.cluster import bootstrap, reasons
from lepton_desktop.engine.cluster.bundle import AGENTS, Bundle, agent_bundle, agent_variants
from lepton_desktop.engine.cluster.hostkeys import KeyCheck
from lepton_desktop.engine.cluster.machine import Channel, Tell
from lepton_desktop.engine.cluster.route import Login, route_of
from lepton_desktop.engine.cluster.ssh import SshChannel, SshConnection
from lepton_desktop.engine.cluster.threads import in_thread
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec

UNPACKED_RATIO = 6
"""A bundle unpacks to about four times its size; the rest is for bytecode and a first log."""


class RemoteMachine:
    """A node that SSH reached."""

    def __init__(self, spec: NodeSpec, connection: SshConnection) -> None:
        self._spec = spec
        self._connection = connection
        self._probe = bootstrap.Probe()
        self._files = asyncio.Lock()
        self.pushed: list[Bundle] = []

    @property
    def home(self) -> str:
        """Absolute path of the node home."""
        return self._probe.home

    @property
    def host_key(self) -> str:
        """Fingerprint of the verified key."""
        key = self._connection.host_key
        return key.fingerprint if key else ""

    async def start_agent(self, tell: Tell, mend: bool = False) -> Channel:
        """Push the agent where it is missing or broken, and start it.

        Raises:
            LeptonError: The node cannot run it; the code says why.
        """
        tell("Looking at the node", None)
        self._probe = await self._ask()
        bundle = await in_thread(lambda: agent_bundle(self._probe.platform), "lepton-pack")
        present = bundle.sha256 in self._probe.have and not mend
        bootstrap.check_probe(self._probe, 0 if present else len(bundle.data) * UNPACKED_RATIO)
        if not present:
            await self.unpack(bundle, tell)
        tell("Starting the agent", None)
        folder = posixpath.join(self.home, bundle.folder)
        command = bootstrap.agent_command(self._probe.python, self.home, folder)
        channel = await in_thread(lambda: self._connection.open(command), "lepton-ssh-start")
        return SshChannel(self._connection, channel)

    async def unpack(self, bundle: Bundle, tell: Tell) -> str:
        """Push a bundle, check its hash on the node, unpack and rename.

        Raises:
            LeptonError: The disk is full, SFTP is missing, or the connection broke.
        """
        what = "the agent" if bundle.area == AGENTS else "code for the job"
        tell(f"Pushing {what}", 0.0)
        report = _from_thread(lambda done, size: tell(f"Pushing {what}", done / max(size, 1)))
        async with self._files:
            await in_thread(lambda: self._push(bundle, report), "lepton-ssh-files")
        self.pushed.append(bundle)
        return posixpath.join(self.home, bundle.place)

    async def put(self, path: str, data: bytes) -> None:
        """Write a file atomically.

        Raises:
            LeptonError: The disk is full, the path cannot be written, or the connection broke.
        """
        place = posixpath.join(self.home, path)
        async with self._files:
            await in_thread(lambda: self._upload(data, place, None), "lepton-ssh-files")

    async def get(self, path: str, target: Path) -> None:
        """Copy a file from the node, atomically at the target.

        Raises:
            LeptonError: There is no such file, or the connection broke.
        """
        place = posixpath.join(self.home, path)
        async with self._files:
            await in_thread(lambda: self._download(place, target), "lepton-ssh-files")

    async def close(self) -> None:
        """Hang up."""
        await in_thread(self._connection.close, "lepton-ssh-close")

    async def _ask(self) -> bootstrap.Probe:
        hashes = [bundle.sha256 for bundle in agent_variants()]
        script = bootstrap.probe_script(self._spec.home, self._spec.python, hashes)
        answer = await in_thread(
            lambda: self._connection.execute("/bin/sh -s", script.encode()), "lepton-ssh-probe"
        )
        return bootstrap.read_probe(answer.output)

    def _push(self, bundle: Bundle, report: Callable[[int, int], object]) -> None:
        folder = posixpath.join(self.home, bundle.folder)
        archive = f"{folder}.{uuid.uuid4().hex[:8]}.tar.gz"
        self._upload(bundle.data, archive, report)
        command = bootstrap.unpack_command(self._probe.python, archive, folder, bundle)
        answer = self._connection.execute(command, bootstrap.UNPACK.encode(), timeout=120.0)
        bootstrap.read_unpack(answer.output, answer.errors, folder)

    def _upload(self, data: bytes, place: str, report: Callable[[int, int], object] | None) -> None:
        try:
            self._connection.upload(data, place, report)
        except OSError as error:
            raise self._explain_write(place, len(data), error) from None

    def _explain_write(self, place: str, size: int, error: OSError) -> LeptonError:
        """SFTP says no more than "Failure" when a disk is full, so the node is asked."""
        answer = self._connection.execute("/bin/sh -s", bootstrap.space_script(self.home).encode())
        free = bootstrap.read_space(answer.output)
        if free is not None and free < size + 65536:
            return reasons.disk_full(self.home)
        return reasons.home_not_writable(posixpath.dirname(place), str(error))

    def _download(self, place: str, target: Path) -> None:
        try:
            with atomic_file(target) as partial, partial.open("wb") as stream:
                self._connection.download(place, stream)
        except FileNotFoundError:
            raise LeptonError(
                f"There is no file {reasons.plain_text(place)} on {self._spec.name}.",
                code="file_missing",
            ) from None
        except OSError as error:
            raise LeptonError(
                f"{reasons.plain_text(place)} of {self._spec.name} cannot be copied: {error}.",
                code="file_unreadable",
            ) from None


async def reach(spec: NodeSpec, login: Login, keys: KeyCheck, tell: Tell) -> RemoteMachine:
    """Connect to a node; cancelling hangs up.

    Raises:
        LeptonError: With the code that says which step failed.
    """
    report = _from_thread(lambda step: tell(step, None))
    connection = SshConnection(route_of(spec), login, keys, report)
    try:
        await in_thread(connection.connect, f"lepton-ssh-connect-{spec.name}")
    except asyncio.CancelledError:
        threading.Thread(target=connection.close, name="lepton-ssh-abort", daemon=True).start()
        raise
    return RemoteMachine(spec, connection)


@contextlib.contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """A path to fill; it becomes ``target`` when the block ends well, and is gone when not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _from_thread(report: Callable[..., None]) -> Callable[..., None]:
    loop = asyncio.get_running_loop()

    def call(*values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(report, *values)

    return call
