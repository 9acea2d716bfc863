"""Readings of one node row: loads, accelerators, sort keys. Pure functions; runs in the window.

None always means "not known", and a caller shows a dash for it, never a zero.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from functools import lru_cache

from lepton_desktop.wire.desk import LinkState, NodeRow

STALE_SECONDS = 6.0
"""A sample older than this is drawn as stale: more than three polls at two seconds."""
HOT_CELSIUS = 85.0


def known(values: Iterable[float | None]) -> list[float]:
    """The values that are there."""
    return [value for value in values if value is not None]


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are there."""
    present = known(values)
    return sum(present) / len(present) if present else None


def fraction(part: float | None, whole: float | None) -> float | None:
    """``part / whole`` when both are known."""
    if part is None or not whole:
        return None
    return part / whole


def is_live(row: NodeRow, now: float | None = None) -> bool:
    """Whether the node reports: up, with a sample that is not stale."""
    return row.state is LinkState.UP and not is_stale(row, now)


def is_stale(row: NodeRow, now: float | None = None) -> bool:
    """Whether the newest sample is missing or old."""
    if row.sample_age_at is None:
        return True
    return (now or time.time()) - row.sample_age_at > STALE_SECONDS


def cpu_fraction(row: NodeRow) -> float | None:
    """CPU load, 0 to 1."""
    if row.sample is None or row.sample.host.cpu_percent is None:
        return None
    return row.sample.host.cpu_percent / 100


def memory_fraction(row: NodeRow) -> float | None:
    """Used memory, 0 to 1."""
    if row.sample is None:
        return None
    host = row.sample.host
    return fraction(host.memory_used_bytes, host.memory_total_bytes)


def disk_fraction(row: NodeRow) -> float | None:
    """Used disk of the node home, 0 to 1."""
    if row.sample is None:
        return None
    host = row.sample.host
    free = fraction(host.disk_free_bytes, host.disk_total_bytes)
    return None if free is None else 1 - free


def gpu_count(row: NodeRow) -> int:
    """Accelerators of the node; what it reports counts when it was never described."""
    if row.facts is not None:
        return len(row.facts.gpus)
    return len(row.sample.gpu.utilisation_percent) if row.sample is not None else 0


def gpu_utilisation(row: NodeRow) -> list[float | None]:
    """Load of every accelerator, 0 to 1, in index order."""
    if row.sample is None:
        return []
    return [None if v is None else v / 100 for v in row.sample.gpu.utilisation_percent]


def gpu_memory(row: NodeRow) -> list[float | None]:
    """Used memory of every accelerator, 0 to 1."""
    if row.sample is None or row.facts is None:
        return []
    sizes = [gpu.memory_bytes for gpu in row.facts.gpus]
    used = row.sample.gpu.memory_used_bytes
    return [fraction(part, whole) for part, whole in zip(used, sizes, strict=False)]


def gpu_power(row: NodeRow) -> list[float | None]:
    """Power of every accelerator against its limit, 0 to 1."""
    if row.sample is None:
        return []
    gpu = row.sample.gpu
    return [
        fraction(watts, limit)
        for watts, limit in zip(gpu.power_watts, gpu.power_limit_watts, strict=False)
    ]


def gpu_temperature(row: NodeRow) -> list[float | None]:
    """Temperature of every accelerator, 0 at 20 °C, 1 at 95 °C."""
    if row.sample is None:
        return []
    return [
        None if v is None else min(1.0, max(0.0, (v - 20) / 75))
        for v in row.sample.gpu.temperature_celsius
    ]


def hottest_celsius(row: NodeRow) -> float | None:
    """Highest temperature of the accelerators, or of the host when there are none."""
    if row.sample is None:
        return None
    gpu = known(row.sample.gpu.temperature_celsius)
    return max(gpu) if gpu else row.sample.host.temperature_celsius


def power_watts(row: NodeRow) -> float | None:
    """Summed power of the accelerators."""
    watts = known(row.sample.gpu.power_watts) if row.sample is not None else []
    return sum(watts) if watts else None


def hardware_line(row: NodeRow) -> str:
    """Such as ``8 × A100-SXM4-80GB`` or ``AMD EPYC 7763, 64 threads``; empty when not described."""
    if row.facts is None:
        return ""
    if row.facts.gpus:
        return accelerator_line(tuple([gpu.name for gpu in row.facts.gpus]))
    return f"{short_cpu(row.facts.cpu_model)} × {row.facts.cpu_count}"


@lru_cache(maxsize=1024)
def accelerator_line(names: tuple[str, ...]) -> str:
    """Equal names are counted: ``2 × RTX 4090 + 1 × FPGA``."""
    counts: dict[str, int] = {}
    for name in names:
        short = short_gpu(name)
        counts[short] = counts.get(short, 0) + 1
    return " + ".join(f"{count} × {name}" for name, count in counts.items())


def short_gpu(name: str) -> str:
    """A model name without its maker."""
    for prefix in ("NVIDIA GeForce ", "NVIDIA ", "AMD Instinct ", "AMD ", "Intel "):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


@lru_cache(maxsize=1024)
def short_cpu(model: str) -> str:
    """A processor's name without marks and clock."""
    words = model.replace("(R)", "").replace("(TM)", "").split("@")[0]
    words = re.sub(r"\d+-Core|Processor|CPU", "", words)
    return " ".join(words.split()) or "CPU"


def group_of(row: NodeRow) -> str:
    """The group the fleet grid draws the node in: named, else the letters its name begins with."""
    if row.group:
        return row.group
    head, dash, tail = row.name.rpartition("-")
    return head if dash and tail.isdigit() and head else row.name.rstrip("0123456789-") or row.name
