"""Compiled formulas: the same numbers as the plain interpreter, and no way out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_desktop.formula import FUNCTIONS, parse
from lepton_desktop.runtime.rewards.compile import NUMPY_FUNCTIONS, compile_formula
from tests.shared.formulas import NAMES, allowed_formulas, interpret

finite = st.floats(-1e6, 1e6, allow_nan=False, width=64)


def evaluate(text, **values):
    formula = parse(text)
    arrays = {name: np.array(values[name], dtype=np.float64) for name in formula.names}
    with np.errstate(all="ignore"):
        return np.broadcast_to(compile_formula(formula, {})(**arrays), np.shape(values["x"]))


# The same examples each time: two libraries' last bits may decide a comparison differently.
@settings(max_examples=300, derandomize=True)
@given(allowed_formulas, st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=3))
def test_compiled_and_interpreted_formulas_agree(text, rows):
    columns = dict(zip(NAMES, np.array(rows).T, strict=True))
    compiled = evaluate(text, **columns)
    for row, value in zip(rows, compiled, strict=True):
        expected = interpret(parse(text), dict(zip(NAMES, row, strict=True)))
        if np.isfinite(expected):
            assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)
        else:
            assert not np.isfinite(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x > 0 and x < 2", [0.0, 1.0, 0.0]),
        ("(x > 0) + (x > -2)", [1.0, 2.0, 2.0]),
        ("-1 < x < 2", [0.0, 1.0, 0.0]),
        ("5 if x > 0 else 7", [7.0, 5.0, 5.0]),
        ("not x", [0.0, 0.0, 0.0]),
        ("x % 2", [1.0, 1.0, 1.0]),
        ("min(x, 0, 2)", [-1.0, 0.0, 0.0]),
        ("2", [2.0, 2.0, 2.0]),
        ("tolerance(x, 0, 2, 1)", [0.1, 1.0, 0.1]),
        ("tolerance(x, 0, 2, 0)", [0.0, 1.0, 0.0]),
    ],
)
def test_meaning(text, expected):
    assert evaluate(text, x=[-1.0, 1.0, 3.0]) == pytest.approx(expected)


def test_division_by_zero_is_not_an_exception():
    assert np.isnan(evaluate("0 / 0", x=[1.0]))[0]
    assert np.isinf(evaluate("1 / (x - 1)", x=[1.0]))[0]
    assert np.isinf(evaluate("9 ** 9 ** 9", x=[1.0]))[0]


def test_parameters_are_built_in():
    compiled = compile_formula(parse("gain * x"), {"gain": 3.0})
    assert compiled(x=np.array([2.0])) == pytest.approx([6.0])


def test_the_namespace_has_no_builtins():
    compiled = compile_formula(parse("x + 1"), {})
    assert compiled.__globals__["__builtins__"] == {}


def test_every_function_of_the_language_has_an_implementation():
    assert NUMPY_FUNCTIONS.keys() == FUNCTIONS.keys()
