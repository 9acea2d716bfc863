"""Every transition of jobs and runs, as a table, and what no sequence of events may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.engine.runs.states import (
    Abandoned,
    Asked,
    Ended,
    Evaluating,
    JobsChanged,
    JobState,
    Launching,
    LinkLost,
    Move,
    NodeAway,
    Refused,
    Reported,
    RunState,
    RunStopAsked,
    StopAsked,
    Stopped,
    Vanished,
    apply_job,
    apply_run,
    next_move,
)
from lepton_desktop.wire.node import JobStatus, ProcessInfo, State, StopReport

P, S, R, X = State.PENDING, State.STARTING, State.RUNNING, State.STOPPING
OK, BAD, CAN, UNK = State.SUCCEEDED, State.FAILED, State.CANCELLED, State.UNKNOWN


def report(state, **more):
    return Reported(JobStatus("j", state, **more))


GONE = Stopped(StopReport("j", CAN))
FINISHED = Stopped(StopReport("j", OK))
DIED = Stopped(StopReport("j", BAD))
SILENT = Stopped(StopReport("j", UNK, reason="no such job"))
ALIVE = Stopped(StopReport("j", R, [ProcessInfo(42, "me", "python train")]))

# state, stopping, event → state
JOB_TABLE = [
    (P, False, Asked(), S),
    (S, False, Asked(), S),
    (UNK, False, Asked(), UNK),
    (S, False, Refused("disk full"), BAD),
    (X, True, Refused("disk full"), CAN),
    (P, False, report(S), S),
    (S, False, report(R), R),
    (R, False, report(S), R),
    (UNK, False, report(R), R),
    (UNK, False, report(S), S),
    (UNK, True, report(R), X),
    (X, True, report(R), X),
    (X, True, report(X), X),
    (R, False, report(X), X),
    (S, False, report(OK), OK),
    (R, False, report(OK), OK),
    (R, False, report(BAD), BAD),
    (R, False, report(CAN), CAN),
    (X, True, report(OK), OK),
    (X, True, report(BAD), CAN),
    (UNK, False, report(BAD), BAD),
    (UNK, True, report(BAD), CAN),
    (R, False, report(UNK), UNK),
    (P, False, LinkLost("gone"), UNK),
    (S, False, LinkLost("gone"), UNK),
    (R, False, LinkLost("gone"), UNK),
    (X, True, LinkLost("gone"), UNK),
    (P, False, StopAsked(), X),
    (R, False, StopAsked(), X),
    (UNK, False, StopAsked(), UNK),
    (X, True, GONE, CAN),
    (X, True, FINISHED, OK),
    (X, True, DIED, CAN),
    (X, True, SILENT, CAN),
    (UNK, True, GONE, CAN),
    (X, True, ALIVE, CAN),
    (R, False, Vanished("unknown"), BAD),
    (UNK, True, Vanished("unknown"), CAN),
    (UNK, True, Abandoned("away"), CAN),
]


@pytest.mark.parametrize(("state", "stopping", "event", "after"), JOB_TABLE)
def test_job_transition(state, stopping, event, after):
    assert apply_job(JobState(state, stopping=stopping), event).state is after


RUN_TABLE = [
    (RunState(), Launching(1.0), S, "training"),
    (RunState(X, stopping=True), Launching(1.0), X, "training"),
    (RunState(S, "training"), JobsChanged([JobState(R), JobState(S)]), S, "training"),
    (RunState(S, "training"), JobsChanged([JobState(R), JobState(R)]), R, "training"),
    (RunState(S, "training"), JobsChanged([JobState(OK), JobState(R)]), R, "training"),
    (RunState(R, "training"), JobsChanged([JobState(UNK), JobState(R)]), UNK, "training"),
    (RunState(UNK, "training"), JobsChanged([JobState(R), JobState(R)]), R, "training"),
    (RunState(UNK, "training"), JobsChanged([JobState(S), JobState(R)]), S, "training"),
    (RunState(R, "training"), JobsChanged([JobState(BAD), JobState(R)]), R, "training"),
    (RunState(R, "training"), JobsChanged([]), R, "training"),
    (RunState(X, "training", stopping=True), JobsChanged([JobState(UNK)]), X, "training"),
    (RunState(R, "training"), Evaluating(), R, "evaluating"),
    (RunState(UNK, "training"), Evaluating(), R, "evaluating"),
    (RunState(X, "training", stopping=True), Evaluating(), X, "evaluating"),
    (RunState(R, "training"), NodeAway("gone"), UNK, "training"),
    (RunState(X, "training", stopping=True), NodeAway("gone"), X, "training"),
    (RunState(R, "evaluating"), JobsChanged([JobState(S)]), R, "evaluating"),
    (RunState(R, "evaluating"), JobsChanged([JobState(UNK)]), UNK, "evaluating"),
    (RunState(), RunStopAsked(), X, ""),
    (RunState(R, "training"), RunStopAsked(), X, "training"),
    (RunState(UNK, "training"), RunStopAsked(), X, "training"),
    (RunState(R, "training"), Ended(OK, 2.0), OK, ""),
    (RunState(R, "training"), Ended(BAD, 2.0, "why"), BAD, ""),
    (RunState(X, "training", stopping=True), Ended(BAD, 2.0, "why"), CAN, ""),
    (RunState(X, "training", stopping=True), Ended(CAN, 2.0), CAN, ""),
]


@pytest.mark.parametrize(("run", "event", "state", "phase"), RUN_TABLE)
def test_run_transition(run, event, state, phase):
    after = apply_run(run, event)
    assert (after.state, after.phase) == (state, phase)


MOVES = [
    (False, "training", [R, R], True, Move.WAIT),
    (False, "training", [], True, Move.WAIT),
    (False, "training", [OK, R], True, Move.WAIT),
    (False, "training", [OK, UNK], True, Move.WAIT),
    (False, "training", [OK, BAD], True, Move.BREAK),
    (False, "training", [CAN, R], True, Move.BREAK),
    (False, "training", [OK, OK], True, Move.EVALUATE),
    (False, "training", [OK, OK], False, Move.FINISH),
    (False, "evaluating", [OK], True, Move.FINISH),
    (False, "evaluating", [BAD], True, Move.BREAK),
    (True, "training", [R, BAD], True, Move.STOP),
    (True, "training", [], True, Move.STOP),
]


@pytest.mark.parametrize(("stopping", "phase", "jobs", "evaluate", "move"), MOVES)
def test_next_move(stopping, phase, jobs, evaluate, move):
    run = RunState(R, phase, stopping=stopping)
    assert next_move(run, [JobState(state) for state in jobs], evaluate) is move


def test_survivors_are_named_and_cleared_when_the_node_proves_it_later():
    job = apply_job(JobState(X, stopping=True), ALIVE)
    assert "42 (python train)" in job.reason
    assert job.unverified
    again = apply_job(job, ALIVE)
    assert again.unverified
    assert not apply_job(again, GONE).unverified
    assert not apply_job(again, Vanished("unknown")).unverified


def test_what_a_report_leaves_out_is_kept():
    job = apply_job(JobState(S), report(R, pid=7, started=1.0, output_start=9))
    job = apply_job(job, report(BAD, exit_code=3, reason="exit code 3", ended=2.0))
    assert job == JobState(
        BAD, "exit code 3", pid=7, exit_code=3, started=1.0, ended=2.0, known=True, output_start=9
    )


def test_attempts_count_and_the_first_start_stays():
    run = apply_run(RunState(), Launching(1.0))
    run = apply_run(run, Launching(2.0))
    assert (run.attempt, run.started) == (2, 1.0)


statuses = st.builds(
    JobStatus,
    st.just("j"),
    st.sampled_from(State),
    st.text(max_size=5),
    st.none() | st.integers(1, 99),
)
reports = st.builds(
    StopReport,
    st.just("j"),
    st.sampled_from(State),
    st.lists(st.just(ProcessInfo(1, "u", "c")), max_size=1),
)
job_events = st.one_of(
    st.just(Asked()),
    st.just(StopAsked()),
    st.builds(Refused, st.text(max_size=3)),
    st.builds(Reported, statuses),
    st.builds(LinkLost, st.text(max_size=3)),
    st.builds(Stopped, reports),
    st.builds(Vanished, st.text(max_size=3)),
    st.builds(Abandoned, st.text(max_size=3)),
)
job_states = st.builds(JobState, st.sampled_from(State))
run_events = st.one_of(
    st.just(Launching(1.0)),
    st.just(Evaluating()),
    st.just(RunStopAsked()),
    st.builds(NodeAway, st.text(max_size=3)),
    st.builds(JobsChanged, st.lists(job_states, max_size=3)),
    st.builds(Ended, st.sampled_from([OK, BAD, CAN]), st.just(2.0)),
)


@given(st.lists(job_events, max_size=12))
def test_no_events_lead_a_job_out_of_a_final_state(events):
    job, final = JobState(), None
    for event in events:
        job = apply_job(job, event)
        if final is not None:
            assert job.state is final
        if job.state.is_final:
            final = job.state


@given(st.lists(job_events, max_size=12))
def test_job_that_is_to_stop_never_runs_again(events):
    job = apply_job(JobState(R), StopAsked())
    for event in events:
        job = apply_job(job, event)
        assert job.state not in (P, S, R, BAD)


@given(st.lists(run_events, max_size=12))
def test_no_events_lead_a_run_out_of_a_final_state(events):
    run, final = RunState(), None
    for event in events:
        run = apply_run(run, event)
        if final is not None:
            assert run == final
        if run.state.is_final:
            final = run


@given(st.lists(run_events, max_size=12))
def test_run_that_is_to_stop_only_ends(events):
    run = apply_run(RunState(), RunStopAsked())
    for event in events:
        run = apply_run(run, event)
        assert run.state in (X, OK, CAN)


@given(st.sampled_from(State), st.lists(job_states, max_size=3), st.booleans())
def test_run_that_is_over_on_every_node_never_waits(state, jobs, evaluate):
    run = RunState(state, "training")
    if jobs and all(job.state.is_final for job in jobs):
        assert next_move(run, jobs, evaluate) is not Move.WAIT
