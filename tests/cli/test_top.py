"""leptonctl top, env, plugin."""

from lepton_desktop.cli.top import Picture
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import Changes
from lepton_desktop.wire.node import State
from tests.cli.rows import LOST, UP, run_row


def test_once_prints_nodes_and_active_runs(ctl, engine):
    answer = {"revision": 4, "reset": True, "nodes": [dump(UP)], "runs": [dump(run_row())]}
    engine.answers["changes.next"] = lambda _: answer
    done = ctl("top", "--once")
    assert done.code == 0
    assert "42 %" in done.out
    assert "25,000 of 100,000 steps" in done.out
    value = ctl("top", "--json").json
    assert value["nodes"][0]["sample"]["host"]["cpu_percent"] == 42.0
    assert value["runs"][0]["state"] == "RUNNING"


def test_the_picture_follows_changes_and_removals():
    picture = Picture()
    picture.apply(Changes(1, True, nodes=[UP, LOST], runs=[run_row()]))
    assert [row.name for row in picture.nodes] == ["atlas", "vega"]
    picture.apply(Changes(2, removed={"nodes": ["vega"]}, runs=[run_row(State.SUCCEEDED)]))
    assert [row.name for row in picture.nodes] == ["atlas"]
    assert picture.active == []
    picture.apply(Changes(3, True, nodes=[LOST]))
    assert [row.name for row in picture.nodes] == ["vega"]


def test_environments_and_plugins(ctl, engine):
    known = {
        "id": "CartPole-v1",
        "title": "Cart and pole",
        "observation": [{"name": "pole_angle", "meaning": "Angle", "unit": "rad", "low": -0.4}],
        "reward_threshold": 475.0,
    }
    plugin = {"id": "maze", "version": "1", "problem": "No module named maze", "folder": "/p"}
    engine.answers["environments.list"] = lambda _: {"environments": [known]}
    engine.answers["plugins.list"] = lambda _: {"plugins": [plugin]}
    assert "475" in ctl("env", "list").out
    assert "pole_angle" in ctl("env", "show", "CartPole-v1").out
    assert ctl("env", "show", "Absent-v0").code == 1
    assert "No module named maze" in ctl("plugin", "list").out
