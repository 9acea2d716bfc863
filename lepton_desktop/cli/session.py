"""How a command reaches the engine, and how names are completed. Runs on the desk."""

from __future__ import annotations

from collections.abc import Callable

from lepton_desktop.cli.output import note
from lepton_desktop.client import EngineClient, find_engine
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import paths


def attach(start: bool = True) -> EngineClient:
    """The engine of this home, started when none runs and ``start`` allows it."""
    client = EngineClient.connect(start=start, role="cli", progress=note)
    if client.version_problem:
        note(client.version_problem)
    return client


def complete_node(incomplete: str) -> list[str]:
    """Names of nodes for the shell; nothing without a running engine."""
    return _complete(incomplete, lambda client: [row.name for row in client.nodes()])


def complete_run(incomplete: str) -> list[str]:
    """Ids of runs for the shell."""
    return _complete(incomplete, lambda client: [row.run_id for row in client.runs()])


def complete_reward(incomplete: str) -> list[str]:
    """Names of reward functions for the shell."""
    return _complete(incomplete, lambda client: [row.name for row in client.rewards()])


def complete_environment(incomplete: str) -> list[str]:
    """Ids of environments for the shell."""
    return _complete(incomplete, lambda client: [item.id for item in client.environments()])


def _complete(incomplete: str, names: Callable[[EngineClient], list[str]]) -> list[str]:
    if find_engine(paths()) is None:
        return []
    try:
        with EngineClient.connect(start=False) as client:
            return [name for name in names(client) if name.startswith(incomplete)]
    except LeptonError:
        return []  # a shell has no place for an error in the middle of a word
