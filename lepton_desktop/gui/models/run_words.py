"""State of a run in words, tone and icon; metric names for people. Pure; runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.chips import ChipLook
from lepton_desktop.wire.desk import RunRow
from lepton_desktop.wire.node import State


def _tr(text: str) -> str:
    return QCoreApplication.translate("run-words", text)


def state_look(state: State, phase: str = "") -> ChipLook:
    """Chip of a state; an evaluation that runs says so."""
    looks = {
        State.PENDING: (_tr("Pending"), "t3", "circle-dashed"),
        State.STARTING: (_tr("Starting"), "info", "loader-circle"),
        State.RUNNING: (_tr("Running"), "info", "circle-play"),
        State.STOPPING: (_tr("Stopping"), "warn", "circle-stop"),
        State.SUCCEEDED: (_tr("Finished"), "ok", "circle-check"),
        State.FAILED: (_tr("Failed"), "err", "circle-x"),
        State.CANCELLED: (_tr("Stopped"), "t3", "circle-stop"),
        State.UNKNOWN: (_tr("Out of sight"), "warn", "triangle-alert"),
    }
    word, tone, icon = looks[state]
    if state is State.RUNNING and phase == "evaluating":
        word = _tr("Evaluating")
    return ChipLook(word, tone, icon)


def steps_line(run: RunRow) -> str:
    """``36.2 M of 50 M steps``."""
    words = _tr("{step} of {total} steps")
    return words.format(step=fmt.count(run.step), total=fmt.count(run.total_steps))


def placement_line(run: RunRow) -> str:
    """``PPO · 2 ranks on 2 nodes · attempt 2 · started 08:14``."""
    if len(run.nodes) == 1:
        where = _tr("{ranks} ranks on {node}") if run.world_size != 1 else _tr("1 rank on {node}")
        where = where.format(ranks=run.world_size, node=run.nodes[0])
    else:
        where = _tr("{ranks} ranks on {nodes} nodes")
        where = where.format(ranks=run.world_size, nodes=len(run.nodes))
    parts = [reading.algorithm(run), reading.environment(run)]
    if run.world_size:
        parts.append(where)
    if run.attempt > 1:
        parts.append(_tr("attempt {number}").format(number=run.attempt))
    if run.started is not None:
        parts.append(_tr("started {time}").format(time=fmt.clock(run.started)))
    return "  ·  ".join(parts)


METRIC_TITLES = {
    "rollout/return_mean": "Designed return",
    "objective/return_mean": "True objective",
    "rollout/length_mean": "Episode length",
    "rollout/episodes": "Episodes",
    "train/policy_loss": "Policy loss",
    "train/value_loss": "Value loss",
    "train/entropy": "Entropy",
    "train/approx_kl": "KL divergence",
    "train/clip_fraction": "Clip fraction",
    "train/explained_variance": "Explained variance",
    "train/learning_rate": "Learning rate",
    "time/steps_per_second": "Steps per second",
    "time/sync_fraction": "Time in synchronisation",
}
"""Technical terms; a key that is not here is shown as it is."""


def metric_title(key: str) -> str:
    """A metric's name for people."""
    if key.startswith(reading.TERM_PREFIX):
        return key.removeprefix(reading.TERM_PREFIX)
    return _tr(METRIC_TITLES.get(key, key))
