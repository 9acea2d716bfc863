"""What can be chosen: shipped, from plug-ins, the user's own; and what is refused."""

import asyncio
import dataclasses

import pytest

from lepton_desktop.engine.rewards.library import Library
from lepton_desktop.engine.rewards.service import methods
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths
from lepton_desktop.specs import RewardSpec, RewardTerm, RunSpec
from lepton_desktop.wire.convert import dump

MANIFEST = """
id = "mine"
version = "1.0.0"
api = 1

[[contributes.environments]]
id = "Mine-v0"
entry = "mine:Mine"
observation = [{name = "height"}]

[[contributes.reward_terms]]
name = "calm"
entry = "mine:calm"
"""


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def library(store, tmp_path):
    return Library(store, Paths(tmp_path).plugins)


@pytest.fixture
def plugin(tmp_path):
    folder = tmp_path / "plugins" / "mine"
    (folder / "rewards").mkdir(parents=True)
    (folder / "plugin.toml").write_text(MANIFEST)
    (folder / "rewards" / "high.toml").write_text(
        'name = "high"\nenvironment = "Mine-v0"\nterms = [{name = "up", formula = "height"}]\n'
    )
    return folder


def reward(name="own", environment="CartPole-v1", **term):
    return RewardSpec(name, environment, [RewardTerm("up", **{"formula": "1", **term})])


def ask(library, method, **params):
    notes = []
    table = methods(library, lambda *line: notes.append(line))
    return asyncio.run(table[method](params)), notes


def test_every_shipped_reward_is_sound_and_one_of_cartpole_has_three_terms(library):
    rows = [row for row in library.rewards() if row.source == "shipped"]
    assert max(len(row.spec["terms"]) for row in rows if row.environment == "CartPole-v1") >= 3
    for row in rows:
        spec = RewardSpec(
            row.name, row.environment, [RewardTerm(**term) for term in row.spec["terms"]]
        )
        assert [str(problem) for problem in library.check(spec)] == []


def test_environments_come_from_files_and_plugins(library, plugin):
    known = {spec.id: spec for spec in library.environments()}
    assert known["CartPole-v1"].source == "gymnasium"
    assert known["Mine-v0"].source == "mine"
    assert [variable.name for variable in known["Mine-v0"].observation] == ["height"]


def test_unknown_names_get_near_ones_as_a_hint(library):
    with pytest.raises(LeptonError) as caught:
        library.environment("CartPole-v2")
    assert "CartPole-v1" in caught.value.hint
    with pytest.raises(LeptonError) as caught:
        library.reward("cartpole-uprigt")
    assert "cartpole-upright" in caught.value.hint


def test_reward_of_a_plugin_is_listed_and_the_users_own_hides_it(library, plugin):
    assert library.reward("high").source == "plugin"
    library.save(reward("high", "Mine-v0"))
    assert library.reward("high").source == "user"


def test_saved_reward_survives_and_is_versioned_by_content(library, store, tmp_path):
    first = library.save(reward())
    again = Library(store, tmp_path / "plugins").reward("own")
    assert again == first
    assert library.save(reward(weight=2.0)).version != first.version


def test_check_points_at_the_place(library):
    (problem,) = library.check(reward(formula="2 * pole_angel"))
    assert (problem.where, problem.column) == ("terms.up.formula", 5)
    assert "pole_angle" in problem.hint
    (problem,) = library.check(reward(environment="Nowhere-v0"))
    assert problem.where == "environment"


def test_function_that_no_plugin_offers_is_a_problem(library, plugin):
    (problem,) = library.check(reward(formula="", function="mine:calmer"))
    assert "mine:calm" in problem.hint
    assert library.check(reward(formula="", function="mine:calm")) == []


def test_plugins_that_a_run_needs_are_those_it_uses(library, plugin):
    cartpole, mine = library.environment("CartPole-v1"), library.environment("Mine-v0")
    assert library.needed_plugins(cartpole, reward()) == {}
    assert library.needed_plugins(mine, None) == {"mine": str(plugin)}
    term = reward(formula="", function="mine:calm")
    assert library.needed_plugins(cartpole, term) == {"mine": str(plugin)}


def test_run_with_a_reward_of_another_environment_is_refused(library):
    spec = RunSpec("r", reward=reward(environment="Acrobot-v1"))
    with pytest.raises(LeptonError, match="written for Acrobot-v1"):
        library.require(spec, library.environment("CartPole-v1"))
    library.require(dataclasses.replace(spec, reward=None), library.environment("CartPole-v1"))


def test_broken_plugin_is_listed_with_its_problem_and_hides_nothing(library, plugin):
    (plugin / "plugin.toml").write_text("id = ")
    listed = {one.id: one for one in library.plugins()}
    assert listed["mine"].problem
    assert "CartPole-v1" in [spec.id for spec in library.environments()]


@pytest.mark.expects_log("is left out")
def test_broken_reward_file_is_logged_and_left_out(library, plugin):
    (plugin / "rewards" / "bad.toml").write_text("name = 5")
    assert "high" in [row.name for row in library.rewards()]


@pytest.mark.expects_log("is left out")
def test_broken_document_of_the_user_does_not_hide_the_rest(library, store):
    store.save("reward", "odd", {"name": "odd", "novel_field": 1})
    assert "cartpole-upright" in [row.name for row in library.rewards()]


def test_methods_answer_as_the_contract_says(library, plugin):
    assert ask(library, "environments.list")[0]["environments"]
    assert ask(library, "plugins.list")[0]["plugins"]
    assert ask(library, "rewards.list")[0]["rewards"]
    assert ask(library, "rewards.show", name="high")[0].name == "high"
    assert ask(library, "rewards.check", spec=dump(reward(formula="1 +")))[0]["problems"]
    row, notes = ask(library, "rewards.save", spec=dump(reward()))
    assert (row.source, notes[0][:2]) == ("user", ("reward saved", "own"))
    with pytest.raises(LeptonError, match="no terms"):
        ask(library, "rewards.save", spec={"name": "x", "environment": "CartPole-v1"})
