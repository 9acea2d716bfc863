"""Checks this computer for what the desk programs need. Runs on the desk."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import shutil
import socket
import subprocess
import sys

from lepton_desktop.client.words import bytes_text
from lepton_desktop.settings import Paths
from lepton_desktop.wire.desk import Check

NEEDED_PYTHON = (3, 11)
DEPENDENCIES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "numpy",
    "paramiko",
    "psutil",
    "nvidia-ml-py",
    "msgspec",
    "keyring",
    "platformdirs",
    "typer",
)
TRAINING = ("torch", "gymnasium")
X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt's window plug-in loads on Linux, and the Debian package of each."""
QT_PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1"
LOW_DISK_BYTES = 1_000_000_000
TRY_QT = "from PySide6.QtWidgets import QApplication; QApplication([])"


def check_machine(where: Paths) -> list[Check]:
    """All findings, good ones too."""
    return [
        _python(),
        _dependencies(),
        _training(),
        _qt(),
        _display(),
        _ssh_agent(),
        _home(where),
    ]


def _python() -> Check:
    version = platform.python_version()
    if sys.version_info < NEEDED_PYTHON:
        return Check("Python", "error", f"{version} is too old.", "Install Python 3.11 or newer.")
    return Check("Python", "ok", f"{version}, {sys.executable}")


def _missing(names: tuple[str, ...]) -> list[str]:
    missing = []
    for name in names:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    return missing


def _dependencies() -> Check:
    missing = _missing(DEPENDENCIES)
    if missing:
        return Check(
            "packages",
            "error",
            f"{', '.join(missing)} missing.",
            f"Install with: {sys.executable} -m pip install {' '.join(missing)}",
        )
    return Check("packages", "ok", f"all {len(DEPENDENCIES)} installed")


def _training() -> Check:
    missing = _missing(TRAINING)
    if missing:
        return Check(
            "training here",
            "warning",
            f"{' and '.join(missing)} missing: this computer cannot train, its nodes may.",
            f"Install with: {sys.executable} -m pip install 'lepton-desktop[train]'",
        )
    return Check("training here", "ok", "torch and gymnasium are installed")


def _qt() -> Check:
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRY_QT],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Check("Qt", "error", "It did not start within 60 s.")
    if done.returncode == 0:
        return Check("Qt", "ok", "loads and draws")
    said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return Check("Qt", "error", said, f"On Debian or Ubuntu: sudo apt install {QT_PACKAGES}")


def _display() -> Check:
    if sys.platform != "linux":
        return Check("display", "ok", "the platform's own")
    if os.environ.get("WAYLAND_DISPLAY"):
        return Check("display", "ok", "Wayland")
    if not os.environ.get("DISPLAY"):
        return Check(
            "display",
            "warning",
            "There is none, so the window cannot open here; leptonctl works.",
            "Work on the desk itself, or with ssh -X.",
        )
    missing = [package for library, package in X11_LIBRARIES.items() if not _loads(library)]
    if missing:
        return Check(
            "display",
            "error",
            "Libraries of Qt's window plug-in are missing.",
            f"On Debian or Ubuntu: sudo apt install {' '.join(missing)}",
        )
    return Check("display", "ok", f"X11 {os.environ['DISPLAY']}")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _ssh_agent() -> Check:
    path = os.environ.get("SSH_AUTH_SOCK", "")
    if not path:
        return Check(
            "ssh agent",
            "warning",
            "SSH_AUTH_SOCK is not set: keys with a passphrase will be asked for.",
            "Start one with: eval $(ssh-agent); ssh-add",
        )
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(2)
            agent.connect(path)
    except OSError as error:
        return Check(
            "ssh agent",
            "warning",
            f"Nothing answers at {path}: {error.strerror or error}.",
            "Start one with: eval $(ssh-agent); ssh-add",
        )
    return Check("ssh agent", "ok", "answers")


def _home(where: Paths) -> Check:
    folder = next(path for path in (where.home, *where.home.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        return Check(
            "files",
            "error",
            f"{folder} may not be written.",
            "Set LEPTON_HOME to a folder that you may write to.",
        )
    free = shutil.disk_usage(folder).free
    if free < LOW_DISK_BYTES:
        return Check(
            "files",
            "warning",
            f"Only {bytes_text(free)} are free at {folder}.",
            "Free some space: checkpoints are kept there.",
        )
    return Check("files", "ok", f"{where.home}, {bytes_text(free)} free")
