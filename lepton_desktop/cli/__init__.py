"""leptonctl: everything the window can do, from a terminal or a script. Runs on the desk.

Exit codes: 0 done, 1 failed, 2 usage. Results go to stdout, messages to stderr.
"""

from __future__ import annotations


def main(args: list[str] | None = None) -> int:
    """Run ``leptonctl``; the entry point of the installed script."""
    from lepton_desktop.cli.app import run

    return run(args)


__all__ = ["main"]
