"""Prints what an interpreter is and has installed, without importing it. Runs on every node.

The agent hands this text to ``python -c`` of every interpreter it finds, so it must run on any
Python 3, however old, and it must not import torch, which takes seconds.
"""

import json
import sys
from pathlib import Path

MARK = "lepton-report "


def _version(name: str) -> object:
    try:
        from importlib.metadata import version
    except ImportError:  # before Python 3.8
        return None
    try:
        return version(name)
    except Exception:  # noqa: BLE001 - damaged metadata counts as not installed
        return None


def _torch_version_file() -> str:
    """Text of torch/version.py, which names the CUDA that torch was built for."""
    try:
        from importlib.util import find_spec

        spec = find_spec("torch")
        if spec is None or spec.origin is None:
            return ""
        return Path(spec.origin).with_name("version.py").read_text()
    except Exception:  # noqa: BLE001 - no torch, or not as a folder of files
        return ""


def report() -> None:
    """Print one marked line of JSON."""
    names = ("torch", "gymnasium", "numpy")
    found = {
        "version": sys.version.split()[0],
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": getattr(sys, "base_prefix", sys.prefix),
        "packages": {name: _version(name) for name in names},
        "torch_version_file": _torch_version_file(),
    }
    sys.stdout.write("\n" + MARK + json.dumps(found) + "\n")


if __name__ == "__main__":
    report()
