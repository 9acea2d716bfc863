"""What all ranks did since the last line of metrics. Runs in a job on a node."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from lepton_desktop.runtime.algorithms.ppo import LOSSES, Iteration
from lepton_desktop.runtime.distributed import Ranks
from lepton_desktop.runtime.reporter import Reporter
from lepton_desktop.runtime.rewards.ledger import Episode

_TRAIN_KEYS = (*LOSSES, "explained_variance")


class Journal:
    """Adds up iterations over ranks and over the time between two lines of metrics.

    Attributes:
        episodes: Finished so far, over all ranks.
    """

    def __init__(self, ranks: Ranks, reporter: Reporter, term_names: Sequence[str]) -> None:
        self.episodes = 0
        self._ranks = ranks
        self._reporter = reporter
        self._terms = list(term_names)
        self._since = time.perf_counter()
        self._sync_before = ranks.sync_seconds
        self._steps = 0
        self._finished = np.zeros(4 + len(self._terms))
        self._trained = np.zeros(len(_TRAIN_KEYS))

    def add(self, iteration: Iteration, stop_asked: bool) -> bool:
        """Take in one iteration of all ranks; answers whether one of them was asked to stop."""
        finished = episode_sums(iteration.episodes, len(self._terms))
        trained = [iteration.losses[key] for key in _TRAIN_KEYS]
        summed = self._ranks.sum(np.concatenate([[float(stop_asked)], finished, trained]))
        split = 1 + len(finished)
        self._finished += summed[1:split]
        self._trained = summed[split:] / self._ranks.place.world_size
        self._steps += iteration.steps
        self.episodes += int(summed[1])
        return bool(summed[0] > 0.0)

    @property
    def pending(self) -> bool:
        """Whether something happened since the last line."""
        return self._steps > 0

    def write(self, step: int, learning_rate: float) -> None:
        """One line of metrics, if there is anything new; begins to add up anew."""
        if not self._steps:
            return
        seconds = max(time.perf_counter() - self._since, 1e-9)
        values = {
            **episode_means(self._finished, self._terms, "rollout", "reward"),
            **{f"train/{key}": float(value) for key, value in zip(_TRAIN_KEYS, self._trained)},
            "train/learning_rate": learning_rate,
            "time/steps_per_second": self._steps / seconds,
            "time/sync_fraction": (self._ranks.sync_seconds - self._sync_before) / seconds,
        }
        if math.isnan(values["train/explained_variance"]):
            # Returns without any variance cannot be explained: no value, which is no failure.
            del values["train/explained_variance"]
        self._reporter.metrics(step, values)
        self._since = time.perf_counter()
        self._sync_before = self._ranks.sync_seconds
        self._steps = 0
        self._finished[:] = 0.0


def episode_sums(episodes: Sequence[Episode], terms: int) -> np.ndarray:
    """Count, return, length, objective and every term, summed over episodes."""
    sums = np.zeros(4 + terms)
    for episode in episodes:
        sums[:4] += (1.0, episode.total, episode.length, episode.objective)
        sums[4:] += episode.terms
    return sums


def episode_means(
    sums: np.ndarray, terms: Sequence[str], group: str, reward_group: str
) -> dict[str, float]:
    """Metric keys of ``episode_sums``; nothing but the count while no episode has finished."""
    count = float(sums[0])
    if count == 0.0:
        return {f"{group}/episodes": 0.0}
    means = [float(value) for value in sums / count]
    return {
        f"{group}/episodes": count,
        f"{group}/return_mean": means[1],
        f"{group}/length_mean": means[2],
        "objective/return_mean": means[3],
        **{f"{reward_group}/{name}": mean for name, mean in zip(terms, means[4:])},
    }
