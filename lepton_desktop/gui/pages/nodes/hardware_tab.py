"""The Hardware tab of a node: what it is and how it is reached. Runs in the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.facts import Fact, FactGrid
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.layouts import vbox
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import NodeRow
from lepton_desktop.wire.node import NodeFacts


class HardwareTab(QWidget):
    """Facts in three groups; what could not be read says why."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("node-hardware")
        self._machine = FactGrid()
        self._devices = FactGrid()
        self._access = FactGrid()
        self._devices_box = _section(self.tr("Accelerators"), self._devices)
        self.setLayout(
            vbox(
                _section(self.tr("Machine"), self._machine),
                self._devices_box,
                _section(self.tr("Access"), self._access),
                None,
                gap=8,
            )
        )

    def show_row(self, row: NodeRow) -> None:
        """Show a node."""
        facts = row.facts
        self._machine.set_facts(
            self._machine_facts(facts, row)
            if facts is not None
            else [(self.tr("Machine"), self.tr("Not described yet"))]
        )
        self._devices.set_facts(self._device_facts(facts))
        self._access.set_facts(self._access_facts(row))

    def _machine_facts(self, facts: NodeFacts, row: NodeRow) -> list[Fact]:
        networks = ", ".join(f"{item.name} {item.address}" for item in facts.interfaces)
        free = facts.disk_free_bytes
        if row.sample is not None and row.sample.host.disk_free_bytes is not None:
            free = row.sample.host.disk_free_bytes
        cpu = self.tr("{model}, {count} threads")
        return [
            (self.tr("CPU"), cpu.format(model=plain(facts.cpu_model), count=facts.cpu_count)),
            (self.tr("Memory"), fmt.byte_size(facts.memory_bytes)),
            (
                self.tr("Disk"),
                self.tr("{free} free of {total}").format(
                    free=fmt.byte_size(free), total=fmt.byte_size(facts.disk_total_bytes)
                ),
            ),
            (self.tr("System"), plain(f"{facts.os}, kernel {facts.kernel}, {facts.architecture}")),
            (self.tr("Running for"), fmt.duration(facts.uptime_seconds)),
            (self.tr("Networks"), plain(networks)),
        ]

    def _device_facts(self, facts: NodeFacts | None) -> list[Fact]:
        if facts is None:
            return []
        if not facts.gpus:
            reason = facts.reasons.get("gpus", "")
            return [(self.tr("None"), plain(reason) or self.tr("No accelerator was found."))]
        return [
            (
                f"{gpu.kind} {gpu.index}",
                plain(
                    f"{reading.short_gpu(gpu.name)}, {fmt.byte_size(gpu.memory_bytes)}"
                    + (f", driver {gpu.driver}" if gpu.driver else "")
                ),
            )
            for gpu in facts.gpus
        ]

    def _access_facts(self, row: NodeRow) -> list[Fact]:
        key = f"{row.key_algorithm} {row.host_key}".strip()
        skew = row.clock_skew_seconds
        user = row.facts.user if row.facts is not None else ""
        return [
            (self.tr("Address"), plain(row.address)),
            (self.tr("User"), plain(user)),
            (self.tr("Pinned key"), key or self.tr("none needed: no network between")),
            (self.tr("Agent"), plain(row.agent_version)),
            (self.tr("Clock"), fmt.EMPTY if skew is None else f"{skew:+.2f} s"),
        ]


def _section(title: str, facts: FactGrid) -> Surface:
    box = Surface("inset")
    box.setLayout(vbox(Label(title, "small-strong"), facts, gap=8, margins=(12, 10, 12, 12)))
    return box
