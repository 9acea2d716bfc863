"""The formula language: what is allowed, and that nothing else gets through."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_desktop.errors import LeptonError
from lepton_desktop.formula import FUNCTIONS, check_formula, is_name, parse, variables
from tests.shared.formulas import NAMES, allowed_formulas

KNOWN = variables(["x", "y", "angle"], ["action"])


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "x",
        "-x + 2.5e-3",
        "1 - terminated",
        "prev_x - x",
        "x if -0.1 < angle <= 0.1 else -1",
        "clip(square(x), 0, 1) * tolerance(angle, -0.1, 0.1, 0.2)",
        "not truncated and (step > 3 or action == 1)",
        "objective % 2",
        "x ** 2",
        "max(x, y, angle, 0)",
        "  x +\n  pi  ",
        "k * x",
    ],
)
def test_allowed_formulas_have_no_problems(text):
    assert check_formula(text, KNOWN, ["k"]) == []
    assert parse(text).text == text


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "empty"),
        ("x +", 4, "not an expression"),
        ("x + foo", 5, "no variable or parameter 'foo'"),
        ("  y + foo(x)", 7, "no function 'foo'"),
        ("x.__class__", 1, "dot"),
        ("1 + x[0]", 5, "Indexing"),
        ("x ^ 2", 1, "operator ^"),
        ("x // 2", 1, "operator //"),
        ("x is y", 1, "operator is"),
        ("~x", 1, "operator ~"),
        ("'text'", 1, "not a number"),
        ("None", 1, "not a number"),
        ("2j", 1, "not a number"),
        ("lambda: 1", 1, "lambda"),
        ("[x for x in y]", 1, "cannot stand"),
        ("(x, y)", 1, "tuple"),
        ("(x := 1)", 2, "Assignment"),
        ("f'{x}'", 1, "Text"),
        ("min(x)", 1, "got 1 arguments"),
        ("clip(x, low=0, high=1)", 1, "position"),
        ("max(*x, 1)", 1, "position"),
        ("(abs)(x)(y)", 1, "by name"),
        ("abs + 1", 1, "is a function"),
        ("x ** 33", 6, "exponent"),
        ("x ** -99", 6, "exponent"),
        ("1e999", 1, "too large"),
        ("9" * 400, 1, "too large"),
        ("x # note", 3, "comment"),
        ("x + \\\n y", 5, "backslash"),
        ("__import__('os')", 1, "no function"),
        ("_x", 1, "underscore"),
        ("x" * 1001, 1001, "characters"),
        ("-" * 500 + "x", 1, "deeply"),
        ("α + foo", 1, "no variable"),
    ],
)
def test_what_is_wrong_is_told_with_its_column(text, column, words):
    first = check_formula(text, KNOWN)[0]
    assert words in first.message
    assert first.column == column
    assert first.hint


def test_every_problem_is_told_at_once_in_reading_order():
    problems = check_formula("foo + x.y + bar", KNOWN)
    assert [problem.column for problem in problems] == [1, 7, 13]


def test_columns_count_characters_not_bytes():
    assert check_formula("x * 1 + é", KNOWN)[0].column == 9
    assert check_formula("é + foo", ["é"])[0].column == 5


@pytest.mark.parametrize(("typo", "meant"), [("angel", "angle"), ("prev_angl", "prev_angle")])
def test_a_mistyped_name_gets_a_suggestion(typo, meant):
    assert f"Did you mean {meant}" in check_formula(typo, KNOWN)[0].hint


def test_a_mistyped_function_gets_a_suggestion():
    assert "Did you mean square" in check_formula("sqare(x)", KNOWN)[0].hint


def test_names_are_not_checked_while_the_environment_is_unknown():
    assert check_formula("whatever + 1", None) == []
    assert check_formula("whatever.x", None)


@pytest.mark.parametrize("name", ["x", "abs", "pi", "step", "not", "1a", "_a", "a b"])
def test_parameters_may_not_hide_something_or_be_unusable(name):
    problems = check_formula("1", KNOWN, [name])
    assert [problem.where for problem in problems] == ["parameters"]


def test_parse_raises_with_the_column():
    with pytest.raises(LeptonError, match=r"column 3") as caught:
        parse("x $ y")
    assert caught.value.code == "formula"


def test_parse_collects_the_names():
    assert parse("a * x + pi - prev_x").names == {"a", "x", "prev_x"}


def test_usable_names():
    assert is_name("pole_angle")
    assert not is_name("pole angle")
    assert not is_name("if")


@given(st.text(max_size=60))
def test_no_text_makes_the_check_fail(text):
    for problem in check_formula(text, KNOWN):
        assert problem.message
        assert problem.column is None or 1 <= problem.column <= len(text) + 1


@given(
    st.lists(
        st.sampled_from(
            [
                *"()[]{}.,:=+-*/%<>!&|^~@ '\"",
                *("x", "abs", "**", "lambda", "if", "else", "and", "0x", "1e9", "1"),
                *("__class__", "import", "yield", "await", "for", "in"),
            ]
        ),
        max_size=25,
    ).map("".join)
)
def test_what_passes_calls_only_listed_functions_and_reads_only_known_names(text):
    if not check_formula(text, KNOWN):
        formula = parse(text)
        assert formula.names <= set(KNOWN)
        for banned in ("__", "lambda", "import", "[", "{", ":", "@", "'", '"', "yield", "await"):
            assert banned not in text


@settings(max_examples=200)
@given(allowed_formulas)
def test_generated_formulas_are_allowed(text):
    assert check_formula(text, NAMES) == []


def test_every_function_documents_its_call():
    for name, function in FUNCTIONS.items():
        assert function.usage.startswith(f"{name}(")
        assert function.help
