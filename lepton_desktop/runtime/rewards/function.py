"""A reward function on arrays: all terms of many steps at once. Runs in a job on a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from lepton_desktop.errors import LeptonError
from lepton_desktop.formula import parse
from lepton_desktop.runtime.entries import load_entry
from lepton_desktop.runtime.rewards.compile import compile_formula
from lepton_desktop.specs import EnvironmentSpec, RewardSpec, RewardTerm, check_reward

Array = NDArray[np.float64]
Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class RewardValues:
    """What a reward function gave for a block of steps, any shape."""

    total: Array
    terms: Array
    """One leading index a term, in the order of the spec; weighted."""


@dataclass(frozen=True)
class _Term:
    spec: RewardTerm
    function: Callable[[Values], Any]
    inputs: tuple[str, ...]
    """Shown when the term goes wrong."""

    @property
    def active(self) -> bool:
        return self.spec.enabled and self.spec.weight != 0.0


class RewardFunction:
    """Compiled once, then evaluated on blocks of steps.

    Without a spec the reward is the environment's own, the objective, and there are no terms.
    """

    def __init__(self, spec: RewardSpec | None, environment: EnvironmentSpec) -> None:
        self.spec = spec
        if spec is not None:
            _refuse_problems(spec, environment)
        self._terms = [_compile(term) for term in spec.terms] if spec else []

    @property
    def term_names(self) -> list[str]:
        """In the order of ``RewardValues.terms``."""
        return [term.spec.name for term in self._terms]

    def evaluate(self, values: Values, valid: NDArray[np.bool_]) -> RewardValues:
        """All terms of a block of steps; steps that are not ``valid`` count as 0.

        Raises:
            LeptonError: A valid step got a value that is not finite, code ``reward_not_finite``.
        """
        if self.spec is None:
            total = np.where(valid, values["objective"], 0.0)
            return RewardValues(total, np.zeros((0, *valid.shape)))
        terms = np.zeros((len(self._terms), *valid.shape))
        with np.errstate(all="ignore"):
            for row, term in zip(terms, self._terms):
                if term.active:
                    row[...] = _weighted(term, values, valid)
        if not np.isfinite(terms).all():
            self._complain(terms, values)
        return RewardValues(terms.sum(axis=0), terms)

    def _complain(self, terms: Array, values: Values) -> None:
        place = tuple(np.argwhere(~np.isfinite(terms))[0])
        term, where = self._terms[place[0]], place[1:]
        inputs = ", ".join(f"{name} = {float(values[name][where]):g}" for name in term.inputs)
        raise LeptonError(
            f"The reward term '{term.spec.name}' gave {terms[place]} in step "
            f"{int(values['step'][where])} of an episode"
            + (f", with {inputs}." if inputs else "."),
            "Guard it, for example log(max(x, 1e-6)) or a clip, and start the run again.",
            code="reward_not_finite",
        )


def _refuse_problems(spec: RewardSpec, environment: EnvironmentSpec) -> None:
    for problem in check_reward(spec, environment):
        if problem.level == "error":
            place = f", column {problem.column}" if problem.column else ""
            raise LeptonError(
                f"Reward '{spec.name}', {problem.where}{place}: {problem.message}",
                problem.hint,
                code="reward",
            )


def _compile(term: RewardTerm) -> _Term:
    if term.function:
        function = load_entry(term.function, f"The function of the reward term '{term.name}'")
        return _Term(term, lambda values: _call(term, function, values), ())
    formula = parse(term.formula)
    compiled = compile_formula(formula, term.parameters)
    names = tuple(sorted(formula.names - set(term.parameters)))
    return _Term(term, lambda values: compiled(**{name: values[name] for name in names}), names)


def _call(term: RewardTerm, function: Callable[..., Any], values: Values) -> Array:
    try:
        return np.asarray(function(values, **term.parameters), dtype=np.float64)
    except Exception as error:
        raise LeptonError(
            f"The function of the reward term '{term.name}' failed: "
            f"{type(error).__name__}: {error}.",
            f"Check {term.function} and the parameters of the term.",
            code="reward",
        ) from error


def _weighted(term: _Term, values: Values, valid: NDArray[np.bool_]) -> Array:
    value = term.function(values)
    if term.spec.clip is not None:
        low, high = term.spec.clip
        value = np.clip(value, low, high)
    try:
        return np.where(valid, term.spec.weight * value, 0.0)
    except ValueError:
        raise LeptonError(
            f"The reward term '{term.spec.name}' gave values of shape {np.shape(value)}, "
            f"expected {valid.shape}.",
            "A term must give one number a step.",
            code="reward",
        ) from None
