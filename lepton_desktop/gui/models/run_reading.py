"""Readings of one run row: numbers, words, who trains. Pure functions; runs in the window."""

from __future__ import annotations

from typing import Any

from lepton_desktop.wire.desk import RunRow
from lepton_desktop.wire.node import State

ACTIVE = frozenset({State.PENDING, State.STARTING, State.RUNNING, State.STOPPING, State.UNKNOWN})
RETURN = "rollout/return_mean"
OBJECTIVE = "objective/return_mean"
EVALUATION = "eval/return_mean"
TERM_PREFIX = "reward/"
SERIES_COLOURS = 8


def is_active(run: RunRow) -> bool:
    """Whether something may still happen."""
    return run.state in ACTIVE


def colour_index(run: RunRow) -> int:
    """Series colour of the run for life, 0 to 7."""
    return (run.number - 1) % SERIES_COLOURS


def progress(run: RunRow) -> float | None:
    """Steps done, 0 to 1; None before the first."""
    if not run.total_steps:
        return None
    return min(1.0, run.step / run.total_steps)


def headline(run: RunRow) -> float | None:
    """The number that stands for the run: evaluated, else the true objective, else the return."""
    for source, key in ((run.result, EVALUATION), (run.metrics, OBJECTIVE), (run.metrics, RETURN)):
        if key in source:
            return source[key]
    return None


def reward_name(run: RunRow) -> str:
    """Name of the reward function; empty for the environment's own."""
    reward: Any = run.spec.get("reward")
    return str(reward.get("name", "")) if isinstance(reward, dict) else ""


def environment(run: RunRow) -> str:
    """Environment id."""
    return str(run.spec.get("environment", "CartPole-v1"))


def algorithm(run: RunRow) -> str:
    """Algorithm as a word for people."""
    return str(run.spec.get("algorithm", "ppo")).upper()


def term_keys(run: RunRow) -> list[str]:
    """Metric keys of the reward terms: the order of the reward function, then what else came."""
    reward: Any = run.spec.get("reward")
    terms = reward.get("terms", []) if isinstance(reward, dict) else []
    keys = [f"{TERM_PREFIX}{term.get('name')}" for term in terms if isinstance(term, dict)]
    keys += sorted(key for key in run.metrics if key.startswith(TERM_PREFIX) and key not in keys)
    return keys


def elapsed_seconds(run: RunRow, now: float) -> float | None:
    """Since the start, until the end or now."""
    if run.started is None:
        return None
    return (run.ended or now) - run.started


def needs_attention(run: RunRow) -> bool:
    """Whether the operator should look: failed, or out of sight."""
    return run.state in (State.FAILED, State.UNKNOWN)
