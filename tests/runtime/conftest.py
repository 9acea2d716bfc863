"""What tests of the runtime share: job folders, and stages run as jobs run them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lepton_desktop.plugins import discover, read_toml
from lepton_desktop.settings import plugins_folder, resources_folder
from lepton_desktop.specs import EnvironmentSpec, RewardSpec, load
from lepton_desktop.wire.convert import dump
from tests.shared.conftest import settings

settings.load_profile("house")
ROOT = Path(__file__).resolve().parents[2]
TINY = {"environments": 2, "rollout_steps": 16, "minibatch_size": 16, "epochs": 2}


def annotation(name: str) -> EnvironmentSpec:
    return load(EnvironmentSpec, read_toml(resources_folder() / "environments" / f"{name}.toml"))


def shipped_reward(name: str) -> RewardSpec:
    return load(RewardSpec, read_toml(resources_folder() / "rewards" / f"{name}.toml"))


def plugin_environment(name: str) -> tuple[EnvironmentSpec, list[str]]:
    """A shipped plug-in's environment, and the folders that travel with it."""
    found = discover([plugins_folder()], installed=False)
    (spec,) = [spec for plugin in found for spec in plugin.environments if spec.id == name]
    return spec, [plugin.folder for plugin in found]


class Job:
    """A job folder and what the runtime writes there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def train_file(self, **changes: Any) -> Path:
        spec = {
            "run_id": "run",
            "environment": {"id": "CartPole-v1"},
            "algorithm": "ppo",
            "options": TINY,
            "reward": None,
            "total_steps": 200,
            "seed": 1,
            "checkpoint_every_steps": 100,
            **changes,
        }
        return self._write("train.json", spec)

    def evaluate_file(self, **changes: Any) -> Path:
        spec = {
            "run_id": "run",
            "environment": {"id": "CartPole-v1"},
            "checkpoint": f"checkpoints/{self.latest()['file']}",
            "episodes": 5,
            **changes,
        }
        return self._write("evaluate.json", spec)

    def _write(self, name: str, spec: dict[str, Any]) -> Path:
        file = self.folder / name
        file.write_text(json.dumps(dump(spec)))
        return file

    def metrics(self) -> list[dict[str, Any]]:
        return self._lines("metrics.jsonl")

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        return [line for line in self._lines("events.jsonl") if kind in ("", line["kind"])]

    def latest(self) -> dict[str, Any]:
        return json.loads((self.folder / "checkpoints" / "latest.json").read_text())

    def _lines(self, name: str) -> list[dict[str, Any]]:
        file = self.folder / name
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "job")


def environment_of_jobs() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LEPTON_")}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


@pytest.fixture
def stage() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``python -m lepton_desktop.runtime`` to its end."""

    def run(*arguments: object, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, *options, "-m", "lepton_desktop.runtime", *map(str, arguments)]
        return subprocess.run(
            argv,
            env=environment_of_jobs(),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


def torchrun(file: Path, ranks: int = 2) -> list[str]:
    """The command of a distributed training on this computer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "1"]
    command += ["--nproc-per-node", str(ranks), "--master-addr", "127.0.0.1"]
    command += ["--master-port", str(port), "--max-restarts", "0"]
    return [*command, "-m", "lepton_desktop.runtime", "train", str(file)]
