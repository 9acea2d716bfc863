"""The exact commands of a run."""

import json

from lepton_desktop.engine.runs.network import meeting
from lepton_desktop.engine.runs.placement import choose_devices
from lepton_desktop.engine.runs.plan import Code, Layout, evaluate_job, plan, train_jobs
from lepton_desktop.engine.runs.states import Launching, apply_run
from lepton_desktop.specs import EvaluateSpec, RewardSpec, RewardTerm, RunSpec, TrainSpec, load
from tests.engine.runs.making import make_run
from tests.engine.runs.seats import node, seats

CODE = Code("bundles/abc", {"extra": "bundles/def/extra"})


def layout(*nodes, ranks=1, spec=None):
    taken = seats(*nodes, ranks=ranks)
    return Layout(taken, choose_devices(spec or RunSpec("demo"), taken), meeting(taken), CODE)


def two_machines():
    return (
        node("a", [("eth0", "10.0.0.1", 24)], boot="b1"),
        node("b", [("ib0", "10.0.0.2", 24)], boot="b2"),
    )


def test_single_rank_runs_without_torchrun():
    found = plan(RunSpec("demo"), layout(node("a")))
    assert found.world_size == 1
    (step,) = found.steps
    assert step.argv == ["/py", "-m", "lepton_desktop.runtime", "train", "{job}/train.json"]
    assert step.env == {"PYTHONPATH": "/home/a/bundles/abc", "OMP_NUM_THREADS": "1"}
    assert step.files == ["train.json", "bundles/abc", "bundles/def/extra"]
    assert step.devices == ["cpu"]


def test_two_nodes_run_under_torchrun_with_explicit_ranks_and_interfaces():
    found = plan(RunSpec("demo"), layout(*two_machines(), ranks=2), port=29400)
    assert (found.world_size, found.master_address, found.master_port) == (4, "10.0.0.1", 29400)
    second = found.steps[1]
    assert (second.first_rank, second.ranks) == (2, 2)
    assert second.env["GLOO_SOCKET_IFNAME"] == "ib0"
    assert second.env["NCCL_SOCKET_IFNAME"] == "ib0"
    assert " ".join(second.argv) == (
        "/py -m torch.distributed.run --nnodes 2 --node-rank 1 --nproc-per-node 2"
        " --master-addr 10.0.0.1 --master-port 29400 --max-restarts 0 --log-dir {job}/torchrun"
        " -m lepton_desktop.runtime train {job}/train.json"
    )


def test_dry_run_has_no_port_and_is_otherwise_the_same():
    dry = plan(RunSpec("demo"), layout(*two_machines()))
    real = plan(RunSpec("demo"), layout(*two_machines()), port=5)
    assert dry.master_port == 0
    assert [step.env for step in dry.steps] == [step.env for step in real.steps]


def test_ranks_get_the_gpus_in_turn():
    found = plan(RunSpec("demo"), layout(node("a", gpus=2, cuda="12"), ranks=3))
    assert found.steps[0].devices == ["cuda:0", "cuda:1", "cuda:0"]
    assert found.backend == "gloo"


def test_jobs_carry_the_plan_and_what_a_rank_is_given():
    reward = RewardSpec("r", "CartPole-v1", [RewardTerm("up", "1")])
    run = make_run(reward=reward, options={"epochs": 3}, total_steps=500, seed=4)
    run.state = apply_run(run.state, Launching(0.0))
    settled = plan(run.spec, layout(*two_machines()), 29400)
    jobs = train_jobs(run, layout(*two_machines()), settled, run.state.attempt)
    assert [job.job_id for job in jobs] == ["aaaa0000-1-0", "aaaa0000-1-1"]
    assert [job.spec.argv for job in jobs] == [step.argv for step in settled.steps]
    task = load(TrainSpec, json.loads(jobs[1].spec.files["train.json"]))
    assert task.reward == reward
    assert (task.options, task.total_steps, task.seed) == ({"epochs": 3}, 500, 4)
    assert task.plugin_folders == ["/home/b/bundles/def/extra"]
    assert (task.device, task.backend) == ("cpu", "gloo")


def test_evaluation_uses_the_python_and_code_of_the_training():
    run = make_run(evaluation_episodes=7)
    run.state = apply_run(run.state, Launching(0.0))
    settled = plan(run.spec, layout(*two_machines()), 29400)
    first = train_jobs(run, layout(*two_machines()), settled, 1)[0]
    job = evaluate_job(run, first, "/home/a", "step_64.pt")
    assert job.spec.argv == [
        *("/py", "-m", "lepton_desktop.runtime", "evaluate", "{job}/evaluate.json"),
    ]
    assert job.spec.env == {"PYTHONPATH": "/home/a/bundles/abc", "OMP_NUM_THREADS": "1"}
    task = load(EvaluateSpec, json.loads(job.spec.files["evaluate.json"]))
    assert task.checkpoint == "/home/a/jobs/aaaa0000-1-0/checkpoints/step_64.pt"
    assert (task.episodes, task.plugin_folders) == (7, ["/home/a/bundles/def/extra"])
