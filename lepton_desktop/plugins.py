"""Plug-ins: what their manifests say, read without importing any of their code.

Shared by desk, engine and runtime; standard library only. A plug-in is a folder with a
``plugin.toml`` and modules; docs/plugins.md describes the manifest. Manifests are read on the desk;
nodes get resolved folders and ``module:attr`` entries, so nothing there needs a TOML parser.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import (
    FUNCTION_PATTERN,
    TERM_KINDS,
    EnvironmentSpec,
    check_name,
    load,
    option,
)

T = TypeVar("T")

PLUGIN_API = 1
MANIFEST = "plugin.toml"
ENTRY_POINT_GROUP = "lepton_desktop.plugins"


@dataclass(frozen=True)
class RewardTermInfo:
    """A reward term that a plug-in offers; it becomes a RewardTerm with this ``function``."""

    name: str = option(help="Suggested name of the term")
    entry: str = option(help="module:function")
    title: str = option("", "One line for lists")
    help: str = option("", "What it measures and when to use it")
    kind: str = option("term", "What it is for", choices=TERM_KINDS)
    parameters: dict[str, float] = option(factory=dict, help="Its numbers and their defaults")
    environment: str = option("", "Environment id it is meant for; empty for any")


@dataclass(frozen=True)
class Contributions:
    """What a plug-in adds."""

    environments: list[EnvironmentSpec] = field(default_factory=list)
    reward_terms: list[RewardTermInfo] = field(default_factory=list)


@dataclass(frozen=True)
class PluginInfo:
    """One plug-in as its manifest describes it; one with a ``problem`` contributes nothing."""

    id: str
    folder: str
    version: str = ""
    api: int = 0
    title: str = ""
    description: str = ""
    contributes: Contributions = field(default_factory=Contributions)
    problem: str = ""
    hint: str = ""

    @property
    def environments(self) -> list[EnvironmentSpec]:
        """The environments that it adds."""
        return self.contributes.environments

    @property
    def functions(self) -> list[str]:
        """``module:attr`` of every reward term that it offers."""
        return [term.entry for term in self.contributes.reward_terms]


def discover(folders: Iterable[Path], installed: bool = True) -> list[PluginInfo]:
    """Every plug-in in these folders (one sub-folder each) and behind the entry-point group.

    A broken one is listed with its problem and never hides the others; of two with one id the
    first counts.
    """
    candidates = [path for folder in folders for path in _plugins_in(Path(folder))]
    plugins = [read_plugin(path) for path in candidates]
    if installed:
        plugins += _installed()
    seen: dict[str, str] = {}
    checked = []
    for plugin in plugins:
        if plugin.id in seen and not plugin.problem:
            problem = f"Another plug-in has the id '{plugin.id}': {seen[plugin.id]}."
            plugin = _broken(plugin, problem, "Remove one of the two.")
        seen.setdefault(plugin.id, plugin.folder)
        checked.append(plugin)
    return checked


def read_plugin(folder: Path) -> PluginInfo:
    """One plug-in; what is wrong with it stands in ``problem``."""
    unread = PluginInfo(folder.name, str(folder.resolve()))
    try:
        return _plugin_from(read_toml(folder / MANIFEST), unread)
    except LeptonError as error:
        return _broken(unread, error.message, error.hint)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a table.

    Raises:
        LeptonError: It cannot be read, or this Python has no TOML parser (before 3.11).
    """
    try:
        import tomllib
    except ModuleNotFoundError:
        raise LeptonError(
            "This Python cannot read TOML.", "Use Python 3.11 or newer on the desk.", code="toml"
        ) from None
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise LeptonError(f"{path} cannot be read: {error.strerror}.", code="toml") from None
    except ValueError as error:
        raise LeptonError(f"{path.name} is not valid TOML: {error}.", code="toml") from None


def read_specs(folder: Path, kind: type[T]) -> tuple[dict[str, T], dict[str, str]]:
    """Every ``*.toml`` in a folder as a spec: file name to spec, and file name to problem."""
    specs: dict[str, T] = {}
    problems: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            specs[path.name] = load(kind, read_toml(path))
        except LeptonError as error:
            problems[path.name] = str(error)
    return specs, problems


def _plugins_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if (path / MANIFEST).is_file())


def _installed() -> list[PluginInfo]:
    """Plug-ins that other distributions offer: each entry point names a package with a manifest."""
    plugins = []
    for entry in sorted(_entry_points(), key=lambda entry: entry.name):
        folder = _package_folder(entry.value)
        if folder is None:
            problem = f"The package '{entry.value}' cannot be found."
            plugins.append(PluginInfo(entry.name, "", problem=problem, hint="Reinstall it."))
        else:
            plugins.append(read_plugin(folder))
    return plugins


def _entry_points() -> list[metadata.EntryPoint]:
    points: Any = metadata.entry_points()
    if hasattr(points, "select"):
        return list(points.select(group=ENTRY_POINT_GROUP))
    return list(points.get(ENTRY_POINT_GROUP, []))


def _package_folder(name: str) -> Path | None:
    """Where a package lies; finding a top-level package runs none of its code."""
    top, *rest = name.split(":")[0].split(".")
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations))).joinpath(*rest)


def _plugin_from(manifest: dict[str, Any], unread: PluginInfo) -> PluginInfo:
    tables = manifest.get("contributes", {})
    if not isinstance(tables, dict):
        raise LeptonError("[contributes] must be a table.", "See docs/plugins.md.", code="plugin")
    head = {key: value for key, value in manifest.items() if key != "contributes"}
    plugin = load(PluginInfo, {**head, "folder": unread.folder})
    check_name(plugin.id, "plug-in")
    if plugin.problem or plugin.hint or not plugin.version:
        raise LeptonError("A manifest needs id, version and api.", code="plugin")
    if plugin.api != PLUGIN_API:
        raise LeptonError(
            f"It is written for plug-in API {plugin.api}, this version has {PLUGIN_API}.",
            "Update the plug-in or this program.",
            code="plugin",
        )
    contributes = _contributions(tables, plugin.id)
    return dataclasses.replace(plugin, contributes=contributes)


def _contributions(tables: dict[str, Any], plugin_id: str) -> Contributions:
    load(Contributions, tables)  # refuses kinds that this version does not know
    environments = [
        load(EnvironmentSpec, {**table, "source": plugin_id})
        for table in tables.get("environments", [])
    ]
    terms = [load(RewardTermInfo, table) for table in tables.get("reward_terms", [])]
    for entry in [*(item.entry for item in environments), *(item.entry for item in terms)]:
        if not FUNCTION_PATTERN.fullmatch(entry):
            raise LeptonError(
                f"'{entry}' is not an entry.", "Write module:attribute.", code="plugin"
            )
    return Contributions(environments, terms)


def _broken(plugin: PluginInfo, problem: str, hint: str) -> PluginInfo:
    return dataclasses.replace(plugin, contributes=Contributions(), problem=problem, hint=hint)
