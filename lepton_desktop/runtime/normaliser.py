"""Running mean and deviation of observations, merged across ranks. Runs in a job on a node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMIT = 10.0
"""Normalised observations are held within ± this many deviations."""


class Normaliser:
    """Scales observations; with ``enabled`` false it hands them through unchanged.

    Between updates the scale is frozen, so a rollout and the updates made from it see the same
    numbers.
    """

    def __init__(self, size: int, enabled: bool) -> None:
        self.enabled = enabled
        self.count = 0.0
        self.mean = np.zeros(size)
        self.square_sum = np.zeros(size)
        """Of the deviations from the mean."""

    def __call__(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scaled observations; the last axis is the observation vector."""
        if not self.enabled or self.count < 2.0:
            return observations
        deviation = np.sqrt(self.square_sum / self.count) + 1e-8
        scaled = (observations - self.mean) / deviation
        return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)

    @staticmethod
    def moments(observations: NDArray[Any], pivot: NDArray[np.float64]) -> NDArray[Any]:
        """Count, sums and sums of squares around a pivot: may be added up over ranks."""
        moved = observations.astype(np.float64) - pivot
        return np.concatenate([[len(moved)], moved.sum(axis=0), np.square(moved).sum(axis=0)])

    def update(self, moments: NDArray[Any]) -> None:
        """Take in the summed ``moments`` around the present mean (Chan et al. 1979)."""
        count, size = float(moments[0]), len(self.mean)
        if count == 0.0:
            return
        shift = moments[1 : size + 1] / count
        spread = moments[size + 1 :] - count * np.square(shift)
        total = self.count + count
        self.square_sum += spread + np.square(shift) * self.count * count / total
        self.mean += shift * count / total
        self.count = total

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "enabled": self.enabled,
            "count": self.count,
            "mean": self.mean.tolist(),
            "square_sum": self.square_sum.tolist(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Normaliser:
        """The normaliser of a checkpoint."""
        made = cls(len(state["mean"]), state["enabled"])
        made.count = float(state["count"])
        made.mean = np.array(state["mean"], dtype=np.float64)
        made.square_sum = np.array(state["square_sum"], dtype=np.float64)
        return made
