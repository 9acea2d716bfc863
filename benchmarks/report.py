"""The one shape in which every benchmark reports: raw samples, medians, budgets."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Budget:
    """A median held against its limit; less is better."""

    name: str
    value: float
    limit: float
    unit: str

    @property
    def ok(self) -> bool:
        """Whether the limit is kept."""
        return self.value <= self.limit


@dataclass(frozen=True)
class Report:
    """What one benchmark found."""

    benchmark: str
    samples: Mapping[str, Sequence[float]]
    """Raw readings by name, one a round."""
    budgets: Sequence[Budget] = ()
    results: Mapping[str, float | str] = field(default_factory=dict)
    """Figures beside the medians, and notes on what was measured."""

    def figures(self) -> dict[str, float | str]:
        """Medians of the samples, and what else was found."""
        medians = {name: statistics.median(values) for name, values in self.samples.items()}
        return {**medians, **self.results}

    def as_json(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        return {
            "benchmark": self.benchmark,
            "machine": machine(),
            "samples": {name: list(values) for name, values in self.samples.items()},
            "results": self.figures(),
            "budgets": [{**asdict(budget), "ok": budget.ok} for budget in self.budgets],
        }


def machine() -> dict[str, str | int]:
    """What the figures were made on."""
    return {
        "cpu": _cpu_model(),
        "cpus": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def run(description: str, measure: Callable[[bool], Report]) -> int:
    """Command line of a benchmark: measure, print; exit code 1 when a budget is not kept."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="shorter rounds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    report = measure(options.quick)
    if options.json:
        print(json.dumps(report.as_json()))
        return 0
    for name, value in report.figures().items():
        print(f"{name:<50} {value if isinstance(value, str) else f'{value:.4g}'}")
    for budget in report.budgets:
        verdict = "ok" if budget.ok else "OVER BUDGET"
        print(f"{budget.name}: {budget.value:.4g} of {budget.limit:.4g} {budget.unit}, {verdict}")
    return 0 if all(budget.ok for budget in report.budgets) else 1
