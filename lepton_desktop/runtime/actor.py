"""The acting half of a policy in NumPy: small batches cost a fraction of torch's dispatch.

Runs in a job on a node. Weights are copied from the policy once a rollout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lepton_desktop.runtime.environments import ActionSpace

Layers = Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]


@dataclass(frozen=True)
class Actor:
    """Chooses actions for normalised observations.

    Discrete actions are choice numbers from 0; continuous ones are in the policy's own scale.
    """

    actions: ActionSpace
    layers: Layers
    """Weight transposed for ``x @ weight``, and bias."""
    log_std: NDArray[np.float32]
    """Empty for discrete actions."""

    def outputs(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits, or means."""
        hidden = observations
        for weight, bias in self.layers[:-1]:
            hidden = np.tanh(hidden @ weight + bias)
        weight, bias = self.layers[-1]
        return hidden @ weight + bias

    def noise(self, generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Random numbers for ``sample``, drawn for a whole rollout at once."""
        full = (*shape, self.actions.outputs)
        if self.actions.discrete:
            # Gumbel noise; the smallest uniform is kept from 0, whose logarithm is infinite.
            uniform = np.maximum(generator.random(full, dtype=np.float32), np.float32(1e-20))
            return -np.log(-np.log(uniform) + np.float32(1e-20))
        return generator.standard_normal(full, dtype=np.float32)

    def sample(self, observations: NDArray[np.float32], noise: NDArray[np.float32]) -> NDArray[Any]:
        """An action drawn from the policy's distribution."""
        outputs = self.outputs(observations)
        if self.actions.discrete:
            return np.asarray(np.argmax(outputs + noise, axis=-1))
        return np.asarray(outputs + np.exp(self.log_std) * noise)

    def mode(self, observations: NDArray[np.float32]) -> NDArray[Any]:
        """The most likely action."""
        outputs = self.outputs(observations)
        return np.asarray(np.argmax(outputs, axis=-1)) if self.actions.discrete else outputs

    def applied(self, actions: NDArray[Any]) -> NDArray[np.float64]:
        """In the environment's own numbers, one row a copy.

        Bounded continuous actions map −1 … 1 to their range and are held within it.
        """
        if self.actions.discrete:
            return (actions + self.actions.first).astype(np.float64)[:, None]
        low, high = np.array(self.actions.low), np.array(self.actions.high)
        bounded = np.isfinite(low) & np.isfinite(high)
        with np.errstate(all="ignore"):
            scaled = low + (np.clip(actions, -1.0, 1.0) + 1.0) / 2.0 * (high - low)
        return np.where(bounded, scaled, actions)
