"""Plug-ins by their manifests. Runs on the desk and in the engine; imports no plug-in's code.

A plug-in is a folder with ``plugin.toml``: ``id``, ``version``, ``api``, ``title`` and
``[[contributes.<kind>]]`` tables. A broken one is listed with its problem and used by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import EnvironmentSpec, check_name, load

API = 1
"""The version of the manifest that this installation reads."""

MANIFEST = "plugin.toml"
ENTRY_POINTS = "lepton_desktop.plugins"
KINDS = (
    "environments",
    "reward_terms",
    "algorithms",
    "launchers",
    "probes",
    "notifiers",
    "exporters",
)


@dataclass(frozen=True)
class PluginInfo:
    """One plug-in, sound or not."""

    id: str
    folder: str
    """Absolute path; it travels with a job that uses the plug-in."""
    version: str = ""
    api: int = 0
    title: str = ""
    environments: list[EnvironmentSpec] = field(default_factory=list)
    contributes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Kind to its tables, as they stand in the manifest."""
    problem: str = ""
    """Why it is not used; empty when it is sound."""

    @property
    def functions(self) -> list[str]:
        """``module:attr`` of every reward term that it offers."""
        return [str(term["entry"]) for term in self.contributes.get("reward_terms", [])]


def discover(folders: Iterable[Path]) -> list[PluginInfo]:
    """Every plug-in below the folders and behind the entry-point group, by id.

    The first of two with one id wins; the other is listed with that as its problem.
    """
    found: dict[str, PluginInfo] = {}
    doubles: list[PluginInfo] = []
    for folder in [*_candidates(folders), *_installed()]:
        info = read(folder)
        if info.id in found:
            problem = f"The id '{info.id}' is taken by {found[info.id].folder}."
            doubles.append(PluginInfo(info.id, info.folder, info.version, problem=problem))
        else:
            found[info.id] = info
    return sorted([*found.values(), *doubles], key=lambda info: (info.id, info.folder))


def read(folder: Path) -> PluginInfo:
    """The plug-in in a folder; a problem with its manifest is told in ``problem``."""
    import tomllib  # noqa: PLC0415  nodes run Python 3.9, which has none and reads no manifest

    try:
        manifest = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return _checked(folder, manifest)
    except (OSError, ValueError) as error:
        return PluginInfo(folder.name, str(folder), problem=f"{MANIFEST}: {error}")
    except LeptonError as error:
        return PluginInfo(folder.name, str(folder), problem=str(error))


def _checked(folder: Path, manifest: dict[str, Any]) -> PluginInfo:
    name, version = str(manifest.get("id", "")), str(manifest.get("version", ""))
    check_name(name, "plug-in")
    if manifest.get("api") != API:
        raise LeptonError(
            f"It is made for plug-in interface {manifest.get('api')}, this is {API}.",
            "Install a version of it that fits.",
        )
    contributes = manifest.get("contributes", {})
    unknown = sorted(set(contributes) - set(KINDS))
    if unknown:
        raise LeptonError(
            f"It contributes '{unknown[0]}'.", f"What can be contributed: {', '.join(KINDS)}."
        )
    for kind, tables in contributes.items():
        if any("entry" not in table for table in tables):
            raise LeptonError(f"An entry under {kind} lacks 'entry'.", "Write module:attribute.")
    return PluginInfo(
        id=name,
        folder=str(folder),
        version=version,
        api=API,
        title=str(manifest.get("title", name)),
        environments=[
            load(EnvironmentSpec, {**table, "source": name})
            for table in contributes.get("environments", [])
        ],
        contributes=contributes,
    )


def _candidates(folders: Iterable[Path]) -> list[Path]:
    return [
        candidate
        for folder in folders
        if folder.is_dir()
        for candidate in sorted(folder.iterdir())
        if (candidate / MANIFEST).is_file()
    ]


def _installed() -> list[Path]:
    """Plug-ins that came as packages: their entry point names the package that is the folder."""
    from importlib import metadata, util  # noqa: PLC0415  costs start-up time

    folders = []
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        place = util.find_spec(entry.module)
        if place is not None and place.submodule_search_locations:
            folders.append(Path(place.submodule_search_locations[0]))
    return folders
