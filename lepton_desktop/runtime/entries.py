"""Finds the code behind ``module:attr``. Runs in a job on a node, nowhere else."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import Any

from lepton_desktop.errors import LeptonError


def add_plugin_folders(folders: Iterable[str]) -> None:
    """Put the folders that travelled with the job in front of ``sys.path``, in their order."""
    for folder in reversed(list(folders)):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def load_entry(reference: str, what: str) -> Any:  # noqa: ANN401
    """The object that ``module:attr`` names.

    Raises:
        LeptonError: It cannot be imported; the message carries the import's own error.
    """
    module_name, _, attribute = reference.partition(":")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        raise LeptonError(
            f"{what} '{reference}' needs the module '{error.name}', which is not there.",
            "Check that its plug-in is installed and travels with the run.",
            code="plugin",
        ) from None
    except AttributeError:
        raise LeptonError(
            f"The module '{module_name}' has no '{attribute}' ({what}).",
            "Check the entry in the plug-in's manifest.",
            code="plugin",
        ) from None
    except Exception as error:
        raise LeptonError(
            f"{what} '{reference}' cannot be imported: {type(error).__name__}: {error}.",
            "Mend the plug-in.",
            code="plugin",
        ) from error
