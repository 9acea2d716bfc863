"""Passwords come from a prompt or the environment, never from arguments. Runs on the desk."""

from __future__ import annotations

import os
import sys

import typer

from lepton_desktop.errors import LeptonError


def ask_secret(what: str, wanted: bool, variable: str) -> str | None:
    """The secret from ``variable``, else from a prompt when ``wanted``, else None.

    Raises:
        LeptonError: It is wanted, but there is neither the variable nor a terminal.
    """
    given = os.environ.get(variable)
    if given:
        return given
    if not wanted:
        return None
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\n")
        if line:
            return line
        raise LeptonError(
            f"{what} is wanted, but there is no terminal to ask at.",
            f"Give it on stdin or in the environment variable {variable}.",
            code="secret",
        )
    secret: str = typer.prompt(what, hide_input=True, err=True)
    return secret
