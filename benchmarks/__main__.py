"""Run every benchmark and rewrite docs/benchmarks.md: ``python -m benchmarks [--quick]``."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
REPORT = FOLDER.parent / "docs" / "benchmarks.md"
NOT_BENCHMARKS = {"__init__", "__main__", "report"}


def names() -> list[str]:
    """The benchmark modules, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_BENCHMARKS)


def measure(name: str, quick: bool) -> dict[str, Any]:
    """One benchmark in a process of its own, so that none warms up another."""
    options = ["--json", "--quick"] if quick else ["--json"]
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=FOLDER.parent)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def as_markdown(results: list[dict[str, Any]], quick: bool) -> str:
    """The report page; figures are medians, budgets come from the benchmarks themselves."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    lines = [
        "# Benchmarks",
        "",
        f"Made by `make bench{' ARGS=--quick' if quick else ''}` on {today}.",
        "The machines are shared, so read ratios within one row rather than absolute figures.",
    ]
    for result in results:
        lines += ["", f"## {result['benchmark']}", ""]
        lines += [f"Machine: {_machine(result['machine'])}.", ""]
        lines += ["| what | measured | limit | unit | within |", "|---|---|---|---|---|"]
        lines += [
            f"| {row['name']} | {row['value']:.4g} | {row['limit']:.4g} | {row['unit']} "
            f"| {'yes' if row['ok'] else '**no**'} |"
            for row in result["budgets"]
        ]
        lines += ["", f"Command: `python -m benchmarks.{result['benchmark']} --json`."]
    return "\n".join(lines) + "\n"


def _machine(machine: object) -> str:
    if isinstance(machine, dict):
        return ", ".join(f"{key} {value}" for key, value in machine.items())
    return str(machine)


def main() -> int:
    """Exit code 1 when a budget is not met."""
    quick = "--quick" in sys.argv[1:]
    results = []
    for name in names():
        print(f"{name} …", file=sys.stderr, flush=True)
        results.append(measure(name, quick))
    REPORT.write_text(as_markdown(results, quick), encoding="utf-8")
    missed = [row for result in results for row in result["budgets"] if not row["ok"]]
    for row in missed:
        print(f"over budget: {row['name']} {row['value']:.4g} > {row['limit']:.4g} {row['unit']}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
