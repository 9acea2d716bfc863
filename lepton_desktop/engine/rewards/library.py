"""Reward functions and environments that can be chosen: shipped, from plug-ins, the user's own.

Runs in the engine; reads files and manifests, never imports what they name.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lepton_desktop.errors import LeptonError
from lepton_desktop.plugins import PluginInfo, discover, read_specs
from lepton_desktop.settings import plugins_folder, resources_folder
from lepton_desktop.specs import EnvironmentSpec, RewardSpec, RunSpec, check_reward, load
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import Problem, RewardRow

log = logging.getLogger(__name__)

T = TypeVar("T")
REWARD = "reward"
"""Kind of the documents that hold the user's reward functions."""


class Documents(Protocol):
    """Where the user's own reward functions are kept."""

    def save(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Store one."""

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """All of a kind."""


class Library:
    """What there is to choose from. Files are few and small, so each question reads them."""

    def __init__(self, documents: Documents, user_plugins: Path) -> None:
        self._documents = documents
        self._user_plugins = user_plugins

    def plugins(self) -> list[PluginInfo]:
        """Every plug-in, broken ones with their problem."""
        return discover([plugins_folder(), self._user_plugins])

    def environments(self) -> list[EnvironmentSpec]:
        """Every known environment, by id; a broken file is logged and left out."""
        shipped = _specs(resources_folder() / "environments", EnvironmentSpec)
        found = {spec.id: spec for spec in shipped}
        for plugin in self._sound_plugins():
            for spec in plugin.environments:
                found.setdefault(spec.id, spec)
        return [found[name] for name in sorted(found)]

    def environment(self, wanted: str) -> EnvironmentSpec:
        """One environment.

        Raises:
            LeptonError: It is not known.
        """
        known = {spec.id: spec for spec in self.environments()}
        if wanted in known:
            return known[wanted]
        near = difflib.get_close_matches(wanted, known, n=2) or list(known)
        raise LeptonError(
            f"The environment '{wanted}' is not known.",
            f"Known are: {', '.join(near)}." if near else "Check the installation's resources.",
            code="environment_unknown",
        )

    def rewards(self) -> list[RewardRow]:
        """Every reward function, by name; the user's own hides a shipped one of the same name."""
        rows = dict(_rows("shipped", resources_folder() / "rewards"))
        for plugin in self._sound_plugins():
            for name, row in _rows("plugin", Path(plugin.folder) / "rewards"):
                rows.setdefault(name, row)
        for name, data in self._documents.all(REWARD).items():
            try:
                rows[name] = _row("user", load(RewardSpec, data))
            except LeptonError as error:  # saved by another version
                log.warning("The reward %s is left out: %s", name, error)
        return [rows[name] for name in sorted(rows)]

    def reward(self, wanted: str) -> RewardRow:
        """One reward function.

        Raises:
            LeptonError: There is none of that name.
        """
        rows = {row.name: row for row in self.rewards()}
        if wanted in rows:
            return rows[wanted]
        near = difflib.get_close_matches(wanted, rows, n=2) or list(rows)
        raise LeptonError(
            f"There is no reward function '{wanted}'.",
            f"The library has: {', '.join(near)}." if near else "Save one first.",
            code="reward_unknown",
        )

    def check(self, spec: RewardSpec) -> list[Problem]:
        """Everything wrong with a reward function, its environment included."""
        try:
            environment = self.environment(spec.environment)
        except LeptonError as error:
            return [Problem("environment", error.message, error.hint), *check_reward(spec)]
        problems = check_reward(spec, environment)
        known = {name for plugin in self._sound_plugins() for name in plugin.functions}
        for term in spec.terms:
            if term.function and term.function not in known:
                message = f"No plug-in offers the function '{term.function}'."
                hint = f"Offered are: {', '.join(sorted(known)) or 'none'}."
                problems.append(Problem(f"terms.{term.name}.function", message, hint))
        return problems

    def save(self, spec: RewardSpec) -> RewardRow:
        """Put a reward function among the user's own."""
        self._documents.save(REWARD, spec.name, dump(spec))
        return _row("user", spec)

    def require(self, spec: RunSpec, environment: EnvironmentSpec) -> None:
        """Refuse a run whose reward cannot work.

        Raises:
            LeptonError: Its first problem, with its place.
        """
        if spec.reward is None:
            return
        if spec.reward.environment != environment.id:
            raise LeptonError(
                f"The reward {spec.reward.name} was written for {spec.reward.environment},"
                f" the run trains on {environment.id}.",
                "Choose a reward of that environment, or save a copy of this one for it.",
                code="reward",
            )
        problems = [one for one in self.check(spec.reward) if one.level == "error"]
        if problems:
            first = problems[0]
            column = f", column {first.column}" if first.column else ""
            raise LeptonError(f"{first.where}{column}: {first.message}", first.hint, code="reward")

    def needed_plugins(
        self, environment: EnvironmentSpec, reward: RewardSpec | None
    ) -> dict[str, str]:
        """Plug-in id to folder, of those whose code a run uses."""
        functions = {term.function for term in reward.terms} if reward else set()
        return {
            plugin.id: str(plugin.folder)
            for plugin in self._sound_plugins()
            if plugin.id == environment.source or functions.intersection(plugin.functions)
        }

    def _sound_plugins(self) -> list[PluginInfo]:
        return [plugin for plugin in self.plugins() if not plugin.problem]


def _row(source: str, spec: RewardSpec) -> RewardRow:
    return RewardRow(spec.name, spec.environment, spec.version, source, dump(spec))


def _rows(source: str, folder: Path) -> Iterator[tuple[str, RewardRow]]:
    for spec in _specs(folder, RewardSpec):
        yield spec.name, _row(source, spec)


def _specs(folder: Path, kind: type[T]) -> list[T]:
    specs, problems = read_specs(folder, kind)
    for name, problem in problems.items():
        log.warning("%s is left out: %s", folder / name, problem)
    return list(specs.values())
