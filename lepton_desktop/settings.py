"""The desk's own files and options: typed, described, one place. Runs on the desk."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import load, option
from lepton_desktop.wire.convert import dump

PACKAGE = Path(__file__).resolve().parent


def resources_folder() -> Path:
    """Icons, fonts, themes, annotations: beside the package in a checkout, inside it in a wheel."""
    return _shipped("resources")


def plugins_folder() -> Path:
    """The shipped plug-ins."""
    return _shipped("plugins")


def _shipped(name: str) -> Path:
    installed = PACKAGE / f"_{name}"
    return installed if installed.is_dir() else PACKAGE.parent / name


@dataclass(frozen=True)
class Paths:
    """Every file that the desk programs own; ``LEPTON_HOME`` moves them all."""

    home: Path

    @property
    def engine_file(self) -> Path:
        """Port and token of the running engine, mode 0600."""
        return self.home / "engine.json"

    @property
    def lock_file(self) -> Path:
        """Held by the running engine."""
        return self.home / "engine.lock"

    @property
    def log_file(self) -> Path:
        """What the engine logs."""
        return self.home / "engine.log"

    @property
    def store_file(self) -> Path:
        """The engine's database."""
        return self.home / "store.sqlite"

    @property
    def settings_file(self) -> Path:
        """Options of the desk programs."""
        return self.home / "settings.json"

    @property
    def runs(self) -> Path:
        """Copies of checkpoints and artifacts, one folder a run."""
        return self.home / "runs"

    @property
    def plugins(self) -> Path:
        """Plug-ins that the user added."""
        return self.home / "plugins"

    @property
    def local_node(self) -> Path:
        """Node home of this computer."""
        return self.home / "node"

    def make(self) -> Paths:
        """Create the home, readable by its owner only.

        Raises:
            LeptonError: The folder cannot be created or written.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise LeptonError(
                f"The folder {self.home} cannot be created: {error.strerror}.",
                "Set LEPTON_HOME to a folder that you may write to.",
                code="home",
            ) from None
        return self


def paths(home: Path | str | None = None) -> Paths:
    """The desk's files: under the argument, ``LEPTON_HOME`` or the platform's data folder."""
    chosen = home or os.environ.get("LEPTON_HOME") or platformdirs.user_data_dir("lepton-desktop")
    return Paths(Path(chosen).expanduser().resolve())


@dataclass(frozen=True)
class Settings:
    """Options of the desk programs, kept in ``settings.json``."""

    theme: str = option("system", "Colours", choices=("system", "dark", "light"))
    zoom_percent: int = option(100, "Size of everything", unit="%", minimum=80, maximum=200)
    language: str = option("system", "Language of the window", choices=("system", "en"))
    rail_collapsed: bool = option(False, "Navigation rail shows icons only")
    reduced_motion: bool = option(False, "No spinning, no pulsing")
    telemetry_interval_seconds: float = option(
        1.0, "Time between samples of a node", unit="s", minimum=0.5, maximum=60.0
    )
    welcome_dismissed: bool = option(False, "Do not show the first-run page")


def read_settings(where: Paths) -> Settings:
    """The saved options; defaults when there is no file.

    Raises:
        LeptonError: The file is not readable as settings.
    """
    try:
        text = where.settings_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    try:
        return load(Settings, json.loads(text))
    except ValueError as error:
        raise LeptonError(
            f"{where.settings_file} is not valid JSON: {error}.",
            "Mend it or delete it; defaults are used then.",
            code="settings",
        ) from None


def write_settings(where: Paths, settings: Settings) -> None:
    """Save the options atomically."""
    where.make()
    write_private(where.settings_file, json.dumps(dump(settings), indent=2) + "\n")


def write_private(target: Path, text: str) -> None:
    """Write a file of mode 0600 so that a reader sees the old or the new text, never half of it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).replace(target)


def changed(settings: Settings, **values: object) -> Settings:
    """A copy with some options replaced, checked.

    Raises:
        LeptonError: A value is outside its limits.
    """
    return load(Settings, {**dataclasses.asdict(settings), **values})
