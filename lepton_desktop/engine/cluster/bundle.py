"""Packs what is pushed to nodes: the agent, the runtime, plug-in folders. Runs in the engine.

A bundle is a tar.gz whose bytes depend on its content only, so its SHA-256 names it: the same code
is pushed to a node once. Sources are read as files; nothing of agent or runtime is imported here.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib.util
import io
import platform
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lepton_desktop.errors import LeptonError

PACKAGE = Path(__file__).resolve().parents[2]
AGENTS, BUNDLES = "agents", "bundles"

# Must parse on Python 2.7 and 3.6, so that an old interpreter gets a sentence, not a SyntaxError.
AGENT_MAIN = """\
import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "lepton-agent: Python 3.9 or newer is needed, this is %d.%d\\n" % sys.version_info[:2]
    )
    raise SystemExit(3)

from lepton_desktop.agent.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
"""

_SKIPPED = {"__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@dataclass(frozen=True)
class Bundle:
    """A tar.gz for ``<node home>/<area>/<sha256>/``."""

    sha256: str
    data: bytes
    area: str = BUNDLES
    """``agents`` or ``bundles``."""
    top: str = ""
    """The one folder inside that callers want (a plug-in's id); empty: the bundle's own folder."""

    @property
    def folder(self) -> str:
        """Where it lies, relative to the node home."""
        return f"{self.area}/{self.sha256}"

    @property
    def place(self) -> str:
        """What callers want of it, relative to the node home."""
        return f"{self.folder}/{self.top}" if self.top else self.folder


@dataclass(frozen=True)
class NodePlatform:
    """What decides whether a compiled wheel fits."""

    system: str = "Linux"
    machine: str = "x86_64"
    musl: bool = False

    @classmethod
    def here(cls) -> NodePlatform:
        """This computer."""
        return cls(platform.system(), platform.machine(), platform.libc_ver()[0] != "glibc")


def agent_bundle(node: NodePlatform) -> Bundle:
    """The agent for a node, with psutil when this installation's wheel fits it."""
    return _agent_bundle(_psutil_fits(node))


def agent_variants() -> tuple[Bundle, Bundle]:
    """Both agent bundles, so that one probe can ask which of them a node has already."""
    return _agent_bundle(True), _agent_bundle(False)


def runtime_bundle() -> Bundle:
    """What a job imports from ``PYTHONPATH``."""
    files = dict(_shared(("__init__", "errors", "specs", "formula", "plugins")))
    files.update(_tree(PACKAGE / "wire", "lepton_desktop/wire"))
    files.update(_tree(PACKAGE / "runtime", "lepton_desktop/runtime"))
    return _pack(files)


def plugin_bundle(folder: Path, plugin_id: str) -> Bundle:
    """A plug-in's folder under its id.

    Raises:
        LeptonError: The folder cannot be read.
    """
    if not folder.is_dir():
        raise LeptonError(
            f"The folder of the plug-in {plugin_id} is gone: {folder}.",
            "Put it back or remove the plug-in from the run.",
            code="plugin",
        )
    return _pack(dict(_tree(folder, plugin_id)), top=plugin_id)


@functools.cache
def _agent_bundle(with_psutil: bool) -> Bundle:
    files = {"__main__.py": AGENT_MAIN.encode()}
    files.update(_shared(("__init__", "errors")))
    files.update(_tree(PACKAGE / "wire", "lepton_desktop/wire"))
    files.update(_tree(PACKAGE / "agent", "lepton_desktop/agent"))
    nvml = _origin("pynvml")
    if nvml is not None:
        files["pynvml.py"] = nvml.read_bytes()
    psutil = _origin("psutil")
    if with_psutil and psutil is not None:
        files.update(_tree(psutil.parent, "psutil"))
    return _pack(files, area=AGENTS)


def _shared(names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        source = PACKAGE / f"{name}.py"
        if source.exists():
            yield f"lepton_desktop/{name}.py", source.read_bytes()


def _tree(folder: Path, top: str) -> Iterator[tuple[str, bytes]]:
    for source in sorted(folder.rglob("*")):
        inner = source.relative_to(folder)
        if source.is_file() and not _SKIPPED.intersection(inner.parts) and source.suffix != ".pyc":
            yield str(PurePosixPath(top, *inner.parts)), source.read_bytes()


def _origin(module: str) -> Path | None:
    found = importlib.util.find_spec(module)
    return Path(found.origin) if found and found.origin else None


def _psutil_fits(node: NodePlatform) -> bool:
    """Only a stable-ABI module of the same system, architecture and C library will load."""
    here = NodePlatform.here()
    origin = _origin("psutil")
    compiled = origin is not None and any(origin.parent.glob("*.abi3.so"))
    return compiled and sys.platform == "linux" and node == here


def _pack(files: dict[str, bytes], area: str = BUNDLES, top: str = "") -> Bundle:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            entry.mode = 0o755 if name.endswith(".so") else 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
    data = gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)
    return Bundle(hashlib.sha256(data).hexdigest(), data, area, top)
