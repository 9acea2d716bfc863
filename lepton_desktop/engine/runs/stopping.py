"""Stops the jobs of a run on every node at once and verifies it. Runs in the engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from lepton_desktop.engine.runs.book import RunBook
from lepton_desktop.engine.runs.follower import STOP_GRACE_SECONDS
from lepton_desktop.engine.runs.nodes import LINK_DOWN, Nodes
from lepton_desktop.engine.runs.records import Job, Run
from lepton_desktop.engine.runs.states import Abandoned, StopAsked, Stopped, survivors_text
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import StopReport

PATIENCE_SECONDS = 10.0
"""How long a node that is away may take to come back before its jobs are given up on."""

RETRY_SECONDS = 0.5


async def stop_jobs(nodes: Nodes, book: RunBook, run: Run, jobs: Sequence[Job]) -> list[str]:
    """Stop all of them side by side; a sentence for each that is not proved to be gone.

    Jobs that are over are swept as well: what they left behind is theirs.
    """
    for job in jobs:
        book.change_job(run, job, StopAsked())
    results = await asyncio.gather(*(_stop(nodes, book, run, job) for job in jobs))
    return [text for text in results if text]


async def _stop(nodes: Nodes, book: RunBook, run: Run, job: Job) -> str:
    params = {"job_id": job.job_id, "grace_seconds": STOP_GRACE_SECONDS}
    over = job.state.state.is_final
    deadline = time.monotonic() + (0.0 if over else PATIENCE_SECONDS)
    while True:
        try:
            report = build(StopReport, await nodes.call(job.node, "job.stop", params))
        except LeptonError as error:
            if error.code in LINK_DOWN and time.monotonic() < deadline:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if over:
                return ""
            text = f"Not verified on {job.node}: {error.message}"
            book.change_job(run, job, Abandoned(text))
            return text
        book.change_job(run, job, Stopped(report))
        return f"{job.node}: {survivors_text(report)}" if report.survivors else ""
