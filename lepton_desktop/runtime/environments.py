"""Copies of one environment, stepped together. Runs in a job on a node.

gymnasium's NEXT_STEP autoreset is kept: an environment that has ended ignores the action of the
next step, gives reward 0 and the first observation of the new episode. Such a dummy step is marked
not ``valid``; nobody counts it or learns from it. In return the observation that ended an episode
is always there, which is what bootstrapping at a time limit needs.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Callable

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import TimeLimit
from numpy.typing import NDArray

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.entries import load_entry
from lepton_desktop.specs import EnvironmentSpec, VariableSpec


@dataclass(frozen=True)
class ActionSpace:
    """What a policy may answer: one of ``choices`` or ``size`` numbers within bounds."""

    choices: int = 0
    """0 for continuous actions."""
    first: int = 0
    """The environment's number of choice 0."""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def discrete(self) -> bool:
        """Whether the action is one of a few choices."""
        return self.choices > 0

    @property
    def size(self) -> int:
        """How many numbers an action has."""
        return 1 if self.discrete else len(self.low)

    @property
    def outputs(self) -> int:
        """How many numbers a policy network gives."""
        return self.choices or len(self.low)


@dataclass(frozen=True)
class Step:
    """What all copies answered to one action each."""

    observations: NDArray[np.float32]
    objective: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]


class Environments:
    """A gymnasium vector environment with named variables.

    Attributes:
        spec: With every variable named, also where the annotation had none.
        count: How many copies.
        observation_size: Length of one observation, flattened.
        actions: What a policy may answer.
    """

    def __init__(self, spec: EnvironmentSpec, count: int) -> None:
        self.count = count
        self._vector = _make(spec, count)
        space = self._vector.single_observation_space
        if not isinstance(space, spaces.Box):
            raise _unsupported(spec, f"observations of the kind {type(space).__name__}", "Box")
        self.observation_size = int(np.prod(space.shape))
        self.actions = _actions(spec, self._vector.single_action_space)
        self._action_type = self._vector.single_action_space.dtype
        self._action_shape = (count, *(self._vector.single_action_space.shape or ()))
        self.spec = _with_variables(spec, self.observation_size, self.actions)

    def reset(self, seed: int) -> NDArray[np.float32]:
        """Begin a new episode in every copy, each with its own random stream."""
        observations, _ = self._vector.reset(seed=seed)
        return self._flat(observations)

    def step(self, actions: NDArray[Any]) -> Step:
        """Step every copy; ``actions`` has one row a copy, in the environment's own numbers."""
        shaped = actions.reshape(self._action_shape).astype(self._action_type, copy=False)
        observations, objective, terminated, truncated, _ = self._vector.step(shaped)
        return Step(
            self._flat(observations),
            np.asarray(objective, dtype=np.float64),
            np.asarray(terminated, dtype=np.bool_),
            np.asarray(truncated, dtype=np.bool_),
        )

    def close(self) -> None:
        """Release what the environments hold."""
        self._vector.close()

    def _flat(self, observations: NDArray[Any]) -> NDArray[np.float32]:
        return observations.reshape(self.count, self.observation_size).astype(np.float32)


def _make(spec: EnvironmentSpec, count: int) -> VectorEnv[Any, Any, Any]:
    try:
        if spec.entry:
            return _sync(_plugin_maker(spec), count)
        registered = gymnasium.spec(spec.id)
        if registered.vector_entry_point and not registered.additional_wrappers:
            vector = gymnasium.make_vec(
                spec.id, count, vectorization_mode="vector_entry_point", **_limit(spec)
            )
            if vector.metadata.get("autoreset_mode") is AutoresetMode.NEXT_STEP:
                return vector
            vector.close()
        return _sync(_gymnasium_maker(spec), count)
    except gymnasium.error.DependencyNotInstalled as error:
        raise LeptonError(
            f"The environment '{spec.id}' needs a package that is not there: {error}",
            "Install gymnasium with its extra, such as gymnasium[box2d], on the node.",
            code="missing_package",
        ) from None
    except gymnasium.error.Error as error:
        raise LeptonError(
            f"The environment '{spec.id}' cannot be made: {error}",
            "Check the id and the version of gymnasium on the node.",
            code="environment",
        ) from None


def _sync(make: Callable[[], gymnasium.Env[Any, Any]], count: int) -> VectorEnv[Any, Any, Any]:
    # Observations are copied into the rollout at once, so the buffer may be used again.
    return SyncVectorEnv([make] * count, copy=False, autoreset_mode=AutoresetMode.NEXT_STEP)


def _limit(spec: EnvironmentSpec) -> dict[str, Any]:
    return {"max_episode_steps": spec.max_episode_steps} if spec.max_episode_steps else {}


def _gymnasium_maker(spec: EnvironmentSpec) -> Callable[[], gymnasium.Env[Any, Any]]:
    return lambda: gymnasium.make(spec.id, disable_env_checker=True, **_limit(spec))


def _plugin_maker(spec: EnvironmentSpec) -> Callable[[], gymnasium.Env[Any, Any]]:
    kind = load_entry(spec.entry, f"The environment '{spec.id}'")

    def make() -> gymnasium.Env[Any, Any]:
        environment: gymnasium.Env[Any, Any] = kind()
        if spec.max_episode_steps:
            return TimeLimit(environment, spec.max_episode_steps)
        return environment

    return make


def _actions(spec: EnvironmentSpec, space: spaces.Space[Any]) -> ActionSpace:
    if isinstance(space, spaces.Discrete):
        return ActionSpace(choices=int(space.n), first=int(space.start))
    if isinstance(space, spaces.Box):
        low, high = space.low.ravel().tolist(), space.high.ravel().tolist()
        return ActionSpace(low=tuple(low), high=tuple(high))
    raise _unsupported(spec, f"actions of the kind {type(space).__name__}", "Discrete or Box")


def _unsupported(spec: EnvironmentSpec, what: str, instead: str) -> LeptonError:
    return LeptonError(
        f"The environment '{spec.id}' has {what}.",
        f"PPO here needs {instead}; a wrapper in a plug-in can convert them.",
        code="environment",
    )


def _with_variables(spec: EnvironmentSpec, size: int, actions: ActionSpace) -> EnvironmentSpec:
    """Name what has no annotation: ``obs_0`` …, ``action`` or ``action_0`` …."""
    alone = actions.discrete or actions.size == 1
    named = ["action"] if alone else [f"action_{index}" for index in range(actions.size)]
    action = spec.action or [VariableSpec(name) for name in named]
    observation = spec.observation or [VariableSpec(f"obs_{index}") for index in range(size)]
    for what, listed, actual in (
        ("observation", observation, size),
        ("action", action, actions.size),
    ):
        if len(listed) != actual:
            raise LeptonError(
                f"The annotation of '{spec.id}' names {len(listed)} {what} variables, "
                f"the environment has {actual}.",
                "Mend the annotation: one variable for each number, in order.",
                code="environment",
            )
    kind = "discrete" if actions.discrete else "continuous"
    return dataclasses.replace(spec, actions=kind, observation=observation, action=action)
