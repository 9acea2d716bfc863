"""Blocks of experience: acts, steps the environments, keeps what happened. Runs in a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lepton_desktop.runtime.actor import Actor
from lepton_desktop.runtime.environments import Environments
from lepton_desktop.runtime.normaliser import Normaliser
from lepton_desktop.specs import EnvironmentSpec


@dataclass(frozen=True)
class Rollout:
    """Arrays of shape (steps, environments, …); observations have one step more."""

    observations: NDArray[np.float32]
    """As the environment gave them."""
    seen: NDArray[np.float32]
    """As the policy saw them, normalised."""
    actions: NDArray[Any]
    """As the policy chose them."""
    applied: NDArray[np.float64]
    """As the environment got them."""
    previous_applied: NDArray[np.float64]
    """Of the step before; in the first step of an episode the same as ``applied``."""
    objective: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    """False for the dummy step between two episodes."""
    indices: NDArray[np.int64]
    """Number of the step in its episode, from 0."""

    @property
    def ended(self) -> NDArray[np.bool_]:
        """Whether a step was the last of its episode."""
        return self.terminated | self.truncated

    def variables(self, spec: EnvironmentSpec) -> dict[str, NDArray[Any]]:
        """What reward terms may read, by name; docs/rewards.md describes each."""
        after = self.observations[1:].astype(np.float64)
        before = self.observations[:-1].astype(np.float64)
        values: dict[str, NDArray[Any]] = {
            "terminated": self.terminated.astype(np.float64),
            "truncated": self.truncated.astype(np.float64),
            "step": self.indices.astype(np.float64),
            "objective": self.objective,
            "observation_vector": after,
            "prev_observation_vector": before,
            "action_vector": self.applied,
            "prev_action_vector": self.previous_applied,
        }
        for index, variable in enumerate(spec.observation):
            values[variable.name] = after[..., index]
            values[f"prev_{variable.name}"] = before[..., index]
        for index, variable in enumerate(spec.action):
            values[variable.name] = self.applied[..., index]
            values[f"prev_{variable.name}"] = self.previous_applied[..., index]
        return values


class Collector:
    """Steps the environments; episodes go on from one rollout to the next."""

    def __init__(self, environments: Environments, seed: int) -> None:
        self.environments = environments
        self.generator = np.random.default_rng(seed)
        count = environments.count
        self._observation = environments.reset(seed)
        self._ended = np.zeros(count, dtype=np.bool_)
        self._index = np.zeros(count, dtype=np.int64)
        self._applied = np.zeros((count, environments.actions.size))

    def collect(
        self, actor: Actor, normaliser: Normaliser, steps: int, deterministic: bool = False
    ) -> Rollout:
        """The next ``steps`` steps of every copy."""
        block = self._empty(steps, actor)
        noise = None if deterministic else actor.noise(self.generator, block.valid.shape)
        before = self._applied
        for step in range(steps):
            block.observations[step] = self._observation
            block.seen[step] = seen = normaliser(self._observation)
            chosen = actor.mode(seen) if noise is None else actor.sample(seen, noise[step])
            block.actions[step] = chosen
            block.applied[step] = actor.applied(chosen)
            self._take(block, step)
        block.observations[steps] = self._observation
        block.seen[steps] = normaliser(self._observation)
        first = block.indices[..., None] == 0
        shifted = np.concatenate([before[None], block.applied[:-1]])
        block.previous_applied[...] = np.where(first, block.applied, shifted)
        return block

    def _take(self, block: Rollout, step: int) -> None:
        answer = self.environments.step(block.applied[step])
        valid = ~self._ended
        block.valid[step] = valid
        block.indices[step] = self._index
        block.objective[step] = answer.objective
        block.terminated[step] = answer.terminated
        block.truncated[step] = answer.truncated
        self._observation = answer.observations
        self._applied = block.applied[step]
        self._ended = answer.terminated | answer.truncated
        self._index = np.where(valid, self._index + 1, 0)

    def _empty(self, steps: int, actor: Actor) -> Rollout:
        shape = (steps, self.environments.count)
        watched = (steps + 1, self.environments.count, self.environments.observation_size)
        numbers = (*shape, actor.actions.size)
        chosen = (
            np.empty(shape, dtype=np.int64)
            if actor.actions.discrete
            else np.empty(numbers, dtype=np.float32)
        )
        return Rollout(
            observations=np.empty(watched, dtype=np.float32),
            seen=np.empty(watched, dtype=np.float32),
            actions=chosen,
            applied=np.empty(numbers),
            previous_applied=np.empty(numbers),
            objective=np.empty(shape),
            terminated=np.empty(shape, dtype=np.bool_),
            truncated=np.empty(shape, dtype=np.bool_),
            valid=np.empty(shape, dtype=np.bool_),
            indices=np.empty(shape, dtype=np.int64),
        )
