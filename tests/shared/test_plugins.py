"""Plug-in manifests: read without running code, a broken one never hides the others."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from lepton_desktop import plugins
from lepton_desktop.plugins import discover, read_plugin, read_specs, read_toml
from lepton_desktop.settings import plugins_folder, resources_folder
from lepton_desktop.specs import EnvironmentSpec, RewardSpec, check_reward

GOOD = """
id = "good"
version = "1.0"
api = 1
title = "Good"

[[contributes.reward_terms]]
name = "bonus"
entry = "good_module:bonus"
parameters = { size = 2.0 }

[[contributes.environments]]
id = "Room-v0"
entry = "good_module:Room"
"""


def make(folder: Path, name: str, manifest: str) -> Path:
    plugin = folder / name
    plugin.mkdir(parents=True)
    (plugin / "plugin.toml").write_text(manifest)
    return plugin


def test_a_manifest_is_read_without_importing_its_code(tmp_path):
    plugin = make(tmp_path, "good", GOOD)
    (plugin / "good_module.py").write_text("raise RuntimeError('imported')")
    (found,) = discover([tmp_path], installed=False)
    assert found.problem == ""
    assert found.folder == str(plugin)
    assert found.functions == ["good_module:bonus"]
    assert found.contributes.reward_terms[0].parameters == {"size": 2.0}
    assert [(spec.id, spec.source) for spec in found.environments] == [("Room-v0", "good")]
    assert "good_module" not in sys.modules


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("id = ", "not valid TOML"),
        ('id = "a"\napi = 1', "needs id, version and api"),
        ('version = "1"\napi = 1', "'id' is missing"),
        ('id = "a b"\nversion = "1"\napi = 1', "not a usable plug-in name"),
        ('id = "a"\nversion = "1"\napi = 9', "plug-in API 9"),
        ('id = "a"\nversion = 1\napi = 1', "expected str"),
        ('id = "a"\nversion = "1"\napi = 1\nauthor = "x"', "no field 'author'"),
        ('id = "a"\nversion = "1"\napi = 1\ncontributes = 3', "must be a table"),
        ('id = "a"\nversion = "1"\napi = 1\n[[contributes.robots]]\nx = 1', "no field 'robots'"),
        (
            'id = "a"\nversion = "1"\napi = 1\n[[contributes.reward_terms]]\nname = "x"',
            "reward_terms[0].entry' is missing",
        ),
        (
            'id = "a"\nversion = "1"\napi = 1\n'
            '[[contributes.reward_terms]]\nname = "x"\nentry = "os.system"',
            "not an entry",
        ),
        (
            'id = "a"\nversion = "1"\napi = 1\n'
            '[[contributes.reward_terms]]\nname = "x"\nentry = "a:b"\nkind = "prize"',
            "kind is 'prize'",
        ),
    ],
)
def test_a_broken_plugin_is_listed_with_its_problem(tmp_path, manifest, words):
    make(tmp_path, "broken", manifest)
    make(tmp_path, "good", GOOD)
    broken, good = discover([tmp_path], installed=False)
    assert words in broken.problem.replace(
        "Contributions: the field 'reward", "'contributes.reward"
    )
    assert broken.environments == []
    assert broken.functions == []
    assert good.problem == ""


def test_of_two_with_one_id_the_first_counts(tmp_path):
    make(tmp_path / "one", "good", GOOD)
    make(tmp_path / "two", "good", GOOD)
    first, second = discover([tmp_path / "one", tmp_path / "two"], installed=False)
    assert first.problem == ""
    assert "Another plug-in has the id 'good'" in second.problem
    assert second.environments == []


def test_a_missing_folder_and_a_folder_without_manifest_are_no_plugins(tmp_path):
    (tmp_path / "empty").mkdir()
    assert discover([tmp_path, tmp_path / "absent"], installed=False) == []


def test_an_installed_package_is_found_without_importing_it(tmp_path, monkeypatch):
    make(tmp_path, "offered_package", GOOD)
    (tmp_path / "offered_package" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        metadata.EntryPoint("good", "offered_package", plugins.ENTRY_POINT_GROUP),
        metadata.EntryPoint("gone", "absent_package", plugins.ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr(plugins, "_entry_points", lambda: points)
    gone, good = discover([])
    assert "cannot be found" in gone.problem
    assert (good.id, good.problem) == ("good", "")


def test_an_unreadable_manifest_is_a_problem(tmp_path):
    assert "cannot be read" in read_plugin(tmp_path).problem


def test_specs_in_a_folder_are_read_and_broken_ones_named(tmp_path):
    (tmp_path / "good.toml").write_text('name = "a"\nenvironment = "B"')
    (tmp_path / "bad.toml").write_text('name = "a"')
    specs, problems = read_specs(tmp_path, RewardSpec)
    assert specs == {"good.toml": RewardSpec("a", "B")}
    assert "'environment' is missing" in problems["bad.toml"]


def test_shipped_plugins_annotations_and_rewards_are_sound():
    shipped = discover([plugins_folder()], installed=False)
    assert {plugin.id: plugin.problem for plugin in shipped} == {
        "double_integrator": "",
        "reward_library": "",
    }
    annotated, problems = read_specs(resources_folder() / "environments", EnvironmentSpec)
    assert problems == {}
    known = {spec.id: spec for spec in annotated.values()}
    known |= {spec.id: spec for plugin in shipped for spec in plugin.environments}
    functions = {name for plugin in shipped for name in plugin.functions}
    folders = [resources_folder(), *(Path(plugin.folder) for plugin in shipped)]
    names = []
    for folder in folders:
        rewards, problems = read_specs(folder / "rewards", RewardSpec)
        assert problems == {}
        for reward in rewards.values():
            assert check_reward(reward, known[reward.environment]) == []
            assert {term.function for term in reward.terms if term.function} <= functions
            assert reward.description
            names.append(reward.name)
    assert sorted(names) == [
        "cartpole-upright",
        "integrator-to-rest",
        "mountain-car-energy",
        "pendulum-swing-up",
    ]


def test_toml_errors_name_the_file(tmp_path):
    (tmp_path / "x.toml").write_text("=")
    with pytest.raises(plugins.LeptonError, match=r"x\.toml is not valid TOML"):
        read_toml(tmp_path / "x.toml")
