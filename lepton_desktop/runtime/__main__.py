"""``python -m lepton_desktop.runtime train|evaluate FILE``. Runs in a job on a node.

Exit codes: 0 done, 2 something the operator can mend (also written as an event), 128 + n stopped by
signal n after a checkpoint, 1 a bug (traceback in the log).
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lepton_desktop import __version__
from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.reporter import Reporter

STAGES = ("train", "evaluate")
NEEDED = ("numpy", "torch", "gymnasium")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one stage; returns the exit code."""
    parser = argparse.ArgumentParser(prog="lepton_desktop.runtime")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("file", type=Path, help="JSON: a TrainSpec or an EvaluateSpec")
    chosen = parser.parse_args(arguments)
    try:
        data = _read(chosen.file)
        _require_packages()
        stage = importlib.import_module(f"lepton_desktop.runtime.stages.{chosen.stage}")
        code: int = stage.run(data, chosen.file.resolve().parent)
    except LeptonError as error:
        _tell(error, chosen.file.resolve().parent)
        return 2
    return code


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LeptonError(f"{file} cannot be read: {error.strerror}.", code="spec") from None
    except ValueError as error:
        raise LeptonError(f"{file} is not valid JSON: {error}.", code="spec") from None


def _require_packages() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise LeptonError(
            f"{' and '.join(missing)} {verb} not installed in {sys.executable}.",
            "Choose another Python for this node, or install them there: "
            f"{sys.executable} -m pip install torch 'gymnasium[classic-control,box2d]'.",
            code="missing_package",
        )


def _tell(error: LeptonError, folder: Path) -> None:
    """On stderr, and as an event where this is the first rank that uses the job folder."""
    sys.stderr.write(f"error: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")
    try:
        Reporter(folder, active=os.environ.get("LOCAL_RANK", "0") == "0").error(error)
    except LeptonError as second:
        sys.stderr.write(f"error: {second.message}\n")


if __name__ == "__main__":
    raise SystemExit(main())
