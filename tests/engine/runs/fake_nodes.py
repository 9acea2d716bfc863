"""Nodes made of nothing: for faults that no real machine commits on demand."""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.node import (
    FileChunk,
    JobLines,
    JobSpec,
    JobStatus,
    ProcessInfo,
    State,
    StopReport,
)
from tests.engine.runs.seats import node


@dataclass
class FakeJob:
    spec: JobSpec
    status: JobStatus
    files: dict = field(default_factory=dict)
    followed: dict | None = None
    lost: dict = field(default_factory=dict)
    """File to the offset before which the node has nothing any more."""


class FakeNode:
    """One node; its faults are attributes."""

    def __init__(self, name, **facts):
        self.candidate = node(name, [("eth0", facts.pop("address", "10.0.0.1"), 24)], **facts)
        self.name = name
        self.up = True
        self.jobs = {}
        self.blobs = {}
        self.calls = []
        self.refusal = None
        self.survivors = []
        self.start_gate = None
        self.start_state = State.RUNNING


class FakeNodes:
    """Stands where the fleet stands."""

    def __init__(self, *nodes):
        self.nodes = {one.name: one for one in nodes}
        self.listener = None

    def __getitem__(self, name):
        return self.nodes[name]

    def row(self, name):
        return self._known(name).candidate.row

    def spec(self, name):
        return self._known(name).candidate.spec

    def hello(self, name):
        return self._known(name).candidate.hello

    def _known(self, name):
        if name not in self.nodes:
            raise LeptonError(f"There is no node {name}.", code="node_unknown")
        return self.nodes[name]

    async def call(self, name, method, params, timeout_seconds=30.0):
        one = self._known(name)
        await asyncio.sleep(0)
        if not one.up:
            raise LeptonError(f"The link to {name} is down.", code="link_down")
        one.calls.append(method)
        return dump(await getattr(self, f"_{method.replace('.', '_')}")(one, params))

    async def push_bundle(self, name, bundle):
        one = self._known(name)
        if not one.up:
            raise LeptonError(f"The link to {name} is down.", code="link_down")
        return f"{one.candidate.hello.home}/{bundle.place}"

    async def get(self, name, path, target: Path):
        one = self._known(name)
        if not one.up:
            raise LeptonError(f"The link to {name} is down.", code="link_down")
        if path not in one.blobs:
            raise LeptonError(f"{name} has no file {path}.", code="file_missing")
        target.write_bytes(one.blobs[path])

    # What the agent answers

    async def _port_find(self, one, params):
        return {"port": 29400}

    async def _job_start(self, one, params):
        spec = build(JobSpec, params["job"])
        if one.start_gate is not None:
            await one.start_gate.wait()
        if one.refusal is not None:
            raise one.refusal
        if spec.job_id not in one.jobs:
            status = JobStatus(spec.job_id, one.start_state, pid=100)
            one.jobs[spec.job_id] = FakeJob(spec, status)
        return one.jobs[spec.job_id].status

    def _job(self, one, params):
        job = one.jobs.get(params["job_id"])
        if job is None:
            raise LeptonError("There is no such job.", code="job_unknown")
        return job

    async def _job_status(self, one, params):
        return self._job(one, params).status

    async def _job_stop(self, one, params):
        job = one.jobs.get(params["job_id"])
        if job is None:
            return StopReport(params["job_id"], State.UNKNOWN, reason="no such job")
        if not job.status.state.is_final and not one.survivors:
            job.status = JobStatus(job.spec.job_id, State.CANCELLED, "stopped", ended=2.0)
        survivors = [ProcessInfo(pid, "me", "python") for pid in one.survivors]
        return StopReport(job.spec.job_id, job.status.state, survivors)

    async def _job_follow(self, one, params):
        job = self._job(one, params)
        job.followed = dict(params["offsets"])
        asyncio.get_running_loop().create_task(self._deliver(one, job))
        return {}

    async def _file_read(self, one, params):
        data = one.blobs.get(params["path"])
        if data is None:
            raise LeptonError("There is no such file.", code="file_missing")
        return FileChunk(0, len(data), base64.b64encode(data).decode())

    # What happens on the node

    def are_followed(self, rows):
        return all(self.nodes[row.node].jobs[row.job_id].followed is not None for row in rows)

    async def write(self, name, job_id, file, text):
        one = self.nodes[name]
        job = one.jobs[job_id]
        job.files[file] = job.files.get(file, b"") + text.encode()
        await self._deliver(one, job)

    async def metric(self, name, job_id, step, **values):
        line = {
            "t": float(step),
            "step": step,
            "m": {k.replace("__", "/"): v for k, v in values.items()},
        }
        await self.write(name, job_id, "metrics.jsonl", json.dumps(line) + "\n")

    async def event(self, name, job_id, kind, text, **more):
        line = {"t": 1.0, "kind": kind, "text": text, **more}
        await self.write(name, job_id, "events.jsonl", json.dumps(line) + "\n")

    async def becomes(self, name, job_id, state, **more):
        one = self.nodes[name]
        job = one.jobs[job_id]
        job.status = JobStatus(job_id, state, pid=100, **more)
        await self._deliver(one, job)

    async def _deliver(self, one, job):
        if not one.up or job.followed is None or self.listener is None:
            return
        for file, data in sorted(job.files.items()):
            offset = max(job.followed.get(file, 0), job.lost.get(file, 0))
            if offset < len(data):
                job.followed[file] = len(data)
                text = data[offset:].decode()
                lines = JobLines(job.spec.job_id, file, offset, len(data), text)
                await self.listener.job_lines(one.name, lines)
        await self.listener.job_status(one.name, job.status)

    async def checkpoint(self, name, job_id, step, data=b"weights", digest=None):
        one = self.nodes[name]
        home = one.candidate.hello.home
        file = f"step_{step}.pt"
        digest = digest or hashlib.sha256(data).hexdigest()
        latest = {"file": file, "step": step, "sha256": digest}
        one.blobs[f"jobs/{job_id}/checkpoints/latest.json"] = json.dumps(latest).encode()
        one.blobs[f"{home}/jobs/{job_id}/checkpoints/{file}"] = data
        await self.event(name, job_id, "checkpoint", "saved", step=step, file=f"checkpoints/{file}")

    async def cut(self, name, reason="no route"):
        self.nodes[name].up = False
        for job in self.nodes[name].jobs.values():
            job.followed = None
        await self.listener.link_lost(name, reason)

    async def mend(self, name):
        self.nodes[name].up = True
        await self.listener.link_up(name)
