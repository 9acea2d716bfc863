"""Real trainings on this computer, and what they survive: engine, agent and ranks that die."""

import contextlib
import json
import signal
import sysconfig
import venv

import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import RewardSpec, RewardTerm, RunSpec
from lepton_desktop.wire.node import State
from tests.engine.engine_process import (
    THIS_COMPUTER,
    EngineProcess,
    agents_of,
    processes_of,
    ranks_of,
    wait_for,
)

pytestmark = pytest.mark.slow

SMALL = {"environments": 4, "rollout_steps": 64, "minibatch_size": 128, "epochs": 2}
ENDLESS = 50_000_000


@pytest.fixture
def engine(tmp_path):
    with EngineProcess(tmp_path / "desk") as running:
        running.node_is_up()
        yield running


def reward(formula="1"):
    terms = [RewardTerm("alive", formula), RewardTerm("early", "-step", 0.0001, kind="penalty")]
    return RewardSpec("demo", "CartPole-v1", terms)


def begin(engine, steps=ENDLESS, formula="1", **more):
    values = {"evaluation_episodes": 0, "options": SMALL, "checkpoint_every_steps": 2000, **more}
    spec = RunSpec("demo", total_steps=steps, reward=reward(formula), **values)
    return engine.client.start_run(spec).run_id


def has_points(engine, run_id, count):
    return wait_for(lambda: engine.client.run(run_id).metric_count >= count, 90)


def rows_of_node(engine, job_id):
    """Every (key, step, value, time) that the node's metrics.jsonl holds."""
    rows = []
    for line in engine.job_file(job_id, "metrics.jsonl").read_text().splitlines():
        body = json.loads(line)
        rows += [(key, body["step"], value, body["t"]) for key, value in body["m"].items()]
    return sorted(rows, key=repr)


def rows_of_store(engine, run_id):
    rows = []
    for one in engine.client.metrics(run_id, width=0):
        points = zip(one.x, one.y, one.time, strict=True)
        rows += [(one.key, int(x), y, time) for x, y, time in points]
    return sorted(rows, key=repr)


def assert_stored_is_what_the_node_has(engine, run_id):
    job_id = f"{run_id}-1-0"
    stored, written = rows_of_store(engine, run_id), rows_of_node(engine, job_id)
    assert len(written) > 0
    assert stored == written


