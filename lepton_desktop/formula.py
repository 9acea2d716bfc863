"""Formulas of reward terms: parse and check, never run. Runs everywhere; standard library only.

A formula is a small subset of Python expressions over named numbers: it can neither loop, nor reach
an attribute, nor call anything but ``FUNCTIONS``. The runtime compiles the checked tree to NumPy
(``runtime/rewards/compile.py``). What each variable means is in ``docs/rewards.md``.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional, Union

from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import Problem

MAX_CHARACTERS = 1000
MAX_DEPTH = 40
MAX_EXPONENT = 32


@dataclass(frozen=True)
class Function:
    """One function that a formula may call."""

    usage: str
    help: str
    fewest: int
    most: Optional[int]
    """None: any number of arguments from ``fewest`` on."""


FUNCTIONS: dict[str, Function] = {
    "abs": Function("abs(x)", "Magnitude", 1, 1),
    "min": Function("min(x, y, …)", "Smallest", 2, None),
    "max": Function("max(x, y, …)", "Largest", 2, None),
    "clip": Function("clip(x, low, high)", "x held between low and high", 3, 3),
    "exp": Function("exp(x)", "e to the power of x", 1, 1),
    "log": Function("log(x)", "Natural logarithm", 1, 1),
    "sqrt": Function("sqrt(x)", "Square root", 1, 1),
    "square": Function("square(x)", "x times x", 1, 1),
    "hypot": Function("hypot(x, y)", "Length of the vector (x, y)", 2, 2),
    "sin": Function("sin(x)", "Sine of radians", 1, 1),
    "cos": Function("cos(x)", "Cosine of radians", 1, 1),
    "tanh": Function("tanh(x)", "Hyperbolic tangent", 1, 1),
    "arctan2": Function("arctan2(y, x)", "Angle of the vector (x, y), −π to π", 2, 2),
    "sign": Function("sign(x)", "−1, 0 or 1", 1, 1),
    "where": Function("where(condition, x, y)", "x where the condition holds, else y", 3, 3),
    "tolerance": Function(
        "tolerance(x, low, high, margin)",
        "1 between low and high, falling off like a bell to 0.1 at the distance margin",
        4,
        4,
    ),
}

CONSTANTS: dict[str, float] = {"pi": math.pi}

STEP_VARIABLES: dict[str, str] = {
    "terminated": "1 when this step ended the episode by itself, else 0",
    "truncated": "1 when this step hit the time limit, else 0",
    "step": "Index of this step in its episode, from 0",
    "objective": "The environment's own reward of this step",
}

OPERATORS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "−",
    ast.Mult: "×",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.UAdd: "+",
    ast.USub: "−",
    ast.Not: "not",
    ast.And: "and",
    ast.Or: "or",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}

ALLOWED = (
    "Allowed are numbers, names, + - * / % **, comparisons, and, or, not, 'a if c else b' and "
    "calls of functions such as clip or tolerance."
)

_SIGNS: dict[str, str] = {
    "BitXor": "^",
    "BitAnd": "&",
    "BitOr": "|",
    "Invert": "~",
    "FloorDiv": "//",
    "MatMult": "@",
    "LShift": "<<",
    "RShift": ">>",
    "Is": "is",
    "IsNot": "is not",
    "In": "in",
    "NotIn": "not in",
}
_INSTEAD = {"BitXor": "**", "BitAnd": "and", "BitOr": "or", "Invert": "not", "Is": "=="}

_REFUSED: dict[str, str] = {
    "Attribute": "A dot after a name",
    "Subscript": "Indexing with [ ]",
    "Lambda": "lambda",
    "NamedExpr": "Assignment with :=",
    "JoinedStr": "Text",
    "Starred": "Unpacking with *",
    "Await": "await",
    "Tuple": "A tuple",
    "List": "A list",
    "Dict": "A dictionary",
    "Set": "A set",
}


@dataclass(frozen=True)
class Formula:
    """A formula whose structure is allowed; its names may still be unknown to an environment."""

    text: str
    tree: ast.Expression
    names: frozenset[str]
    """Every variable and parameter that it reads, constants left out."""


def variables(observation: Iterable[str], action: Iterable[str]) -> list[str]:
    """All names a formula may use in an environment with these observation and action variables.

    ``name`` is the value after the step, ``prev_name`` the one before it.
    """
    own = [*observation, *action]
    return [*own, *(f"prev_{name}" for name in own), *STEP_VARIABLES, *CONSTANTS]


def parse(text: str) -> Formula:
    """Read a formula without looking at what its names mean.

    Raises:
        LeptonError: It is not a formula; code ``formula``, the message names the column.
    """
    reader = _Reader(text, None)
    if reader.problems or reader.tree is None:
        first = reader.problems[0]
        place = f" (column {first.column})" if first.column else ""
        raise LeptonError(f"{first.message}{place}", first.hint, code="formula")
    return Formula(text, reader.tree, frozenset(reader.names))


def check_formula(
    text: str, names: Optional[Iterable[str]], parameters: Iterable[str] = ()
) -> list[Problem]:
    """Everything that is wrong with a formula, in reading order; columns count from 1.

    Args:
        text: The formula.
        names: The variables that exist, see ``variables``; None when they are not known yet.
        parameters: Names of the term's own numbers.
    """
    known = None if names is None else [*names, *parameters]
    problems = [*_parameter_problems(parameters, names or ()), *_Reader(text, known).problems]
    return sorted(problems, key=lambda problem: problem.column or 0)


def _parameter_problems(parameters: Iterable[str], names: Iterable[str]) -> list[Problem]:
    taken = {*names, *FUNCTIONS, *CONSTANTS, *STEP_VARIABLES}
    problems = []
    for name in parameters:
        if name in taken:
            message = f"The parameter '{name}' has the name of a variable or function."
            problems.append(Problem("parameters", message, "Choose another name."))
        elif not is_name(name):
            message = f"'{name}' is not a usable parameter name."
            hint = "Use letters, digits and underscores, a letter first."
            problems.append(Problem("parameters", message, hint))
    return problems


def is_name(text: str) -> bool:
    """Whether the text can name a variable, a parameter or a term."""
    return text.isidentifier() and not keyword.iskeyword(text) and not text.startswith("_")


class _Reader:
    """One pass over one formula; collects problems and names."""

    def __init__(self, text: str, known: Optional[list[str]]) -> None:
        self.problems: list[Problem] = []
        self.names: set[str] = set()
        self.tree: Optional[ast.Expression] = None
        self._known = known
        self._shift = len(text) - len(text.lstrip())
        self._source = " ".join(text.strip().splitlines())
        tree = self._parse()
        if tree is not None:
            self.tree = tree
            self._visit(tree.body)

    def _parse(self) -> Optional[ast.Expression]:
        refusal = self._refuse_text()
        if refusal is not None:
            self.problems.append(refusal)
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(self._source, mode="eval")
        except SyntaxError as error:
            message = f"This is not an expression: {error.msg}."
            end = len(self._source) + 1  # where the parser points by 0 when more should follow
            column = self._shift + min(error.offset or end, end)
            self.problems.append(Problem("formula", message, ALLOWED, column))
            return None
        except (ValueError, RecursionError, MemoryError):
            self._too_deep()
            return None
        if _depth(tree) > MAX_DEPTH:
            self._too_deep()
            return None
        return tree

    def _refuse_text(self) -> Optional[Problem]:
        if not self._source:
            return Problem("formula", "The formula is empty.", "Write a number to begin with.", 1)
        if len(self._source) > MAX_CHARACTERS:
            message = f"The formula has {len(self._source)} characters, {MAX_CHARACTERS} at most."
            return Problem("formula", message, "Split it into several terms.", MAX_CHARACTERS + 1)
        for sign, what in (("#", "A comment"), ("\0", "A zero byte"), ("\\", "A backslash")):
            if sign in self._source:
                column = self._shift + self._source.index(sign) + 1
                return Problem("formula", f"{what} cannot stand in a formula.", ALLOWED, column)
        return None

    def _too_deep(self) -> None:
        hint = "Split it into several terms."
        self.problems.append(Problem("formula", "The formula is nested too deeply.", hint, 1))

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant):
            self._constant(node)
        elif isinstance(node, ast.Name):
            self._name(node)
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, (ast.BinOp, ast.UnaryOp, ast.BoolOp)):
            self._operator(node)
        elif isinstance(node, ast.Compare):
            for sign in node.ops:
                self._known_operator(sign, node)
            self._visit_all([node.left, *node.comparators])
        elif isinstance(node, ast.IfExp):
            self._visit_all([node.body, node.test, node.orelse])
        else:
            what = _REFUSED.get(type(node).__name__, f"'{self._piece(node)}'")
            self._report(node, f"{what} cannot stand in a formula.", ALLOWED)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self._visit(node)

    def _constant(self, node: ast.Constant) -> None:
        if not isinstance(node.value, (int, float)):
            self._report(node, f"{self._piece(node)} is not a number.", ALLOWED)
            return
        try:
            finite = math.isfinite(float(node.value))
        except OverflowError:
            finite = False
        if not finite:
            self._report(node, "This number is too large.", "Numbers reach up to 1.8e308.")

    def _name(self, node: ast.Name) -> None:
        name = node.id
        if name in CONSTANTS:
            return
        self.names.add(name)
        if name.startswith("_"):
            message = f"The name '{name}' begins with an underscore."
            self._report(node, message, "Names begin with a letter.")
        elif name in FUNCTIONS:
            usage = FUNCTIONS[name].usage
            self._report(node, f"'{name}' is a function.", f"Call it: {usage}.")
        elif self._known is not None and name not in self._known:
            hint = _did_you_mean(name, self._known, "Known: ")
            self._report(node, f"There is no variable or parameter '{name}'.", hint)

    def _call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Name):
            self._report(node, "Only the functions listed can be called, by name.", ALLOWED)
            return
        name = node.func.id
        function = FUNCTIONS.get(name)
        if function is None:
            hint = _did_you_mean(name, list(FUNCTIONS), "Functions: ")
            self._report(node.func, f"There is no function '{name}'.", hint)
        elif node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            self._report(node, f"Arguments of '{name}' go by position.", f"{function.usage}.")
        elif not function.fewest <= len(node.args) <= (function.most or MAX_CHARACTERS):
            message = f"'{name}' got {len(node.args)} arguments."
            self._report(node, message, f"It is called as {function.usage}.")
        self._visit_all(node.args)

    def _operator(self, node: Union[ast.BinOp, ast.UnaryOp, ast.BoolOp]) -> None:
        self._known_operator(node.op, node)
        if isinstance(node, ast.BoolOp):
            self._visit_all(node.values)
        elif isinstance(node, ast.UnaryOp):
            self._visit(node.operand)
        else:
            self._visit_all([node.left, node.right])
            if isinstance(node.op, ast.Pow) and _magnitude(node.right) > MAX_EXPONENT:
                message = f"The exponent is larger than {MAX_EXPONENT}."
                self._report(node.right, message, "Use exp() for a quantity that grows so fast.")

    def _known_operator(self, sign: ast.AST, node: ast.AST) -> None:
        if type(sign) not in OPERATORS:
            kind = type(sign).__name__
            instead = _INSTEAD.get(kind)
            hint = f"Write {instead} instead." if instead else ALLOWED
            message = f"The operator {_SIGNS.get(kind, kind)} cannot stand in a formula."
            self._report(node, message, hint)

    def _report(self, node: ast.AST, message: str, hint: str) -> None:
        offset = getattr(node, "col_offset", 0)
        characters = len(self._source.encode()[:offset].decode(errors="ignore"))
        self.problems.append(Problem("formula", message, hint, self._shift + characters + 1))

    def _piece(self, node: ast.AST) -> str:
        piece = ast.get_source_segment(self._source, node) or type(node).__name__
        return piece if len(piece) <= 20 else f"{piece[:19]}…"


def _did_you_mean(name: str, known: list[str], listing: str) -> str:
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"{listing}{', '.join(known)}."


def _magnitude(node: ast.AST) -> float:
    """Of a literal exponent; 0 for anything that is only known later."""
    if isinstance(node, ast.UnaryOp):
        return _magnitude(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return abs(node.value)
    return 0.0


def _depth(tree: ast.AST) -> int:
    """Without recursion, so that no tree can exhaust the stack."""
    deepest, pending = 0, [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        deepest = max(deepest, depth)
        pending += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    return deepest
