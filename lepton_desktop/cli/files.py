"""Reads specs from TOML or JSON files that people write. Runs on the desk."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from lepton_desktop.errors import LeptonError


def read_table(file: Path) -> dict[str, Any]:
    """The content of a ``.toml`` or ``.json`` file.

    Raises:
        LeptonError: It cannot be read, or is not a table; the message names file and place.
    """
    try:
        text = file.read_text(encoding="utf-8")
        data = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise LeptonError(f"{file} cannot be read: {error.strerror}.", code="file") from None
    except ValueError as error:
        kind = "JSON" if file.suffix == ".json" else "TOML"
        raise LeptonError(f"{file} is not valid {kind}: {error}.", code="file") from None
    if not isinstance(data, dict):
        raise LeptonError(f"{file} must hold a table of fields.", code="file")
    return data
