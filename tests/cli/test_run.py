"""leptonctl run against an engine that answers from a table."""

import pytest

from lepton_desktop.cli.toml_text import to_toml
from lepton_desktop.specs import RunSpec
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import LogText, Plan, PlanStep, Series
from lepton_desktop.wire.node import State
from tests.cli.rows import REWARD, REWARD_ROW, run_row

PLAN = Plan(
    2,
    "gloo",
    "10.0.0.1",
    0,
    [
        PlanStep(
            f"n{rank}",
            rank,
            1,
            ["cpu"],
            ["python", "-m", "torch.distributed.run", "a b"],
            {"GLOO_SOCKET_IFNAME": "eth0"},
            ["train.json"],
        )
        for rank in range(2)
    ],
    ["The clocks differ."],
)


def started(engine):
    return next(params["spec"] for name, params in engine.calls if name == "runs.start")


@pytest.fixture
def ready(engine):
    engine.answers["runs.start"] = lambda _: dump(run_row(State.PENDING, 0))
    engine.answers["rewards.show"] = lambda _: dump(REWARD_ROW)
    return engine


def test_options_become_a_spec(ctl, ready):
    done = ctl(
        *("run", "start", "--env", "CartPole-v1", "--reward", "upright", "--nodes", "a,b"),
        *("--workers", "2", "--steps", "5000", "--seed", "7"),
        *("--set", "learning_rate=3e-4", "--set", "hidden_sizes=[32, 32]", "--json"),
    )
    assert done.code == 0, done.err
    assert done.json["run_id"] == "r-1f3a"
    expected = RunSpec(
        "cartpole-v1-ppo",
        options={"learning_rate": 3e-4, "hidden_sizes": [32, 32]},
        reward=REWARD,
        nodes=["a", "b"],
        processes_per_node=2,
        total_steps=5000,
        seed=7,
    )
    assert started(ready) == dump(expected)


def test_a_file_is_the_base_and_options_win(ctl, ready, tmp_path):
    file = tmp_path / "spec.toml"
    text = {"name": "mine", "total_steps": 1000, "seed": 3, "reward": "upright"}
    file.write_text(to_toml(text) + "[options]\ngamma = 0.9\nepochs = 2\n")
    assert ctl("run", "start", str(file), "--seed", "9", "--set", "epochs=4").code == 0
    spec = started(ready)
    assert (spec["name"], spec["total_steps"], spec["seed"]) == ("mine", 1000, 9)
    assert spec["options"] == {"gamma": 0.9, "epochs": 4}
    assert spec["reward"]["name"] == "upright"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("learning_rat=1", "Did you mean learning_rate?"),
        ("gamma=2", "0 to 1"),
        ("gamma=high", "expected float"),
        ("gamma", "no '='"),
    ],
)
def test_a_wrong_setting_is_refused_before_the_start(ctl, ready, setting, said):
    done = ctl("run", "start", "--set", setting)
    assert done.code == 1
    assert said in done.err
    assert "runs.start" not in [name for name, _ in ready.calls]


def test_a_dry_run_prints_the_exact_commands_and_starts_nothing(ctl, ready):
    ready.answers["runs.plan"] = lambda _: dump(PLAN)
    done = ctl("run", "start", "--dry-run")
    assert done.code == 0
    assert done.out.count("$ python -m torch.distributed.run 'a b'") == 2
    assert "GLOO_SOCKET_IFNAME=eth0" in done.out
    assert "warning: The clocks differ." in done.out
    assert "runs.start" not in [name for name, _ in ready.calls]
    assert ctl("run", "start", "--dry-run", "--json").json["world_size"] == 2


