"""How runs and plans read in a terminal, and how a run is followed. Runs on the desk."""

from __future__ import annotations

import shlex

from lepton_desktop.cli.output import note, pairs, table, when
from lepton_desktop.client import EngineClient
from lepton_desktop.client.status_line import StatusLine
from lepton_desktop.client.watch import watch_run
from lepton_desktop.client.words import (
    clean,
    number_text,
    reward_terms,
    run_fraction,
    run_progress,
    run_returns,
    seconds_text,
)
from lepton_desktop.wire.desk import Plan, RunRow


def run_table(rows: list[RunRow]) -> str:
    """One line a run, newest last."""
    lines = [
        (
            row.number,
            row.run_id,
            row.name,
            row.state.value,
            "" if (fraction := run_fraction(row)) is None else f"{fraction:.0%}",
            number_text(row.result.get("eval/return_mean", _newest_return(row))),
            ", ".join(row.nodes),
            when(row.created),
            row.reason,
        )
        for row in sorted(rows, key=lambda row: row.number)
    ]
    heads = ("#", "RUN", "NAME", "STATE", "DONE", "RETURN", "NODES", "CREATED", "NOTE")
    return table(heads, lines, "No runs. Start one with: leptonctl run start --env CartPole-v1")


def _newest_return(row: RunRow) -> float | None:
    return row.metrics.get("objective/return_mean", row.metrics.get("rollout/return_mean"))


def run_text(row: RunRow) -> str:
    """Everything of one run."""
    spec = row.spec
    reward = spec.get("reward") or {}
    shown = {
        "run": f"{row.run_id} (#{row.number}, {row.name})",
        "state": f"{row.state.value}{f', {row.phase}' if row.phase else ''}",
        "reason": row.reason,
        "hint": row.hint,
        "environment": spec.get("environment", "CartPole-v1"),
        "reward": reward.get("name", "the environment's own"),
        "nodes": ", ".join(row.nodes),
        "world size": row.world_size,
        "attempt": row.attempt,
        "created": when(row.created),
        "took": _took(row),
        "progress": run_progress(row),
        "newest": run_returns(row),
        "evaluation": evaluation(row),
        "checkpoint": row.checkpoint,
    }
    return f"{pairs(shown)}\n\n{_job_table(row)}"


def _job_table(row: RunRow) -> str:
    lines = [
        (
            job.job_id,
            job.kind,
            job.node,
            f"{job.first_rank}–{job.first_rank + job.ranks - 1}"
            if job.ranks > 1
            else job.first_rank,
            job.state.value,
            "" if job.exit_code is None else job.exit_code,
            job.reason,
        )
        for job in row.jobs
    ]
    heads = ("JOB", "KIND", "NODE", "RANKS", "STATE", "EXIT", "NOTE")
    return table(heads, lines, "No jobs yet.")


def _took(row: RunRow) -> str:
    if row.started is None or row.ended is None:
        return ""
    return seconds_text(row.ended - row.started)


def evaluation(row: RunRow) -> str:
    """Mean ± deviation over the evaluation's episodes, empty before there is one."""
    mean, spread = row.result.get("eval/return_mean"), row.result.get("eval/return_std")
    if mean is None:
        return ""
    episodes = row.result.get("eval/episodes")
    over = "" if episodes is None else f" over {episodes:.0f} episodes"
    terms = "  ".join(
        f"{name} {number_text(value)}"
        for name, value in reward_terms(row.result, "eval/reward/").items()
    )
    return f"return {number_text(mean)} ± {number_text(spread)}{over}  {terms}".rstrip()


def plan_text(plan: Plan) -> str:
    """The exact commands, node by node."""
    lines = [
        f"world size {plan.world_size}, backend {plan.backend}, master {plan.master_address}:"
        f"{plan.master_port or '(taken at the start)'}"
    ]
    for step in plan.steps:
        last = step.first_rank + step.ranks - 1
        ranks = f"ranks {step.first_rank} to {last}" if step.ranks > 1 else f"rank {last}"
        lines += ["", f"{step.node}: {ranks} on {', '.join(step.devices)}"]
        lines += [f"  {name}={shlex.quote(value)}" for name, value in sorted(step.env.items())]
        lines += [f"  $ {shlex.join(step.argv)}"]
        lines += [f"  file {name}" for name in step.files]
    lines += [f"warning: {text}" for text in plan.warnings]
    return clean("\n".join(lines), keep="\n")


def follow(client: EngineClient, run_id: str) -> RunRow:
    """Show progress and newest metrics on stderr until the run ends; ^C only stops looking."""
    status = StatusLine()
    row = client.run(run_id)
    said = ""
    try:
        for row, tasks in watch_run(client, run_id):
            word = f"{row.state.value} {row.phase}".strip()
            if word != said:
                status.end()
                note(f"{row.name}: {word}{f' – {row.reason}' if row.reason else ''}")
                said = word
            if row.step:
                status.show(f"{run_progress(row)}  {run_returns(row)}")
            elif tasks:
                status.show(f"{tasks[-1].title}: {tasks[-1].step}")
    except KeyboardInterrupt:
        note(f"\n{row.name} goes on. Stop it with: leptonctl run stop {row.run_id}")
        raise
    finally:
        status.end()
    return row
