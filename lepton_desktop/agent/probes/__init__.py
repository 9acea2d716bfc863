"""Sources of readings: the host and its accelerators. Runs on every node, in the agent.

Another kind of accelerator is one module with a class that follows ``probe.AcceleratorProbe`` and
one entry in ``accelerator_probes``.
"""

from __future__ import annotations

from lepton_desktop.agent.probes.nvidia import NvidiaProbe
from lepton_desktop.agent.probes.probe import AcceleratorProbe


def accelerator_probes() -> list[AcceleratorProbe]:
    """One probe a kind, in the order in which their devices are numbered."""
    return [NvidiaProbe()]
