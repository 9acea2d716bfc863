"""Makes a RunSpec of a file and of options on the command line. Runs on the desk."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any

from lepton_desktop.cli.files import read_table
from lepton_desktop.cli.reward import reward_from
from lepton_desktop.client import EngineClient
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import PpoOptions, RunSpec, load, options_of
from lepton_desktop.wire.convert import dump

ALGORITHM_OPTIONS: dict[str, type] = {"ppo": PpoOptions}


def make_run_spec(
    client: EngineClient,
    file: Path | None,
    given: dict[str, Any],
    reward: str,
    settings: list[str],
) -> RunSpec:
    """The spec in ``file``, with the given fields, reward and ``key=value`` settings on top.

    A file may name its reward function instead of spelling it out.

    Raises:
        LeptonError: Something is unknown or outside its limits.
    """
    data: dict[str, Any] = {**(read_table(file) if file else {}), **given}
    named = reward or data.get("reward")
    if isinstance(named, str) and named:
        data["reward"] = dump(reward_from(client, named))
    if settings:
        algorithm = str(data.get("algorithm", "ppo"))
        data["options"] = {**data.get("options", {}), **_settings(settings, algorithm)}
    data.setdefault("name", _name(data))
    return load(RunSpec, data)


def _name(data: dict[str, Any]) -> str:
    parts = [str(data.get("environment", "CartPole-v1")), str(data.get("algorithm", "ppo"))]
    return re.sub(r"[^a-z0-9._-]+", "-", "-".join(parts).lower()).strip("-.")[:63]


def _settings(settings: list[str], algorithm: str) -> dict[str, Any]:
    kind = ALGORITHM_OPTIONS.get(algorithm)
    known = {info.name: info for info in options_of(kind)} if kind else {}
    values = {}
    for item in settings:
        key, equals, text = item.partition("=")
        key = key.strip()
        if not equals:
            raise LeptonError(f"--set {item} has no '='.", "Write: --set key=value", code="usage")
        if known and key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise LeptonError(f"{algorithm} has no option '{key}'.", hint, code="spec")
        values[key] = _parse(text.strip())
    if kind:
        load(kind, values)
    return values


def _parse(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except ValueError:
        return text
