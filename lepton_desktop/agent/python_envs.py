"""Finds the Pythons of a node and says which can train. Runs on every node, in the agent."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.text import clean
from lepton_desktop.errors import WireError
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import PythonEnvironment

ASK_SECONDS = 15.0
ALL_SECONDS = 25.0
"""All interpreters together; the engine waits half a minute for the list."""

ASKED_AT_ONCE = 4
MOST_INTERPRETERS = 40
OLDEST = (3, 9)
NEEDED = ("torch", "gymnasium", "numpy")
CONDA_FOLDERS = (
    *("~/miniconda3", "~/anaconda3", "~/miniforge3", "~/mambaforge", "~/micromamba"),
    *("/opt/conda", "/opt/miniconda3", "/opt/anaconda3", "/opt/miniforge3"),
)
MARK = b"lepton-report "


@dataclass(frozen=True)
class _Report:
    """What ``interpreter_report.py`` prints."""

    version: str
    executable: str
    prefix: str
    base_prefix: str
    packages: dict[str, Any]
    torch_version_file: str


def environments(home: NodeHome, configured: list[str]) -> list[PythonEnvironment]:
    """Every interpreter that was found, the configured ones first, each asked once."""
    candidates = list(dict.fromkeys(_candidates(home, configured)))[:MOST_INTERPRETERS]
    deadline = time.monotonic() + ALL_SECONDS
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        asked = list(pool.map(lambda item: _examine(item[0], item[1], deadline), candidates))
    rows: list[PythonEnvironment] = []
    seen: set[tuple[str, str]] = set()
    for row, place in asked:
        if place is None or place not in seen:
            rows.append(row)
        if place is not None:
            seen.add(place)
    return rows


def _candidates(home: NodeHome, configured: list[str]) -> Iterator[tuple[str, str]]:
    """Paths of interpreters and where each comes from; a path may come twice."""
    for name in configured:
        yield _located(name), "configured"
    for folder in sorted(home.python.glob("*")):
        yield from _inside(folder, "lepton")
    if os.environ.get("VIRTUAL_ENV"):
        yield from _inside(Path(os.environ["VIRTUAL_ENV"]), "venv")
    for folder in _conda_folders():
        yield from _inside(folder, "conda")
    for name in ("python3", "/usr/bin/python3", "/usr/local/bin/python3", sys.executable):
        found = shutil.which(name)
        if found:
            yield found, "system"


def _located(name: str) -> str:
    expanded = os.path.expanduser(name)  # noqa: PTH111 (Path would turn "" into ".")
    return shutil.which(expanded) or expanded


def _conda_folders() -> Iterator[Path]:
    if os.environ.get("CONDA_PREFIX"):
        yield Path(os.environ["CONDA_PREFIX"])
    for name in CONDA_FOLDERS:
        root = Path(name).expanduser()
        yield root
        yield from sorted(root.glob("envs/*"))
    try:
        listed = Path("~/.conda/environments.txt").expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError):
        return
    yield from (Path(line) for line in listed.splitlines() if line.startswith("/"))


def _inside(folder: Path, source: str) -> Iterator[tuple[str, str]]:
    interpreter = folder / "bin" / "python"
    if os.access(interpreter, os.X_OK):
        yield str(interpreter), source


def _examine(
    path: str, source: str, deadline: float
) -> tuple[PythonEnvironment, tuple[str, str] | None]:
    """One interpreter, and what makes it the same as another: its file and its prefix."""
    shown = clean(path, 500)
    answer = _ask(path, min(ASK_SECONDS, deadline - time.monotonic()))
    if isinstance(answer, str):
        return PythonEnvironment(shown, "", source, problem=answer), None
    torch, gymnasium, numpy = (_word(answer.packages.get(name)) for name in NEEDED)
    row = PythonEnvironment(
        path=shown,
        version=clean(answer.version, 30),
        source="venv" if source == "system" and answer.prefix != answer.base_prefix else source,
        cuda=_cuda(answer.torch_version_file),
        torch=torch,
        gymnasium=gymnasium,
        numpy=numpy,
    )
    place = (str(Path(answer.executable or path).resolve()), answer.prefix)
    return replace(row, problem=_problem(row)), place


def _ask(path: str, seconds: float) -> _Report | str:
    """The interpreter's report, or why there is none."""
    if seconds <= 0:
        return "The node was too slow to ask all its Pythons."
    if not Path(path).is_file():
        return "There is no such file."
    script = Path(__file__).with_name("interpreter_report.py").read_text(encoding="utf-8")
    # PYTHONPATH is left out because jobs get their own.
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        process = subprocess.Popen(
            [path, "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=ours,
            start_new_session=True,
        )
    except OSError as error:
        return f"It cannot be run: {error.strerror}."
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return f"It did not answer within {seconds:.0f} s."
    _, mark, rest = output.partition(MARK)
    try:
        return build(_Report, json.loads(rest.splitlines()[0] if mark else b""))
    except (ValueError, IndexError, RecursionError, WireError):
        return f"It does not behave like a Python (exit code {process.returncode})."


def _problem(row: PythonEnvironment) -> str:
    numbers = tuple(int(part) for part in re.findall(r"\d+", row.version)[:2])
    if numbers < OLDEST:
        return f"Python {row.version} is too old, {OLDEST[0]}.{OLDEST[1]} or newer is needed"
    missing = [name for name in NEEDED if getattr(row, name) is None]
    if not missing:
        return ""
    if len(missing) == 1:
        return f"{missing[0]} is not installed"
    return f"{', '.join(missing[:-1])} and {missing[-1]} are not installed"


def _cuda(version_file: str) -> str | None:
    """The CUDA (or ROCm) version in the text of torch/version.py."""
    for name in ("cuda", "hip"):
        found = re.search(rf"^{name}\b[^=\n]*=\s*(.+)$", version_file, re.MULTILINE)
        if found:
            try:
                value = ast.literal_eval(found.group(1).strip())
            except (ValueError, SyntaxError):
                continue
            if isinstance(value, str):
                return clean(value, 30)
    return None


def _word(value: object) -> str | None:
    return clean(value, 50) if isinstance(value, str) else None
