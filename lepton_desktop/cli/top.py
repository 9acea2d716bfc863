"""``leptonctl top``: a live table of nodes and runs. Runs on the desk."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from typing import Annotated

import typer

from lepton_desktop.cli.node_text import cpu, gpu, memory
from lepton_desktop.cli.output import Json, result, table
from lepton_desktop.cli.session import attach
from lepton_desktop.client import EngineClient
from lepton_desktop.client.words import bytes_text, clean, run_progress, run_returns
from lepton_desktop.wire.desk import Changes, LinkState, NodeRow, RunRow

FRAME_SECONDS = 1.0
FIRST_SAMPLE_SECONDS = 10.0
TOPICS = ("nodes", "runs")
HOME_AND_CLEAR = "\x1b[H\x1b[2J"


def top(
    once: Annotated[bool, typer.Option("--once", help="Print one table and end.")] = False,
    as_json: Json = False,
) -> None:
    """Watch load, memory, GPUs and running trainings of every node; ^C ends."""
    with attach() as client:
        picture = Picture()
        if once or as_json or not sys.stdout.isatty():
            picture.fill(client)
            value = {"nodes": picture.nodes, "runs": picture.active}
            result(value, as_json, picture.text)
            return
        with contextlib.suppress(KeyboardInterrupt):
            _watch(client, picture)


def _watch(client: EngineClient, picture: Picture) -> None:
    while True:
        picture.apply(client.changes(picture.revision, TOPICS, FRAME_SECONDS))
        size = shutil.get_terminal_size()
        lines = picture.text().splitlines()[: size.lines - 2]
        body = "\n".join(line[: size.columns] for line in lines)
        print(f"{HOME_AND_CLEAR}{time.strftime('%X')}  ^C ends\n{body}", flush=True)
        time.sleep(FRAME_SECONDS / 2)  # a busy cluster changes all the time


class Picture:
    """The newest rows of nodes and runs."""

    def __init__(self) -> None:
        self.revision = 0
        self._nodes: dict[str, NodeRow] = {}
        self._runs: dict[str, RunRow] = {}

    @property
    def nodes(self) -> list[NodeRow]:
        """All nodes by name."""
        return sorted(self._nodes.values(), key=lambda row: row.name)

    @property
    def active(self) -> list[RunRow]:
        """Runs that go on, oldest first."""
        rows = [row for row in self._runs.values() if not row.state.is_final]
        return sorted(rows, key=lambda row: row.number)

    def apply(self, changes: Changes) -> None:
        """Fold one answer in."""
        self.revision = changes.revision
        if changes.reset:
            self._nodes.clear()
            self._runs.clear()
        self._nodes |= {row.name: row for row in changes.nodes}
        self._runs |= {row.run_id: row for row in changes.runs}
        for name in changes.removed.get("nodes", []):
            self._nodes.pop(name, None)
        for run_id in changes.removed.get("runs", []):
            self._runs.pop(run_id, None)

    def fill(self, client: EngineClient) -> None:
        """Wait until every node that is coming up has a first sample, for a short while."""
        deadline = time.monotonic() + FIRST_SAMPLE_SECONDS
        while time.monotonic() < deadline:
            self.apply(client.changes(self.revision, TOPICS, FRAME_SECONDS))
            coming = (LinkState.CONNECTING, LinkState.UP)
            if not any(row.sample is None and row.state in coming for row in self.nodes):
                return

    def text(self) -> str:
        """Two tables."""
        heads = ("NODE", "STATE", "CPU", "LOAD", "MEMORY", "GPU", "IN", "OUT", "JOBS", "NOTE")
        nodes = table(heads, [_line(row) for row in self.nodes], "No nodes.")
        runs = "\n".join(
            clean(f"#{row.number} {row.name}  {row.state.value}  {run_progress(row)}")
            + f"\n   {clean(run_returns(row))}"
            for row in self.active
        )
        return f"{nodes}\n\n{runs or 'No active runs.'}"


def _line(row: NodeRow) -> tuple[object, ...]:
    host = row.sample.host if row.sample else None
    load = "–" if host is None or host.load_1m is None else f"{host.load_1m:.2f}"
    receive = host.network_receive_bytes_per_second if host else None
    send = host.network_send_bytes_per_second if host else None
    return (
        row.name,
        row.state.value,
        cpu(row),
        load,
        memory(row),
        gpu(row),
        _rate(receive),
        _rate(send),
        row.jobs_running,
        row.reason or row.step,
    )


def _rate(count: int | None) -> str:
    return bytes_text(count) if count is None else f"{bytes_text(count)}/s"
