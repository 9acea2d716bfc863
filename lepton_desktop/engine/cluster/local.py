"""This computer as a node: the agent is a subprocess, files are copied. Runs in the engine."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import sys
import tarfile
import uuid
from pathlib import Path

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.bundle import Bundle, NodePlatform, agent_bundle
from lepton_desktop.engine.cluster.machine import Channel, Tell
from lepton_desktop.engine.cluster.remote import atomic_file
from lepton_desktop.engine.cluster.threads import in_thread
from lepton_desktop.errors import LeptonError

GOODBYE_SECONDS = 5.0


class LocalMachine:
    """This computer, under a node home of its own."""

    host_key = ""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._channel: LocalChannel | None = None
        self.pushed: list[Bundle] = []

    @property
    def home(self) -> str:
        """Absolute path of the node home."""
        return str(self._home)

    async def start_agent(self, tell: Tell, mend: bool = False) -> Channel:
        """Unpack the agent where it is missing or broken, and start it with this Python.

        Raises:
            LeptonError: The home cannot be written, or the process cannot be started.
        """
        bundle = await in_thread(lambda: agent_bundle(NodePlatform.here()), "lepton-pack")
        if mend or not (self._home / bundle.folder).is_dir():
            await self.unpack(bundle, tell)
        folder = str(self._home / bundle.folder)
        tell("Starting the agent", None)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-u", folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "LEPTON_NODE_HOME": self.home},
                start_new_session=True,  # Ctrl-C for the engine is not meant for the agent
            )
        except OSError as error:
            raise reasons.agent_failed(str(error)) from None
        self._channel = LocalChannel(process)
        return self._channel

    async def unpack(self, bundle: Bundle, tell: Tell) -> str:
        """Bring a bundle to its place.

        Raises:
            LeptonError: The disk is full or the home cannot be written.
        """
        tell("Unpacking", None)
        await in_thread(lambda: self._unpack(bundle), "lepton-unpack")
        self.pushed.append(bundle)
        return str(self._home / bundle.place)

    async def put(self, path: str, data: bytes) -> None:
        """Write a file atomically.

        Raises:
            LeptonError: The disk is full or the path cannot be written.
        """
        await in_thread(lambda: self._write(self._home / path, data), "lepton-local-files")

    async def get(self, path: str, target: Path) -> None:
        """Copy a file, atomically at the target.

        Raises:
            LeptonError: There is no such file, or it cannot be read.
        """
        await in_thread(lambda: self._copy(self._home / path, target), "lepton-local-files")

    async def close(self) -> None:
        """Hang up; the agent leaves, jobs go on."""
        if self._channel is not None:
            await self._channel.close()

    def _unpack(self, bundle: Bundle) -> None:
        folder = self._home / bundle.folder
        partial = folder.with_name(f"{folder.name}.part-{uuid.uuid4().hex[:8]}")
        try:
            partial.mkdir(parents=True)
            with tarfile.open(fileobj=io.BytesIO(bundle.data)) as archive:
                archive.extractall(partial, filter="data")
            if folder.is_dir():
                _mend(partial, folder)
            else:
                partial.rename(folder)
        except OSError as error:
            raise _explain(error, self.home) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _write(self, place: Path, data: bytes) -> None:
        try:
            with atomic_file(place) as partial:
                partial.write_bytes(data)
        except OSError as error:
            raise _explain(error, str(place.parent)) from None

    def _copy(self, place: Path, target: Path) -> None:
        try:
            with atomic_file(target) as partial:
                shutil.copyfile(place, partial)
        except FileNotFoundError:
            raise LeptonError(f"There is no file {place}.", code="file_missing") from None
        except OSError as error:
            raise LeptonError(
                f"{place} cannot be copied: {error.strerror}.", code="file_unreadable"
            ) from None


class LocalChannel:
    """The agent's stdin and stdout as pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._input, self._output = process.stdin, process.stdout
        self._errors = bytearray()
        self._listening = asyncio.create_task(self._listen(process.stderr))

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""
        return await self._output.read(65536)

    async def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            LeptonError: The agent is gone.
        """
        try:
            self._input.write(data)
            await self._input.drain()
        except (OSError, RuntimeError) as error:
            raise LeptonError(f"Writing failed: {error}.", code="link_lost") from None

    async def close(self) -> None:
        """Close its input, then wait; an agent that stays is killed."""
        with contextlib.suppress(OSError, RuntimeError):
            self._input.close()
        try:
            # A pipe that nobody reads would keep the process object waiting for its end.
            async with asyncio.timeout(GOODBYE_SECONDS):
                while await self._output.read(65536):
                    pass
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), GOODBYE_SECONDS)
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening

    def last_words(self) -> str:
        """The last line that the agent wrote to stderr."""
        return reasons.last_line(bytes(self._errors))

    def is_cut(self) -> bool:
        """A pipe does not break by itself."""
        return False

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(4096):
            self._errors += data
            del self._errors[:-4096]


def _mend(source: Path, folder: Path) -> None:
    """Programs may be running from there: files are replaced one by one, nothing is removed."""
    for file in source.rglob("*"):
        if file.is_file():
            place = folder / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)


def _explain(error: OSError, where: str) -> LeptonError:
    if reasons.is_full(error):
        return reasons.disk_full(where)
    return reasons.home_not_writable(where, error.strerror or str(error))
