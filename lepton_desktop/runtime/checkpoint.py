"""Checkpoints: written whole or not at all, read without running code. Runs in a job on a node."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.reporter import write_error

FORMAT = 1
KEPT = 5
"""How many checkpoints stay on the node; the engine copies them away as they appear."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a training needs to go on."""

    step: int
    """Environment steps over all ranks."""
    iteration: int
    episodes: int
    policy: dict[str, Any]
    optimiser: dict[str, Any]
    normaliser: dict[str, Any]
    """Of the observations."""
    returns: dict[str, Any]
    """Mean and deviation of the returns, which the critic's units come from."""
    random: list[str]
    """State of every rank's generators, JSON, in rank order."""
    spec: dict[str, Any]
    """The TrainSpec."""


def save(checkpoint: Checkpoint, folder: Path) -> Path:
    """Write ``step_<n>.pt``, then point ``latest.json`` at it; returns the file.

    Raises:
        LeptonError: It cannot be written; what was there before is untouched.
    """
    target = folder / f"step_{checkpoint.step}.pt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(target, lambda path: torch.save({"format": FORMAT, **vars(checkpoint)}, path))
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        latest = json.dumps({"file": target.name, "step": checkpoint.step, "sha256": digest})
        _write(folder / "latest.json", lambda path: path.write_text(latest + "\n"))
        _forget_old(folder)
    except OSError as error:
        raise write_error(target, error) from None
    except RuntimeError as error:
        # torch reports a short write of its own zip writer this way, without an errno.
        raise LeptonError(
            f"{target} cannot be written: {_first_line(error)}.",
            "Check the free space on the node.",
            code="write",
        ) from None
    return target


def load(path: Path) -> Checkpoint:
    """Read a checkpoint, tensors and plain values only.

    Raises:
        LeptonError: It is missing, damaged, or of another format.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd files torch warns before it refuses
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise LeptonError(
            f"There is no checkpoint {path}.", "Choose one that exists.", code="checkpoint"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise LeptonError(
            f"{path} cannot be read as a checkpoint: {_first_line(error)}.",
            "It may be damaged; take an older one.",
            code="checkpoint",
        ) from None
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise LeptonError(
            f"{path} is not a checkpoint of this version.",
            f"This version reads format {FORMAT}.",
            code="checkpoint",
        )
    return Checkpoint(**content)


def _write(target: Path, write: Any) -> None:  # noqa: ANN401
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        write(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200].rstrip(".")


def _forget_old(folder: Path) -> None:
    def step(path: Path) -> int:
        return int(path.stem.removeprefix("step_"))

    for path in sorted(folder.glob("step_*.pt"), key=step)[:-KEPT]:
        path.unlink(missing_ok=True)