@pytest.mark.parametrize(("end", "code"), [(State.SUCCEEDED, 0), (State.FAILED, 1)])
def test_follow_shows_progress_and_ends_with_the_state(ctl, ready, end, code):
    result = {"eval/return_mean": 499.5, "eval/return_std": 1.5, "eval/episodes": 100.0}
    rows = iter(
        [run_row(), run_row(step=75_000), run_row(end, 100_000, result=result, reason="why")]
    )
    ready.answers["runs.show"] = lambda _: dump(run_row(State.STARTING, 0))
    ready.answers["changes.next"] = lambda _: {"revision": 2, "runs": [dump(next(rows))]}
    done = ctl("run", "start", "--follow")
    assert done.code == code
    assert "RUNNING" in done.err
    assert "25,000 of 100,000 steps" in done.err
    assert "upright 100.5" in done.err
    assert "return 499.5 ± 1.5 over 100 episodes" in done.out


def test_following_survives_a_restart_of_the_engine(ctl, ready):
    rows = iter([None, run_row(State.SUCCEEDED, 100_000)])

    def changes(_):
        row = next(rows)
        if row is None:
            ready.drop_clients()
            raise ConnectionError
        return {"revision": 2, "reset": True, "runs": [dump(row)]}

    ready.answers["runs.show"] = lambda _: dump(run_row())
    ready.answers["changes.next"] = changes
    assert ctl("run", "show", "r-1f3a", "--follow").code == 0


def test_list_and_show(ctl, engine):
    engine.answers["runs.list"] = lambda _: {"runs": [dump(run_row())]}
    engine.answers["runs.show"] = lambda _: dump(run_row())
    line = ctl("run", "list").out.splitlines()[1]
    assert line.split()[:5] == ["3", "r-1f3a", "cart", "RUNNING", "25%"]
    out = ctl("run", "show", "r-1").out
    assert "upright" in out
    assert "j-1" in out


def test_stop_waits_until_everything_is_gone(ctl, engine):
    engine.answers["runs.stop"] = lambda _: dump(run_row(State.STOPPING))
    engine.answers["runs.show"] = lambda _: dump(run_row(State.STOPPING))
    gone = run_row(State.CANCELLED, reason="Stopped; every process is gone.")
    engine.answers["changes.next"] = lambda _: {"revision": 3, "runs": [dump(gone)]}
    done = ctl("run", "stop", "r-1f3a")
    assert done.code == 0
    assert "every process is gone" in done.out
    assert ctl("run", "stop", "r-1f3a", "--no-wait").out.count("STOPPING") == 1


def test_logs_are_the_tail_of_each_node_without_control_characters(ctl, engine):
    text = "\n".join(f"line {n}" for n in range(100)) + "\n\x1b[31mred\n"
    logs = [LogText(f"j-{node}", node, text, 0) for node in ("a", "b")]
    engine.answers["runs.logs"] = lambda _: {"logs": [dump(log) for log in logs]}
    out = ctl("run", "logs", "r", "--lines", "2").out
    assert out.count("line 99") == 2
    assert "line 98" not in out
    assert "\x1b" not in out
    assert "==> a" not in ctl("run", "logs", "r", "--node", "b").out
    assert ctl("run", "logs", "r", "--node", "c").code == 1


def test_metrics_as_summary_csv_and_json(ctl, engine):
    series = Series("rollout/return_mean", [100.0, 200.0], [20.0, None], [1.5, 2.5], 2)
    engine.answers["runs.metrics"] = lambda _: {"series": [dump(series)]}
    line = ctl("run", "metrics", "r").out.splitlines()[1]
    assert line.split() == ["rollout/return_mean", "20", "20", "20", "2"]
    csv = ctl("run", "metrics", "r", "--points").out.splitlines()
    assert csv == [
        "key,step,time,value",
        "rollout/return_mean,100,1.5,20.0",
        "rollout/return_mean,200,2.5,",
    ]
    assert ctl("run", "metrics", "r", "--json").json[0]["y"] == [20.0, None]


def test_events_and_remove(ctl, engine):
    event = {"t": 1.0, "kind": "checkpoint", "text": "Saved", "step": 5}
    engine.answers["runs.events"] = lambda _: {"events": [event]}
    engine.answers["runs.remove"] = lambda _: {}
    assert "checkpoint" in ctl("run", "events", "r").out
    assert ctl("run", "remove", "r").code == 0