def python_that_dies_in_jobs(folder):
    """A virtual environment that can train as far as anybody can tell beforehand."""
    venv.create(folder, symlinks=True, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    (packages / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'LEPTON_JOB_ID' in os.environ:\n"
        "    sys.stderr.write('the wheel fell off\\n')\n"
        "    os._exit(7)\n"
    )
    return folder / "bin" / "python"


def looks_again(engine):
    with contextlib.suppress(LeptonError):  # the link is made anew just now
        engine.client.node_environments(THIS_COMPUTER, refresh=True)
    return engine.node_is_up()


def stop(engine, run_id):
    engine.client.stop_run(run_id)
    return engine.over(run_id)


def test_training_goes_through_evaluation_and_leaves_no_process(engine):
    run_id = begin(engine, 6000, evaluation_episodes=4)
    row = engine.over(run_id)
    assert (row.state, row.reason) == (State.SUCCEEDED, "")
    assert row.step >= 6000
    assert row.result["eval/episodes"] == 4
    assert {"rollout/return_mean", "objective/return_mean", "reward/alive"} <= set(row.metrics)
    copied = engine.paths.runs / run_id / "checkpoints"
    assert row.checkpoint == str(copied / f"step_{row.step}.pt")
    assert processes_of(run_id) == []
    kinds = [event["kind"] for event in engine.client.events(run_id)]
    assert {"started", "checkpoint", "finished"} <= set(kinds)


def test_plugins_travel_with_the_jobs_that_need_them(engine):
    terms = [RewardTerm("calm", function="reward_library:action_rate", weight=-0.1)]
    spec = RunSpec(
        "plugged",
        environment="DoubleIntegrator-v0",
        reward=RewardSpec("calm", "DoubleIntegrator-v0", terms),
        options=SMALL,
        total_steps=2000,
        evaluation_episodes=3,
    )
    plan = engine.client.plan(spec)
    assert {"double_integrator", "reward_library"} <= {
        file.rsplit("/", 1)[-1] for file in plan.steps[0].files
    }
    row = engine.over(engine.client.start_run(spec).run_id)
    assert (row.state, row.reason) == (State.SUCCEEDED, "")
    assert "reward/calm" in row.metrics
    assert "eval/reward/calm" in row.result
    assert (engine.paths.runs / row.run_id / "evaluation.json").exists()


def test_two_ranks_under_torchrun(engine):
    run_id = begin(engine, 4000, processes_per_node=2)
    row = engine.over(run_id)
    assert (row.state, row.reason) == (State.SUCCEEDED, "")
    assert (row.world_size, row.jobs[0].ranks) == (2, 2)
    assert_stored_is_what_the_node_has(engine, run_id)
    assert processes_of(run_id) == []


def test_engine_killed_by_9_in_mid_run_loses_and_doubles_nothing(engine):
    run_id = begin(engine)
    for _ in range(2):
        has_points(engine, run_id, engine.client.run(run_id).metric_count + 40)
        engine.kill()
        size = engine.job_file(f"{run_id}-1-0", "metrics.jsonl").stat().st_size
        wait_for(
            lambda seen=size: (
                engine.job_file(f"{run_id}-1-0", "metrics.jsonl").stat().st_size > seen + 2000
            )
        )
        engine.start()
        wait_for(lambda: engine.client.run(run_id).state is State.RUNNING, 40)
    row = stop(engine, run_id)
    assert row.state is State.CANCELLED
    assert_stored_is_what_the_node_has(engine, run_id)
    assert processes_of(run_id) == []


def test_killed_agent_loses_and_doubles_nothing(engine):
    run_id = begin(engine)
    has_points(engine, run_id, 40)
    (agent,) = agents_of(engine.paths.home)
    agent.send_signal(signal.SIGKILL)
    wait_for(lambda: engine.client.run(run_id).state is State.UNKNOWN)
    row = wait_for(
        lambda: (found := engine.client.run(run_id)).state is State.RUNNING and found, 40
    )
    has_points(engine, run_id, row.metric_count + 40)
    stop(engine, run_id)
    assert_stored_is_what_the_node_has(engine, run_id)


def test_stop_ends_a_rank_that_does_not_listen_within_10_s(engine):
    run_id = begin(engine, processes_per_node=2)
    has_points(engine, run_id, 1)
    # A stopped process handles SIGTERM as little as a wedged one.
    ranks_of(run_id)[0].send_signal(signal.SIGSTOP)
    engine.client.stop_run(run_id)
    assert engine.client.run(run_id).state in (State.STOPPING, State.CANCELLED)
    row = engine.over(run_id, 10)
    assert (row.state, row.reason) == (State.CANCELLED, "Stopped.")
    assert processes_of(run_id) == []


def test_rank_that_is_killed_fails_the_run_with_its_signal(engine):
    run_id = begin(engine)
    has_points(engine, run_id, 1)
    ranks_of(run_id)[0].send_signal(signal.SIGKILL)
    row = engine.over(run_id)
    assert row.state is State.FAILED
    assert "9" in row.reason or "SIGKILL" in row.reason
    assert_stored_is_what_the_node_has(engine, run_id)


def test_job_that_dies_at_once_says_why(engine, tmp_path):
    python = python_that_dies_in_jobs(tmp_path / "venv")
    engine.client.edit_node(THIS_COMPUTER, {"python": str(python)})
    wait_for(lambda: looks_again(engine).python == str(python), 60)
    row = engine.over(begin(engine))
    assert row.state is State.FAILED
    assert "the wheel fell off" in row.reason
    assert "7" in row.reason
    assert row.hint


def test_nan_reward_ends_the_run_with_the_term_and_a_hint(engine):
    run_id = begin(engine, formula="log(pole_angle - 10)")
    row = engine.over(run_id)
    assert row.state is State.FAILED
    assert "alive" in row.reason
    assert row.hint
    assert processes_of(run_id) == []


def test_client_that_leaves_changes_nothing_for_the_run(engine):
    run_id = begin(engine, 3000)
    engine.client.close()
    engine.client = type(engine.client).connect(engine.paths.home, start=False, role="test")
    assert engine.over(run_id).state is State.SUCCEEDED
