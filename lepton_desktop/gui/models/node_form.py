"""The Add node form without widgets: check the fields, make the spec. Runs in the window."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NAME_PATTERN, NodeSpec


@dataclass(frozen=True)
class NodeForm:
    """What was typed."""

    host: str = ""
    name: str = ""
    user: str = ""
    port: str = "22"
    key: str = ""
    jump: str = ""
    tags: str = ""
    group: str = ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("node-form", text)


def split_address(text: str) -> tuple[str, str, str]:
    """``user@host:port`` pasted into the host field: user, host, port; empty when not given."""
    user, at, rest = text.strip().rpartition("@")
    if not at:
        user, rest = "", text.strip()
    found = re.fullmatch(r"(?P<host>\[[^\]]+\]|[^:\s]+):(?P<port>\d+)", rest)
    if found is None:
        return user, rest.strip("[]"), ""
    return user, found["host"].strip("[]"), found["port"]


def suggest_name(host: str, taken: Iterable[str]) -> str:
    """The first label of a host name, or the address with dashes; a number when it is taken."""
    is_address = bool(re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]+", host))
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", host if is_address else host.split(".")[0])
    stem = stem.strip("-._")[:60]
    names, name, number = set(taken), stem, 2
    while name in names:
        name, number = f"{stem}-{number}", number + 1
    return name


def split_tags(text: str) -> list[str]:
    """Tags separated by commas or spaces, each once."""
    return list(dict.fromkeys(word for word in re.split(r"[,\s]+", text) if word))


def check(form: NodeForm, taken: Iterable[str]) -> dict[str, str]:
    """Field to what is wrong with it; empty when the form can be sent."""
    found = {
        "host": "" if form.host.strip() else _tr("Enter a host name or an address."),
        "name": _check_name(form.name.strip(), set(taken)),
        "port": check_port(form.port),
    }
    return {field: problem for field, problem in found.items() if problem}


def check_port(text: str) -> str:
    """What is wrong with a port; empty when nothing is."""
    if text.strip().isascii() and text.strip().isdigit() and 1 <= int(text) <= 65535:
        return ""
    return _tr("Enter a port from 1 to 65535.")


def _check_name(name: str, taken: set[str]) -> str:
    if not NAME_PATTERN.fullmatch(name):
        return _tr("Use letters, digits, dots, dashes and underscores, a letter or digit first.")
    return _tr("A node of this name exists.") if name in taken else ""


def make_spec(form: NodeForm) -> NodeSpec:
    """The spec of a checked form.

    Raises:
        LeptonError: The form was not checked.
    """
    if check_port(form.port):
        raise LeptonError(check_port(form.port), code="spec")
    return NodeSpec(
        name=form.name.strip(),
        host=form.host.strip(),
        port=int(form.port),
        user=form.user.strip(),
        key=form.key.strip(),
        jump=form.jump.strip(),
        tags=split_tags(form.tags),
        group=form.group.strip(),
    )
