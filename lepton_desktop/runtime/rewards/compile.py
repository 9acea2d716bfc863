"""Checked formulas to vectorised NumPy code. Runs in a job on a node.

Every value is a float64 array or number, also truth (0 or 1), so that a formula means the same for
one step and for a million: comparisons and ``and``/``or``/``not`` answer 0 or 1, both sides of a
condition are computed, and division by zero gives infinity or NaN as IEEE 754 says.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Mapping
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from lepton_desktop.formula import CONSTANTS, FUNCTIONS, Formula

Array = NDArray[np.float64]
Compiled = Callable[..., Array]

_BELL = math.sqrt(-2.0 * math.log(0.1))


def _truth(function: Callable[..., Any]) -> Callable[..., Array]:
    return lambda *arguments: np.asarray(function(*arguments), dtype=np.float64)


def _tolerance(x: Array, low: Array, high: Array, margin: Array) -> Array:
    outside = np.maximum(np.maximum(low - x, x - high), 0.0)
    falling = np.exp(-0.5 * np.square(outside / margin * _BELL))
    result = np.where(outside > 0.0, np.where(margin > 0.0, falling, 0.0), 1.0)
    return np.where(np.isnan(outside), np.nan, result)


def _fold(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *arguments: functools.reduce(function, arguments)


NUMPY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "min": _fold(np.minimum),
    "max": _fold(np.maximum),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "square": np.square,
    "hypot": np.hypot,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "arctan2": np.arctan2,
    "sign": np.sign,
    "where": lambda condition, x, y: np.where(np.not_equal(condition, 0.0), x, y),
    "tolerance": _tolerance,
}

_NUMPY_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.UAdd: np.positive,
    ast.USub: np.negative,
    ast.Not: _truth(np.logical_not),
    ast.And: _truth(np.logical_and),
    ast.Or: _truth(np.logical_or),
    ast.Lt: _truth(np.less),
    ast.LtE: _truth(np.less_equal),
    ast.Gt: _truth(np.greater),
    ast.GtE: _truth(np.greater_equal),
    ast.Eq: _truth(np.equal),
    ast.NotEq: _truth(np.not_equal),
}


def compile_formula(formula: Formula, parameters: Mapping[str, float]) -> Compiled:
    """A function of the formula's variables, by keyword, with the parameters built in.

    Its namespace holds the whitelisted functions and numbers only.
    """
    lowering = _Lowering(parameters)
    body = lowering.lower(formula.tree.body)
    arguments = ast.arguments(
        posonlyargs=[],
        args=[],
        kwonlyargs=[ast.arg(arg=name) for name in sorted(formula.names - set(parameters))],
        kw_defaults=[None] * len(formula.names - set(parameters)),
        defaults=[],
    )
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(args=arguments, body=body)))
    code = compile(tree, f"<formula {formula.text[:60]}>", "eval")
    compiled: Compiled = eval(code, lowering.namespace)
    return compiled


class _Lowering:
    """Rewrites a checked tree into calls of NumPy functions, so that no Python operator is left."""

    def __init__(self, parameters: Mapping[str, float]) -> None:
        self.namespace: dict[str, Any] = {"__builtins__": {}}
        self._numbers = {**CONSTANTS, **parameters}

    def lower(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Constant):
            return self._number(float(node.value))  # type: ignore[arg-type] # checked: a number
        if isinstance(node, ast.Name):
            known = self._numbers.get(node.id)
            return node if known is None else self._number(known)
        if isinstance(node, ast.UnaryOp):
            return self._call(_NUMPY_OPERATORS[type(node.op)], node.operand)
        if isinstance(node, ast.BinOp):
            return self._call(_NUMPY_OPERATORS[type(node.op)], node.left, node.right)
        if isinstance(node, ast.BoolOp):
            return self._call(_fold(_NUMPY_OPERATORS[type(node.op)]), *node.values)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.IfExp):
            return self._call(NUMPY_FUNCTIONS["where"], node.test, node.body, node.orelse)
        return self._function(node)

    def _function(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            raise TypeError(f"{type(node).__name__} passed the check of a formula")
        if node.func.id not in FUNCTIONS:
            raise TypeError(f"the call of {node.func.id} passed the check of a formula")
        return self._call(NUMPY_FUNCTIONS[node.func.id], *node.args)

    def _compare(self, node: ast.Compare) -> ast.expr:
        sides = [node.left, *node.comparators]
        pairs = [
            self._call(_NUMPY_OPERATORS[type(sign)], left, right)
            for sign, left, right in zip(node.ops, sides, sides[1:])
        ]
        both = self._bind(_NUMPY_OPERATORS[ast.And])
        return functools.reduce(lambda a, b: ast.Call(both, [a, b], []), pairs)

    def _call(self, function: Callable[..., Any], *arguments: ast.expr) -> ast.expr:
        return ast.Call(self._bind(function), [self.lower(item) for item in arguments], [])

    def _number(self, value: float) -> ast.expr:
        return self._bind(np.float64(value))

    def _bind(self, value: object) -> ast.Name:
        name = f"_{len(self.namespace)}"
        self.namespace[name] = value
        return ast.Name(name, ast.Load())
