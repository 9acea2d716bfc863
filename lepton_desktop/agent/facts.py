"""What a node is. Runs on every node, in the agent; asked once a link."""

from __future__ import annotations

import os
import platform
import pwd
import shutil
import socket
import sys
import time
from pathlib import Path

from lepton_desktop import __version__
from lepton_desktop.agent.accelerators import Accelerators
from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.identity import boot_id
from lepton_desktop.agent.network import interfaces
from lepton_desktop.agent.text import clean
from lepton_desktop.wire.node import AgentHello, InterfaceFacts, NodeFacts


def hello(home: NodeHome) -> AgentHello:
    """The first thing an agent says about itself."""
    return AgentHello(
        version=__version__,
        hostname=clean(socket.gethostname(), 100),
        home=str(home.root),
        python=platform.python_version(),
        pid=os.getpid(),
        boot_id=boot_id(),
        time=round(time.time(), 3),
    )


def describe(home: NodeHome, accelerators: Accelerators, reader: str) -> NodeFacts:
    """The node, its devices and, in ``reasons``, what could not be found out."""
    gpus, reasons = accelerators.facts()
    if reader != "psutil":
        reasons["host"] = f"psutil is not in the bundle; readings come from {reader}"
    space = shutil.disk_usage(home.root)
    return NodeFacts(
        os=_os_name(),
        kernel=clean(platform.release(), 100),
        architecture=platform.machine(),
        cpu_model=_cpu_model(),
        cpu_count=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        disk_total_bytes=space.total,
        disk_free_bytes=space.free,
        user=_user(),
        uptime_seconds=_uptime_seconds(),
        interfaces=_interfaces(reasons),
        gpus=gpus,
        reasons=reasons,
    )


def _interfaces(reasons: dict[str, str]) -> list[InterfaceFacts]:
    try:
        return interfaces()
    except OSError as error:
        reasons["interfaces"] = clean(str(error))
        return []


def _os_name() -> str:
    for line in _lines("/etc/os-release"):
        if line.startswith("PRETTY_NAME="):
            return clean(line.partition("=")[2].strip("\"'"), 100)
    return f"{platform.system()} ({sys.platform})"


def _cpu_model() -> str:
    for line in _lines("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "cpu model", "Hardware"):
            return clean(value, 100)
    return platform.processor() or platform.machine()


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _uptime_seconds() -> float:
    for line in _lines("/proc/uptime"):
        return float(line.split()[0])
    return time.monotonic()


def _lines(name: str) -> list[str]:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
