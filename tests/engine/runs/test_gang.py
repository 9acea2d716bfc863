"""The life of a run, on nodes that fail on demand."""

import asyncio
import contextlib
import time

import pytest

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.rewards.library import Library
from lepton_desktop.engine.runs import follower, gang, stopping
from lepton_desktop.engine.runs.service import Runs, Surroundings
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths
from lepton_desktop.wire.node import State
from tests.engine.runs.fake_nodes import FakeNode, FakeNodes


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(gang, "SETTLE_SECONDS", 0.3)
    monkeypatch.setattr(gang, "NODE_AWAY_SECONDS", 0.02)
    monkeypatch.setattr(stopping, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(stopping, "RETRY_SECONDS", 0.02)


CARTPOLE = """
id = "CartPole-v1"
observation = [{name = "pole_angle"}, {name = "pole_velocity"}]
"""


@pytest.fixture(autouse=True)
def _resources(tmp_path, monkeypatch):
    folder = tmp_path / "resources" / "environments"
    folder.mkdir(parents=True)
    (folder / "cartpole.toml").write_text(CARTPOLE)
    place = "lepton_desktop.engine.rewards.library.resources_folder"
    monkeypatch.setattr(place, lambda: tmp_path / "resources")


class House:
    """An engine's runs over fake nodes; may be killed and started again."""

    def __init__(self, tmp_path, *nodes):
        self.paths = Paths(tmp_path)
        self.nodes = FakeNodes(*(nodes or (FakeNode("a"), FakeNode("b", address="10.0.0.2"))))
        self.notes = []
        self.start()

    def start(self):
        self.store = Store(self.paths.store_file)
        self.board = ChangeBoard()
        library = Library(self.store, self.paths.plugins)

        def note(*line):
            self.notes.append(line)

        given = Surroundings(self.nodes, self.store, self.board, library, self.paths, note)
        self.runs = Runs(given)
        self.nodes.listener = self.runs.listener
        self.runs.start()

    async def close(self):
        self.nodes.listener = None
        await self.runs.close()
        self.store.close()

    async def restart(self, up=("a", "b")):
        await self.close()
        for one in self.nodes.nodes.values():
            for job in one.jobs.values():
                job.followed = None
        self.start()
        for name in up:
            await self.runs.listener.link_up(name)

    async def ask(self, method, **params):
        return await self.runs.methods()[f"runs.{method}"](params)

    async def begin(self, **spec):
        values = {"name": "demo", "nodes": ["a", "b"], "evaluation_episodes": 5, **spec}
        return (await self.ask("start", spec=values)).run_id

    async def until(self, run_id, check, seconds=5.0):
        deadline = time.monotonic() + seconds
        while True:
            row = await self.ask("show", run_id=run_id)
            if check(row):
                return row
            assert time.monotonic() < deadline, row
            await asyncio.sleep(0.01)

    async def running(self, run_id):
        return await self.until(
            run_id, lambda row: row.state is State.RUNNING and self.nodes.are_followed(row.jobs)
        )

    async def over(self, run_id):
        return await self.until(run_id, lambda row: row.state.is_final)


def live(scenario, tmp_path, *nodes):
    async def whole():
        house = House(tmp_path, *nodes)
        async with contextlib.aclosing(_closing(house)) as houses:
            async for one in houses:
                await scenario(one)

    asyncio.run(whole())


async def _closing(house):
    try:
        yield house
    finally:
        await house.close()


async def train_to_the_end(house, run_id):
    one, two = f"{run_id}-1-0", f"{run_id}-1-1"
    await house.running(run_id)
    await house.nodes.metric("a", one, 64, rollout__return_mean=20.0)
    await house.nodes.metric("a", one, 128, rollout__return_mean=30.0)
    await house.nodes.checkpoint("a", one, 128)
    await house.nodes.becomes("b", two, State.SUCCEEDED, exit_code=0)
    await house.nodes.becomes("a", one, State.SUCCEEDED, exit_code=0)


async def evaluate_to_the_end(house, run_id, mean=480.0):
    await house.until(run_id, lambda row: row.phase == "evaluating")
    job = f"{run_id}-1-evaluate"
    deadline = time.monotonic() + 5
    while job not in house.nodes["a"].jobs:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    await house.nodes.metric("a", job, 128, eval__return_mean=mean, eval__episodes=5)
    house.nodes["a"].blobs[f"/home/a/jobs/{job}/artifacts/evaluation.json"] = b"{}"
    await house.nodes.becomes("a", job, State.SUCCEEDED, exit_code=0)


def test_run_goes_from_start_through_evaluation_to_success(tmp_path):
    async def scenario(house):
        run_id = await house.begin(total_steps=1000)
        await train_to_the_end(house, run_id)
        await evaluate_to_the_end(house, run_id)
        row = await house.over(run_id)
        assert row.state is State.SUCCEEDED
        assert row.reason == ""
        assert row.result == {"eval/return_mean": 480.0, "eval/episodes": 5.0}
        assert row.metrics["rollout/return_mean"] == 30.0
        assert (row.step, row.world_size, row.attempt) == (128, 2, 1)
        copied = tmp_path / "runs" / run_id / "checkpoints" / "step_128.pt"
        assert copied.read_bytes() == b"weights"
        assert row.checkpoint == str(copied)
        assert (tmp_path / "runs" / run_id / "evaluation.json").read_bytes() == b"{}"
        assert [job.kind for job in row.jobs] == ["train", "train", "evaluate"]

    live(scenario, tmp_path)


def test_rank_that_fails_takes_the_gang_down_and_its_words_are_the_reason(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        one = f"{run_id}-1-0"
        await house.nodes.event("a", one, "error", "The reward is NaN.", hint="Check the formula.")
        await house.nodes.becomes("a", one, State.FAILED, exit_code=2, reason="exit code 2")
        row = await house.over(run_id)
        assert row.state is State.FAILED
        assert row.reason == "Rank 0 on a: The reward is NaN."
        assert row.hint == "Check the formula."
        assert [job.state for job in row.jobs] == [State.FAILED, State.CANCELLED]
        assert "job.stop" in house.nodes["b"].calls

    live(scenario, tmp_path)


def test_failed_evaluation_fails_the_run_and_keeps_the_checkpoint(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await train_to_the_end(house, run_id)
        job = f"{run_id}-1-evaluate"
        await house.until(run_id, lambda row: len(row.jobs) == 3 and row.jobs[2].pid is not None)
        await house.nodes.write("a", job, "output.log", "ValueError: no such policy\n")
        await house.nodes.becomes("a", job, State.FAILED, exit_code=1, reason="exit code 1")
        row = await house.over(run_id)
        assert row.state is State.FAILED
        assert row.reason == "The evaluation on a: exit code 1: ValueError: no such policy"
        assert row.checkpoint.endswith("step_128.pt")

    live(scenario, tmp_path)


def test_training_without_a_checkpoint_is_not_called_a_success(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        for name, number in (("a", 0), ("b", 1)):
            await house.nodes.becomes(name, f"{run_id}-1-{number}", State.SUCCEEDED)
        row = await house.over(run_id)
        assert row.state is State.FAILED
        assert "no usable checkpoint" in row.reason

    live(scenario, tmp_path)


def test_stop_shows_at_once_and_ends_verified_on_every_node(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        assert (await house.ask("stop", run_id=run_id)).state is State.STOPPING
        row = await house.over(run_id)
        assert (row.state, row.reason) == (State.CANCELLED, "Stopped.")
        assert {job.state for job in row.jobs} == {State.CANCELLED}
        assert (await house.ask("stop", run_id=run_id)).state is State.CANCELLED

    live(scenario, tmp_path)


def test_survivors_of_a_stop_are_named_by_pid_and_node(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        house.nodes["b"].survivors = [4711]
        await house.ask("stop", run_id=run_id)
        row = await house.over(run_id)
        assert row.state is State.CANCELLED
        assert "b: Still alive after SIGKILL: pid 4711" in row.reason
        assert row.hint

    live(scenario, tmp_path)


def test_stop_while_the_jobs_are_being_started(tmp_path):
    async def scenario(house):
        house.nodes["b"].start_gate = asyncio.Event()
        run_id = await house.begin()
        await house.until(run_id, lambda row: "a" in {job.node for job in row.jobs if job.pid})
        await house.ask("stop", run_id=run_id)
        row = await house.over(run_id)
        assert row.state is State.CANCELLED
        assert house.nodes["b"].calls.count("job.stop") == 1

    live(scenario, tmp_path)


def test_node_that_refuses_its_job_stops_the_others(tmp_path):
    async def scenario(house):
        house.nodes["b"].refusal = LeptonError("The disk is full.", "Free space.", "disk_full")
        run_id = await house.begin()
        row = await house.over(run_id)
        assert row.state is State.FAILED
        assert row.reason == "The disk is full."
        assert row.hint == "Free space."
        assert {job.state for job in row.jobs} == {State.CANCELLED}

    live(scenario, tmp_path)


def test_cut_link_makes_the_run_unknown_and_its_return_brings_every_line_once(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        one = f"{run_id}-1-0"
        await house.running(run_id)
        await house.nodes.metric("a", one, 64, a=1.0)
        await house.nodes.cut("a")
        row = await house.until(run_id, lambda row: row.state is State.UNKNOWN)
        assert "The link to a was lost: no route." in row.reason
        await house.nodes.metric("a", one, 128, a=2.0)
        await house.nodes.mend("a")
        await house.running(run_id)
        row = await house.until(run_id, lambda row: row.metrics.get("a") == 2.0)
        (found,) = (await house.ask("metrics", run_id=run_id, keys=["a"], width=0))["series"]
        assert (found.x, found.y) == ([64.0, 128.0], [1.0, 2.0])
        assert row.metric_count == 2

    live(scenario, tmp_path)


def test_run_on_a_node_that_is_gone_for_good_can_be_stopped(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        await house.nodes.cut("b")
        await house.ask("stop", run_id=run_id)
        row = await house.over(run_id)
        assert row.state is State.CANCELLED
        assert "Not verified on b" in row.reason
        assert row.hint
        # When it comes back after all, what is left there is ended.
        await house.nodes.mend("b")
        await house.until(
            run_id, lambda row: "verified when the node was back" in row.jobs[1].reason
        )
        assert house.nodes["b"].jobs[f"{run_id}-1-1"].status.state is State.CANCELLED

    live(scenario, tmp_path)


def test_restarted_engine_takes_up_a_run_where_the_store_left_off(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        one, two = f"{run_id}-1-0", f"{run_id}-1-1"
        await house.running(run_id)
        await house.nodes.metric("a", one, 64, a=1.0)
        await house.restart(up=())
        row = await house.until(run_id, lambda row: row.state is State.UNKNOWN)
        assert "started again" in row.reason
        await house.nodes.metric("a", one, 128, a=2.0)
        await house.nodes.checkpoint("a", one, 128)
        await house.nodes.becomes("a", one, State.SUCCEEDED)
        await house.nodes.becomes("b", two, State.SUCCEEDED)
        for name in ("a", "b"):
            await house.nodes.mend(name)
        await evaluate_to_the_end(house, run_id)
        row = await house.over(run_id)
        assert row.state is State.SUCCEEDED
        (found,) = (await house.ask("metrics", run_id=run_id, keys=["a"], width=0))["series"]
        assert found.y == [1.0, 2.0]

    live(scenario, tmp_path)


def test_engine_killed_while_it_started_jobs_starts_the_missing_one(tmp_path):
    async def scenario(house):
        house.nodes["b"].start_gate = asyncio.Event()
        run_id = await house.begin()
        await house.until(run_id, lambda row: "a" in {job.node for job in row.jobs if job.pid})
        house.nodes["b"].start_gate = None
        await house.restart()
        await house.running(run_id)
        assert set(house.nodes["a"].jobs) == {f"{run_id}-1-0"}
        assert set(house.nodes["b"].jobs) == {f"{run_id}-1-1"}

    live(scenario, tmp_path)


def test_engine_killed_during_a_stop_finishes_it(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        for name in ("a", "b"):
            await house.nodes.cut(name)
        await house.ask("stop", run_id=run_id)
        for name in ("a", "b"):
            house.nodes[name].up = True
        await house.restart()
        row = await house.over(run_id)
        assert (row.state, row.reason) == (State.CANCELLED, "Stopped.")

    live(scenario, tmp_path)


def test_job_that_the_node_lost_fails_the_run(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        await house.nodes.cut("a")
        house.nodes["a"].jobs.clear()
        await house.nodes.mend("a")
        row = await house.over(run_id)
        assert row.state is State.FAILED
        assert "a knows nothing of this job" in row.reason

    live(scenario, tmp_path)


@pytest.mark.expects_log("was not copied")
def test_damaged_copy_of_a_checkpoint_is_thrown_away(tmp_path):
    async def scenario(house):
        run_id = await house.begin(evaluation_episodes=0)
        one = f"{run_id}-1-0"
        await house.running(run_id)
        await house.nodes.checkpoint("a", one, 64, digest="0" * 64)
        await house.nodes.becomes("b", f"{run_id}-1-1", State.SUCCEEDED)
        await house.nodes.becomes("a", one, State.SUCCEEDED)
        row = await house.over(run_id)
        assert row.state is State.SUCCEEDED
        assert "damaged" in row.reason
        assert row.checkpoint == ""
        assert list((tmp_path / "runs" / run_id / "checkpoints").iterdir()) == []

    live(scenario, tmp_path)


def test_hostile_name_of_a_checkpoint_is_refused(tmp_path):
    async def scenario(house):
        run_id = await house.begin(evaluation_episodes=0)
        one = f"{run_id}-1-0"
        await house.running(run_id)
        house.nodes["a"].blobs[f"jobs/{one}/checkpoints/latest.json"] = (
            b'{"file": "../../evil.pt", "step": 1, "sha256": ""}'
        )
        await house.nodes.becomes("b", f"{run_id}-1-1", State.SUCCEEDED)
        await house.nodes.becomes("a", one, State.SUCCEEDED)
        row = await house.over(run_id)
        assert "cannot be read" in row.reason

    live(scenario, tmp_path)


def test_newest_checkpoints_are_kept_on_the_desk(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        for step in range(1, 7):
            await house.nodes.checkpoint("a", f"{run_id}-1-0", step, data=str(step).encode())
            await house.until(run_id, lambda row, n=step: row.checkpoint.endswith(f"step_{n}.pt"))
        folder = tmp_path / "runs" / run_id / "checkpoints"
        assert sorted(file.name for file in folder.iterdir()) == [
            *("step_4.pt", "step_5.pt", "step_6.pt"),
        ]

    live(scenario, tmp_path)


def test_checkpoint_that_a_cut_link_kept_back_comes_with_its_return(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        one = f"{run_id}-1-0"
        await house.running(run_id)
        get = house.nodes.get

        async def cut_in_the_middle(name, path, target):
            await house.nodes.cut("a")
            await get(name, path, target)

        house.nodes.get = cut_in_the_middle
        await house.nodes.checkpoint("a", one, 64)
        await house.until(run_id, lambda row: row.state is State.UNKNOWN)
        house.nodes.get = get
        await house.nodes.mend("a")
        row = await house.until(run_id, lambda row: row.checkpoint)
        assert row.checkpoint.endswith("step_64.pt")

    live(scenario, tmp_path)


def test_gap_is_asked_for_again(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        one = f"{run_id}-1-0"
        await house.running(run_id)
        house.nodes["a"].jobs[one].followed = {"metrics.jsonl": 40}
        await house.nodes.metric("a", one, 64, a=1.0)
        await house.nodes.metric("a", one, 128, a=2.0)
        row = await house.until(run_id, lambda row: row.metric_count == 2)
        assert row.step == 128

    live(scenario, tmp_path)


def test_output_that_the_node_has_rotated_away_is_not_waited_for(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        one = f"{run_id}-1-0"
        await house.running(run_id)
        await house.nodes.write("a", one, "output.log", "first\n")
        await house.nodes.cut("a")
        await house.nodes.write("a", one, "output.log", "second\nthird\n")
        house.nodes["a"].jobs[one].lost["output.log"] = len("first\nsecond\n")
        await house.nodes.mend("a")

        async def text():
            return (await house.ask("logs", run_id=run_id, job_id=one))["logs"][0].text

        deadline = time.monotonic() + 5
        while await text() != "first\nthird\n":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        await house.nodes.write("a", one, "output.log", "fourth\n")
        assert (await text()).endswith("third\nfourth\n")

    live(scenario, tmp_path)


@pytest.mark.expects_log("cannot be stored")
@pytest.mark.expects_log("cannot be written")
def test_full_disk_of_the_desk_loses_nothing_once_there_is_space(tmp_path, monkeypatch):
    monkeypatch.setattr(follower, "LOOK_AGAIN_SECONDS", 0.05)

    async def scenario(house):
        run_id = await house.begin(evaluation_episodes=0)
        one = f"{run_id}-1-0"
        await house.running(run_id)
        transact = house.store.transact

        def full(_work):
            raise LeptonError("The store cannot be used: database or disk is full.", code="store")

        house.store.transact = full
        await house.nodes.metric("a", one, 64, a=1.0)
        await house.nodes.metric("a", one, 128, a=2.0)
        await house.nodes.becomes("b", f"{run_id}-1-1", State.SUCCEEDED)
        house.store.transact = transact
        row = await house.until(run_id, lambda row: row.metric_count == 2)
        assert row.step == 128
        await house.nodes.checkpoint("a", one, 128)
        await house.nodes.becomes("a", one, State.SUCCEEDED)
        assert (await house.over(run_id)).state is State.SUCCEEDED

    live(scenario, tmp_path)


def test_finished_run_can_be_removed_and_an_active_one_not(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        with pytest.raises(LeptonError, match="RUNNING"):
            await house.ask("remove", run_id=run_id)
        await house.nodes.checkpoint("a", f"{run_id}-1-0", 64)
        await house.until(run_id, lambda row: row.checkpoint)
        await house.ask("stop", run_id=run_id)
        await house.over(run_id)
        await house.ask("remove", run_id=run_id)
        assert not (tmp_path / "runs" / run_id).exists()
        with pytest.raises(LeptonError, match="no run"):
            await house.ask("show", run_id=run_id)
        assert (await house.ask("list"))["runs"] == []

    live(scenario, tmp_path)


def test_run_is_found_by_name_prefix_and_newest_first(tmp_path):
    async def scenario(house):
        first = await house.begin()
        second = (await house.ask("rerun", run_id=first)).run_id
        assert (await house.ask("show", run_id="demo")).run_id == second
        assert (await house.ask("show", run_id=first[:7])).run_id == first
        assert [row.number for row in (await house.ask("list"))["runs"]] == [1, 2]
        with pytest.raises(LeptonError) as caught:
            await house.ask("show", run_id="nothing")
        assert caught.value.hint

    live(scenario, tmp_path)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"environment": "CartPole-v9"}, "CartPole-v9"),
        ({"options": {"epochs": 0}}, "epochs is 0"),
        ({"options": {"epoch": 3}}, "no field 'epoch'"),
        ({"nodes": ["a", "c"]}, "no node c"),
        ({"name": "a b"}, "not a usable run name"),
        ({"total_steps": 0}, "total_steps"),
        (
            {
                "reward": {
                    "name": "r",
                    "environment": "CartPole-v1",
                    "terms": [{"name": "up", "formula": "pole_angel * 2"}],
                }
            },
            "terms.up.formula, column 1",
        ),
        (
            {
                "reward": {
                    "name": "r",
                    "environment": "CartPole-v1",
                    "terms": [{"name": "up", "formula": "1 +"}],
                }
            },
            "terms.up.formula",
        ),
        ({"reward": {"name": "r", "environment": "Acrobot-v1", "terms": []}}, "written for"),
    ],
)
def test_run_that_cannot_work_is_refused_before_anything_is_done(tmp_path, spec, words):
    async def scenario(house):
        with pytest.raises(LeptonError) as caught:
            await house.begin(**spec)
        assert words in caught.value.message
        assert caught.value.code != "failed"
        assert (await house.ask("list"))["runs"] == []

    live(scenario, tmp_path)


def test_many_lines_are_published_at_most_four_times_a_second(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        await house.running(run_id)
        await asyncio.sleep(0.3)
        before, began = house.board.revision, time.monotonic()
        for step in range(300):
            await house.nodes.metric("a", f"{run_id}-1-0", step, a=float(step))
        took = time.monotonic() - began
        assert house.board.revision - before <= 2 + took * 4

    live(scenario, tmp_path)


def test_logs_come_page_by_page_without_terminal_control(tmp_path):
    async def scenario(house):
        run_id = await house.begin()
        one = f"{run_id}-1-0"
        await house.running(run_id)
        await house.nodes.write("a", one, "output.log", "\x1b[1mfirst\x1b[0m\nsecond\n")
        await house.nodes.write("a", one, "output.log", "third\n")
        page = (await house.ask("logs", run_id=run_id, job_id=one, limit=8))["logs"][0]
        assert page.text == "third\n"
        page = await house.ask("logs", run_id=run_id, job_id=one, before=page.offset, limit=99)
        assert page["logs"][0].text == "first\nsecond\n"
        assert page["logs"][0].offset == 0
        assert len((await house.ask("logs", run_id=run_id))["logs"]) == 2
        with pytest.raises(LeptonError, match="no job"):
            await house.ask("logs", run_id=run_id, job_id="x")

    live(scenario, tmp_path)
