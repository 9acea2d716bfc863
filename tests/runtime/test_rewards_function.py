"""Reward functions on arrays: clip, weight, switches, plug-in functions, values that go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime.rewards.function import RewardFunction
from lepton_desktop.specs import EnvironmentSpec, RewardSpec, RewardTerm, VariableSpec

ROOM = EnvironmentSpec("Room-v0", observation=[VariableSpec("x")], action=[VariableSpec("action")])
ALL = np.ones((1, 3), dtype=bool)


def values(x):
    x = np.array([x], dtype=np.float64)
    return {"x": x, "step": np.full(x.shape, 7.0), "objective": np.ones(x.shape)}


def function(*terms):
    return RewardFunction(RewardSpec("r", "Room-v0", list(terms)), ROOM)


def test_the_total_is_the_sum_of_clipped_and_weighted_terms():
    reward = function(
        RewardTerm("a", "x", weight=2.0, clip=[-1.0, 1.0]),
        RewardTerm("b", "k", parameters={"k": 5}),
    )
    result = reward.evaluate(values([-3.0, 0.5, 3.0]), ALL)
    assert result.terms[0] == pytest.approx(np.array([[-2.0, 1.0, 2.0]]))
    assert result.terms[1] == pytest.approx(np.array([[5.0, 5.0, 5.0]]))
    assert result.total == pytest.approx(np.array([[3.0, 6.0, 7.0]]))
    assert reward.term_names == ["a", "b"]


@pytest.mark.parametrize(
    "off", [RewardTerm("a", "1 / 0", enabled=False), RewardTerm("a", "1 / 0", weight=0.0)]
)
def test_a_term_that_is_off_logs_zero_and_is_not_even_computed(off):
    result = function(off, RewardTerm("b", "x")).evaluate(values([1.0, 2.0, 3.0]), ALL)
    assert not result.terms[0].any()
    assert result.total == pytest.approx(np.array([[1.0, 2.0, 3.0]]))


def test_without_a_spec_the_reward_is_the_objective():
    result = RewardFunction(None, ROOM).evaluate(values([1.0, 2.0, 3.0]), ALL)
    assert result.total == pytest.approx(np.ones((1, 3)))
    assert len(result.terms) == 0


def test_dummy_steps_count_as_zero_even_when_they_are_not_finite():
    valid = np.array([[True, False, True]])
    result = function(RewardTerm("a", "log(x)")).evaluate(values([1.0, -1.0, 1.0]), valid)
    assert not result.total.any()
    assert not RewardFunction(None, ROOM).evaluate(values([1.0, 1.0, 1.0]), valid).total[0, 1]


@pytest.mark.parametrize(("formula", "word"), [("log(x)", "nan"), ("exp(x * 1e6)", "inf")])
def test_a_value_that_is_not_finite_names_term_step_and_inputs(formula, word):
    with pytest.raises(LeptonError) as caught:
        function(RewardTerm("risky", formula)).evaluate(
            values([1e-9, 1e-9, -2.0 if word == "nan" else 2.0]), ALL
        )
    assert caught.value.code == "reward_not_finite"
    for words in ("'risky'", word, "step 7", "x = "):
        assert words in caught.value.message
    assert caught.value.hint


def test_a_clip_can_tame_infinity():
    tamed = function(RewardTerm("a", "exp(x)", clip=[0.0, 2.0]))
    assert tamed.evaluate(values([1e6, 0.0, -1.0]), ALL).total[0, 0] == 2.0


def test_a_reward_with_problems_is_refused_with_its_place():
    with pytest.raises(LeptonError, match=r"terms\.a\.formula, column 5"):
        function(RewardTerm("a", "x + foo"))


def test_functions_of_plugins_get_values_and_parameters(tmp_path, monkeypatch):
    (tmp_path / "room_terms.py").write_text(
        "import numpy as np\n"
        "def scaled(values, *, gain=1.0): return gain * values['x']\n"
        "def wrong(values): return np.zeros(7)\n"
        "def broken(values): return 1 / 0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    scaled = RewardTerm("a", function="room_terms:scaled", parameters={"gain": 3.0})
    assert function(scaled).evaluate(values([1.0, 2.0, 3.0]), ALL).total[0, 2] == 9.0
    for name, words in (("wrong", "shape"), ("broken", "ZeroDivisionError")):
        with pytest.raises(LeptonError, match=words):
            function(RewardTerm("a", function=f"room_terms:{name}")).evaluate(
                values([1.0] * 3), ALL
            )
    mistyped = RewardTerm("a", function="room_terms:scaled", parameters={"gian": 3.0})
    with pytest.raises(LeptonError, match="unexpected keyword"):
        function(mistyped).evaluate(values([1.0] * 3), ALL)
    with pytest.raises(LeptonError, match="has no 'absent'"):
        function(RewardTerm("a", function="room_terms:absent"))
    with pytest.raises(LeptonError, match="module 'no_such_module'"):
        function(RewardTerm("a", function="no_such_module:f"))
