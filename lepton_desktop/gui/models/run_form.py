"""The New run form without widgets: who is fit, what the options are, the spec. In the window."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from typing import Any

from PySide6.QtCore import QCoreApplication

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.specs import (
    NAME_PATTERN,
    OptionInfo,
    PpoOptions,
    RewardSpec,
    RunSpec,
    load,
    options_of,
)
from lepton_desktop.wire.desk import LinkState, NodeRow, RunRow

LOCAL_NODE = "this-computer"


def _tr(text: str) -> str:
    return QCoreApplication.translate("run-form", text)


@dataclass(frozen=True)
class Fitness:
    """Whether a node can take a rank now, and why not."""

    fit: bool
    reason: str = ""


def fitness(row: NodeRow) -> Fitness:
    """One node against the needs of a training."""
    if row.state is LinkState.CONNECTING:
        return Fitness(False, _tr("Connecting"))
    if row.state is not LinkState.UP:
        return Fitness(False, plain(row.reason) or _tr("Not connected"))
    if row.drained:
        return Fitness(False, plain(row.drain_reason) or _tr("Draining"))
    if not row.python:
        return Fitness(False, plain(row.python_problem) or _tr("No Python that can train"))
    return Fitness(True)


def suggest_name(environment: str, runs: Iterable[RunRow]) -> str:
    """Such as ``cartpole-4``: the environment's name and the next number."""
    rows = list(runs)
    stem = re.sub(r"-v\d+$", "", environment.split("/")[-1])
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._").lower() or "run"
    number = max((run.number for run in rows), default=0) + 1
    taken = {run.name for run in rows}
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def options() -> list[OptionInfo]:
    """Options of the algorithm, with the defaults of those that are made anew each time."""
    return [
        OptionInfo(**{**_plain(info), "default": default_of(info.name)})
        for info in options_of(PpoOptions)
    ]


def _plain(info: OptionInfo) -> dict[str, Any]:
    return {item.name: getattr(info, item.name) for item in fields(info)}


def default_of(name: str) -> Any:  # noqa: ANN401 - options are of any type
    """Default of one option of PPO."""
    for item in fields(PpoOptions):
        if item.name == name:
            return item.default_factory() if item.default_factory is not MISSING else item.default
    raise KeyError(name)


LABELS = {
    "gamma": "Discount γ",
    "gae_lambda": "GAE λ",
    "target_kl": "Target KL",
    "environments": "Environments per rank",
    "rollout_steps": "Steps per update",
    "minibatch_size": "Minibatch size",
    "entropy_coefficient": "Entropy bonus",
    "value_coefficient": "Value loss weight",
    "max_gradient_norm": "Gradient clipping",
    "normalise_observations": "Normalise observations",
    "anneal": "Lower rate and clip to 0",
    "hidden_sizes": "Hidden layers",
}
"""Where the field's name alone would not do; technical terms, the same in every language."""


def label_of(info: OptionInfo) -> str:
    """A caption for an option."""
    return LABELS.get(info.name, info.name.replace("_", " ").capitalize())


def help_of(info: OptionInfo) -> str:
    """Help sentence, unit and limits."""
    limits = limits_of(info)
    return "\n".join(part for part in (info.help, limits) if part)


def limits_of(info: OptionInfo) -> str:
    """Such as ``Allowed: 1 to 100``."""
    low, high = info.minimum, info.maximum
    if low is None and high is None:
        return ""
    if high is None:
        return _tr("Allowed: at least {low}").format(low=f"{low:g}")
    if low is None:
        return _tr("Allowed: at most {high}").format(high=f"{high:g}")
    return _tr("Allowed: {low} to {high}").format(low=f"{low:g}", high=f"{high:g}")


def write_option(value: object) -> str:
    """A value as it stands in its field."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_option(info: OptionInfo, text: str) -> Any:  # noqa: ANN401 - options are of any type
    """The value of a field.

    Raises:
        LeptonError: It is not of the option's type or outside its limits.
    """
    text = text.strip().replace("\u202f", "").replace("\u00a0", "").replace("−", "-")
    try:
        if info.type.startswith("list"):
            value: Any = [int(part) for part in re.split(r"[,\s]+", text) if part]
        elif info.type == "int":
            value = int(text)
        else:
            value = float(text)
    except ValueError:
        raise LeptonError(_tr("Enter a number."), limits_of(info), code="spec") from None
    for number in value if isinstance(value, list) else [value]:
        if not _inside(info, number):
            raise LeptonError(limits_of(info) or _tr("Enter a number."), code="spec")
    return value


def _inside(info: OptionInfo, value: float) -> bool:
    if not math.isfinite(value):
        return False
    low = -math.inf if info.minimum is None else info.minimum
    high = math.inf if info.maximum is None else info.maximum
    return low <= value <= high


def check_name(name: str, runs: Iterable[RunRow]) -> str:
    """What is wrong with a run's name; empty when nothing is."""
    if not NAME_PATTERN.fullmatch(name.strip()):
        return _tr("Use letters, digits, dots, dashes and underscores, a letter or digit first.")
    if name.strip() in {run.name for run in runs}:
        return _tr("A run of this name exists.")
    return ""


@dataclass(frozen=True)
class RunForm:
    """What was chosen."""

    name: str
    environment: str
    reward: RewardSpec | None
    nodes: list[str]
    ranks: int
    total_steps: int
    seed: int
    evaluation_episodes: int
    options: dict[str, Any]


def make_spec(form: RunForm) -> RunSpec:
    """The spec of a checked form; options at their default are left out.

    Raises:
        LeptonError: A value is outside its limits.
    """
    changed = {key: value for key, value in form.options.items() if value != default_of(key)}
    load(PpoOptions, form.options)
    return RunSpec(
        name=form.name.strip(),
        environment=form.environment,
        options=changed,
        reward=form.reward,
        nodes=form.nodes,
        processes_per_node=form.ranks,
        total_steps=form.total_steps,
        seed=form.seed,
        checkpoint_every_steps=max(1, min(20_000, form.total_steps // 5)),
        evaluation_episodes=form.evaluation_episodes,
    )


QUICK_STEPS = 60_000
"""Enough for CartPole with the shipped reward function."""


def quick_start(reward: RewardSpec | None, runs: Iterable[RunRow]) -> RunSpec:
    """The training that the Welcome page starts on this computer."""
    environment = reward.environment if reward is not None else "CartPole-v1"
    return RunSpec(
        name=suggest_name(environment, runs),
        environment=environment,
        reward=reward,
        nodes=[LOCAL_NODE],
        total_steps=QUICK_STEPS,
    )
