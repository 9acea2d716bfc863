"""The five tiles of the overview. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.models import overview
from lepton_desktop.gui.models.curves import Curve
from lepton_desktop.gui.models.overview import Attention, Load, NodeCounts, RunCounts
from lepton_desktop.gui.models.telemetry import TelemetryStore
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.layouts import hbox
from lepton_desktop.gui.widgets.tiles import ContextPart, StatTile

SPARK_POINTS = 60


class Tiles(QWidget):
    """Nodes up, GPUs busy or CPU load, power or memory, runs, what needs a hand."""

    chosen = Signal(str, str)
    """Page and key to go to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes = StatTile(self.tr("Nodes up"), "server")
        self._gpus = StatTile(self.tr("GPUs busy"), "gpu")
        self._cpu = StatTile(self.tr("CPU load"), "cpu")
        self._power = StatTile(self.tr("GPU power"), "zap")
        self._memory = StatTile(self.tr("Memory"), "memory-stick")
        self._runs = StatTile(self.tr("Runs active"), "activity")
        self._attention = StatTile(self.tr("Needs attention"), "bell")
        tiles = {
            "nodes": (self._nodes, ("nodes", "")),
            "gpus": (self._gpus, ("nodes", "")),
            "cpu": (self._cpu, ("nodes", "")),
            "power": (self._power, ("nodes", "")),
            "memory": (self._memory, ("nodes", "")),
            "runs": (self._runs, ("runs", "")),
            "attention": (self._attention, ("nodes", "state:down")),
        }
        for key, (tile, where) in tiles.items():
            tile.setObjectName(f"tile-{key}")
            tile.clicked.connect(lambda where=where: self.chosen.emit(*where))
        self.setLayout(hbox(*((tile, 1) for tile, _ in tiles.values()), gap=12))
        self._gpus.hide()
        self._power.hide()

    def show_lab(self, lab: Lab, attention: list[Attention]) -> None:
        """Fill in the numbers."""
        load = overview.add_up(lab.nodes.values())
        self._show_nodes(overview.count_nodes(lab.nodes.values()))
        self._show_load(load)
        self._show_runs(overview.count_runs(lab.runs.values()))
        self._show_attention(attention)

    def show_curves(self, telemetry: TelemetryStore) -> None:
        """Sparklines of the last hour."""
        self._gpus.set_spark(_spark(telemetry.curve("gpu.utilisation_percent")))
        self._cpu.set_spark(_spark(telemetry.curve("host.cpu_percent")), "cpu")
        self._power.set_spark(_spark(telemetry.curve("gpu.power_watts")), "series:1")
        self._memory.set_spark(_spark(telemetry.curve("host.memory_used_bytes")), "cpu")

    def _show_nodes(self, counts: NodeCounts) -> None:
        self._nodes.set_value(fmt.number(counts.up), f"/ {fmt.number(counts.total)}")
        total = max(1, counts.total)
        self._nodes.set_segments(
            [
                (counts.up / total, "ok"),
                (counts.draining / total, "warn"),
                (counts.connecting / total, "info"),
                (counts.down / total, "err"),
            ]
        )
        parts: list[ContextPart] = []
        if counts.down:
            parts.append((self.tr("{count} down").format(count=counts.down), "err"))
        if counts.draining:
            parts.append((self.tr("{count} draining").format(count=counts.draining), "warn"))
        if counts.connecting:
            words = self.tr("{count} connecting").format(count=counts.connecting)
            parts.append((words, "info"))
        self._nodes.set_context(*(parts or [(self.tr("All report"), "t3")]))

    def _show_load(self, load: Load) -> None:
        has_gpus = load.gpus > 0
        self._gpus.setVisible(has_gpus)
        self._cpu.setVisible(not has_gpus)
        has_power = load.power_watts is not None
        self._power.setVisible(has_power)
        self._memory.setVisible(not has_power)
        self._show_gpus(load)
        cpu = fmt.EMPTY if load.cpu_mean is None else fmt.number(load.cpu_mean * 100)
        self._cpu.set_value(cpu, "" if load.cpu_mean is None else "%")
        threads = self.tr("{count} threads report").format(count=fmt.number(load.cpu_threads))
        nothing = self.tr("No node reports")
        self._cpu.set_context((threads if load.cpu_threads else nothing, "t3"))
        self._show_memory(load)

    def _show_gpus(self, load: Load) -> None:
        self._gpus.set_value(fmt.number(load.gpus_busy), f"/ {fmt.number(load.gpus)}")
        free = self.tr("{count} free").format(count=fmt.number(load.gpus - load.gpus_busy))
        used = self.tr("{share} in use").format(share=fmt.share(load.gpu_mean))
        self._gpus.set_context((free, "t1"), (used, "t3"))
        watts = load.power_watts or 0.0
        if watts >= 1000:
            self._power.set_value(fmt.significant(watts / 1000), "kW")
        else:
            self._power.set_value(fmt.number(watts), "W")
        if load.power_limit_watts:
            share = fmt.share(watts / load.power_limit_watts)
            limit = fmt.power(load.power_limit_watts)
            words = self.tr("{share} of {limit} limit").format(share=share, limit=limit)
            self._power.set_context((words, "t3"))
        else:
            self._power.set_context((self.tr("No limit is reported"), "t3"))

    def _show_memory(self, load: Load) -> None:
        used, total = load.memory_used_bytes, load.memory_total_bytes
        if used is None or not total:
            self._memory.set_value(fmt.EMPTY)
            self._memory.set_context((self.tr("No node reports"), "t3"))
            return
        number, _, unit = fmt.byte_size(used).partition(fmt.SPACE)
        self._memory.set_value(number, f"{unit} / {fmt.byte_size(total)}")
        free = self.tr("{size} free").format(size=fmt.byte_size(total - used))
        self._memory.set_context((free, "t1"), (fmt.share(used / total), "t3"))

    def _show_runs(self, counts: RunCounts) -> None:
        self._runs.set_value(fmt.number(counts.running), self.tr("running"))
        parts: list[ContextPart] = []
        if counts.waiting:
            parts.append((self.tr("{count} starting").format(count=counts.waiting), "t1"))
        if counts.failed:
            parts.append((self.tr("{count} failed").format(count=counts.failed), "err"))
        finished = self.tr("{count} finished").format(count=counts.finished)
        self._runs.set_context(*parts, (finished, "t3"))

    def _show_attention(self, items: list[Attention]) -> None:
        errors = sum(item.level == "error" for item in items)
        warnings = len(items) - errors
        self._attention.set_value(fmt.number(len(items)))
        parts: list[ContextPart] = []
        if errors:
            parts.append((self.tr("{count} critical").format(count=errors), "err"))
        if warnings:
            parts.append((self.tr("{count} to look at").format(count=warnings), "warn"))
        self._attention.set_context(*(parts or [(self.tr("Nothing waits for you"), "t3")]))


def _spark(curve: Curve) -> list[float]:
    values = [float(value) for value in curve.y if value == value]
    step = -(-len(values) // SPARK_POINTS) or 1
    return values[::step]
