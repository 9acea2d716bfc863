"""``python -m lepton_desktop.demo``: the demo without the command line tool. Runs on the desk."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lepton_desktop.demo.lab import DEFAULT_NODES
from lepton_desktop.demo.tour import DemoOptions, run_demo
from lepton_desktop.errors import LeptonError


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="lepton_desktop.demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="open no window, save pictures")
    parser.add_argument("--keep", action="store_true", help="keep the files")
    parser.add_argument("--nodes", type=int, default=DEFAULT_NODES, choices=range(2, 17))
    parser.add_argument("--screenshots", type=Path, help="folder for the pictures")
    given = parser.parse_args()
    options = DemoOptions(given.headless, given.keep, given.nodes, given.screenshots)
    try:
        return run_demo(options)
    except LeptonError as error:
        sys.stderr.write(f"Error: {error.message}\n{error.hint}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
