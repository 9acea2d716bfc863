"""Specs: options declared once, limits kept, names safe, rewards checked."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop import specs
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import (
    EnvironmentSpec,
    NodeSpec,
    PpoOptions,
    RewardSpec,
    RewardTerm,
    RunSpec,
    TrainSpec,
    VariableSpec,
    check_name,
    check_reward,
    load,
    options_of,
)
from lepton_desktop.wire.convert import dump

CART = EnvironmentSpec("Cart-v0", observation=[VariableSpec("x")], action=[VariableSpec("action")])


@pytest.mark.parametrize("kind", [NodeSpec, RewardTerm, RewardSpec, PpoOptions, RunSpec])
def test_every_option_has_help_and_sound_limits(kind):
    options = options_of(kind)
    assert [option.name for option in options] == [item.name for item in dataclasses.fields(kind)]
    for option in options:
        assert option.help
        if option.choices:
            assert option.default in option.choices


def test_defaults_are_within_their_limits():
    specs.check_limits(PpoOptions())
    specs.check_limits(RunSpec("run"))


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (PpoOptions, {"gama": 0.9}, "no field 'gama'"),
        (PpoOptions, {"gamma": 1.5}, "gamma is 1.5"),
        (PpoOptions, {"gamma": float("nan")}, "gamma is nan"),
        (PpoOptions, {"epochs": 0}, "epochs is 0"),
        (PpoOptions, {"epochs": "ten"}, "expected int"),
        (PpoOptions, [], "must be a table"),
        (RunSpec, {}, "'name' is missing"),
        (RunSpec, {"name": "a/b"}, "not a usable run name"),
        (RunSpec, {"name": "a", "algorithm": "sac"}, "algorithm is 'sac'"),
        (NodeSpec, {"name": "-rf"}, "not a usable node name"),
    ],
)
def test_what_is_wrong_is_said(kind, data, words):
    with pytest.raises(LeptonError, match=words) as caught:
        load(kind, data)
    assert caught.value.code == "spec"


def test_a_range_names_what_is_allowed():
    with pytest.raises(LeptonError) as caught:
        load(PpoOptions, {"epochs": 101})
    assert caught.value.hint == "Allowed: 1 to 100."


@given(st.text(max_size=80))
def test_a_name_that_passes_is_safe_in_paths_and_commands(name):
    try:
        check_name(name, "node")
    except LeptonError:
        return
    assert name.isascii()
    assert name[0].isalnum()
    assert not set(name) & set("/\\ \n\t'\"$&;|*?<>()")


terms = st.builds(
    RewardTerm,
    name=st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    formula=st.just("x + 1"),
    weight=st.floats(-10, 10),
    clip=st.none() | st.just([0.0, 1.0]),
    enabled=st.booleans(),
)


@given(st.lists(terms, max_size=4))
def test_specs_survive_the_way_through_json(listed):
    run = RunSpec("run", reward=RewardSpec("r", "Cart-v0", listed), options={"gamma": 0.9})
    assert load(RunSpec, json.loads(json.dumps(dump(run)))) == run
    train = TrainSpec("id", CART, "ppo", run.options, run.reward, 1000, 1)
    assert load(TrainSpec, json.loads(json.dumps(dump(train)))) == train


def test_a_reward_version_changes_with_what_decides_its_value_only():
    reward = RewardSpec("a", "Cart-v0", [RewardTerm("t", "x")])
    renamed = dataclasses.replace(reward, name="b", description="other words")
    heavier = RewardSpec("a", "Cart-v0", [RewardTerm("t", "x", weight=2.0)])
    assert reward.version == renamed.version
    assert reward.version != heavier.version
    assert len(reward.version) == 12


@pytest.mark.parametrize(
    ("term", "where", "words"),
    [
        (RewardTerm("t", "x +"), "terms.t.formula", "not an expression"),
        (RewardTerm("t", "y"), "terms.t.formula", "no variable"),
        (RewardTerm("t", ""), "terms.t.formula", "either a formula or a function"),
        (RewardTerm("t", "x", function="m:f"), "terms.t.formula", "either"),
        (RewardTerm("t", function="os.system"), "terms.t.function", "does not name"),
        (RewardTerm("a b", "x"), "terms.a b.name", "not a usable term name"),
        (RewardTerm("t", "x", clip=[1.0]), "terms.t.clip", "two numbers"),
        (RewardTerm("t", "x", clip=[1.0, 0.0]), "terms.t.clip", "lower bound first"),
        (RewardTerm("t", "x", weight=float("inf")), "terms.t.weight", "not a finite"),
        (RewardTerm("t", "x", parameters={"x": 1.0}), "terms.t.parameters", "has the name of"),
    ],
)
def test_a_wrong_term_is_told_with_its_place(term, where, words):
    (problem,) = check_reward(RewardSpec("r", "Cart-v0", [term]), CART)
    assert problem.where == where
    assert words in problem.message
    assert problem.hint


def test_a_reward_needs_terms_with_different_names():
    assert check_reward(RewardSpec("r", "Cart-v0"), CART)[0].where == "terms"
    twice = RewardSpec("r", "Cart-v0", [RewardTerm("t", "x"), RewardTerm("t", "x")])
    assert "Two terms" in check_reward(twice, CART)[0].message


def test_a_sound_reward_has_no_problems():
    reward = RewardSpec(
        "r",
        "Cart-v0",
        [
            RewardTerm("a", "gain * prev_x", parameters={"gain": 2.0}),
            RewardTerm("b", function="m:f"),
        ],
    )
    assert check_reward(reward, CART) == []
    assert check_reward(reward) == []
