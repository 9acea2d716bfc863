"""Runs and jobs for tests."""

from lepton_desktop.engine.runs import ledger
from lepton_desktop.engine.runs.records import TRAIN, Job, Run
from lepton_desktop.specs import EnvironmentSpec, RunSpec
from lepton_desktop.wire.node import JobSpec


def make_run(run_id="aaaa0000", **spec):
    return Run(run_id, RunSpec("demo", **spec), EnvironmentSpec("CartPole-v1"), created=1.0)


def make_job(run, job_id="aaaa0000-1-0", node="a", kind=TRAIN, **spec):
    return Job(JobSpec(job_id, kind, ["true"], run_id=run.run_id, **spec), node, 1, 0, 1)


def stored(store, run, *jobs):
    run.number = store.transact(lambda base: ledger.insert_run(base, run))
    for job in jobs:
        job.number = store.transact(lambda base, job=job: ledger.insert_job(base, run, job))
        run.jobs.append(job)
    return run
