"""Random allowed formulas, and a plain interpreter that says what one of them means."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

from hypothesis import strategies as st

from lepton_desktop.formula import CONSTANTS, FUNCTIONS, Formula

NAMES = ("x", "y", "angle")

_numbers = st.one_of(
    st.integers(0, 1000).map(str),
    st.floats(0.0, 1e6, allow_nan=False).map(repr),
    st.sampled_from(["0", "1", "True", "1e-9", "1e300"]),
)
_leaves = st.one_of(_numbers, st.sampled_from([*NAMES, "pi"]))


def _grow(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def call(name: str) -> st.SearchStrategy[str]:
        function = FUNCTIONS[name]
        most = function.most or function.fewest + 2
        arguments = st.lists(children, min_size=function.fewest, max_size=most)
        return arguments.map(lambda items: f"{name}({', '.join(items)})")

    binary = st.tuples(children, st.sampled_from(["+", "-", "*", "/", "%"]), children)
    compare = st.tuples(children, st.sampled_from(["<", "<=", "==", "!=", ">"]), children)
    return st.one_of(
        binary.map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        compare.map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(children, children, children).map(lambda p: f"({p[0]} < {p[1]} <= {p[2]})"),
        st.tuples(children, st.integers(-3, 8)).map(lambda parts: f"({parts[0]}) ** {parts[1]}"),
        children.map(lambda inner: f"(-{inner})"),
        children.map(lambda inner: f"(not {inner})"),
        st.tuples(children, st.sampled_from(["and", "or"]), children).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(children, children, children).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.sampled_from(sorted(FUNCTIONS)).flatmap(call),
    )


allowed_formulas = st.recursive(_leaves, _grow, max_leaves=12).filter(lambda text: len(text) < 900)


def interpret(formula: Formula, values: Mapping[str, float]) -> float:
    """What the formula is worth, one number at a time, with IEEE 754's infinities and NaN."""
    return _worth(formula.tree.body, {**CONSTANTS, **values})


def _worth(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return float(values[node.id])
    if isinstance(node, ast.Call):
        return _call(node.func.id, [_worth(item, values) for item in node.args])
    if isinstance(node, ast.IfExp):
        chosen = node.body if _worth(node.test, values) != 0 else node.orelse
        return _worth(chosen, values)
    if isinstance(node, ast.BoolOp):
        truths = [_worth(item, values) != 0 for item in node.values]
        return float(all(truths) if isinstance(node.op, ast.And) else any(truths))
    if isinstance(node, ast.UnaryOp):
        inner = _worth(node.operand, values)
        return {ast.USub: -inner, ast.UAdd: inner, ast.Not: float(inner == 0)}[type(node.op)]
    if isinstance(node, ast.Compare):
        sides = [_worth(side, values) for side in (node.left, *node.comparators)]
        return float(all(map(_holds, node.ops, sides, sides[1:])))
    return _binary(node.op, _worth(node.left, values), _worth(node.right, values))


def _holds(sign: ast.cmpop, a: float, b: float) -> bool:
    return {
        ast.Lt: a < b,
        ast.LtE: a <= b,
        ast.Gt: a > b,
        ast.GtE: a >= b,
        ast.Eq: a == b,
        ast.NotEq: a != b,
    }[type(sign)]


def _binary(sign: ast.operator, a: float, b: float) -> float:
    if isinstance(sign, ast.Add):
        return a + b
    if isinstance(sign, ast.Sub):
        return a - b
    if isinstance(sign, ast.Mult):
        return a * b
    if isinstance(sign, ast.Div):
        return _divide(a, b)
    if isinstance(sign, ast.Mod):
        return a % b if b != 0 and math.isfinite(a) else math.nan
    return _power(a, b)


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a) or math.isnan(b):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        if a == 0:
            return math.copysign(math.inf, a) if b % 2 == 1 else math.inf
        return math.nan


def _call(name: str, given: list[float]) -> float:
    if any(map(math.isnan, given)) and name not in ("where", "hypot", "tolerance"):
        return math.nan
    try:
        return _FUNCTIONS[name](*given)
    except OverflowError:
        return math.inf
    except ValueError:
        return -math.inf if name == "log" and given[0] == 0 else math.nan


def _tolerance(x: float, low: float, high: float, margin: float) -> float:
    if any(map(math.isnan, (x, low, high))):
        return math.nan
    outside = max(low - x, x - high, 0.0)
    if not outside > 0:
        return 1.0
    if not margin > 0:
        return 0.0
    scaled = _divide(outside, margin) * math.sqrt(-2 * math.log(0.1))
    return math.exp(-0.5 * scaled * scaled)


_FUNCTIONS = {
    "abs": abs,
    "min": min,
    "max": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "square": lambda x: x * x,
    "hypot": math.hypot,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "arctan2": math.atan2,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "where": lambda condition, x, y: x if condition != 0 else y,
    "tolerance": _tolerance,
}
