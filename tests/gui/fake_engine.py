"""An engine for window tests: the real wire on 127.0.0.1, generated rows, faults on demand.

It runs an event loop in its own thread. ``edit()`` and ``publish()`` are for the test's thread.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import paths, write_private
from lepton_desktop.specs import EnvironmentSpec, NodeSpec, RunSpec, VariableSpec, load
from lepton_desktop.wire import framing
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import (
    ActivityRow,
    LinkState,
    LogText,
    NodeRow,
    Plan,
    PlanStep,
    RewardRow,
    RunRow,
    TaskRow,
)
from lepton_desktop.wire.node import ProcessInfo, State
from tests.gui import lab_rows

Handler = Callable[[dict[str, Any]], Any]

CARTPOLE = EnvironmentSpec(
    "CartPole-v1",
    "Cart pole",
    "discrete",
    [
        VariableSpec("cart_position", "Position of the cart", "m", -2.4, 2.4),
        VariableSpec("cart_velocity", "Speed of the cart", "m/s"),
        VariableSpec("pole_angle", "Angle of the pole", "rad", -0.2095, 0.2095),
        VariableSpec("pole_velocity", "Angular speed of the pole", "rad/s"),
    ],
    reward_threshold=475.0,
    max_episode_steps=500,
)
PENDULUM = EnvironmentSpec("Pendulum-v1", "Pendulum", "continuous", max_episode_steps=200)


class FakeEngine:
    """Nodes, runs and answers that a test arranges.

    Attributes:
        calls: Every request but ``changes.next``, in order: (method, params).
        failures: Method to the error it answers with from now on.
        logs: Run id to the text of its log, by job id.
        events: Run id to its events.
    """

    def __init__(self, home: Path) -> None:
        self.paths = paths(home).make()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failures: dict[str, LeptonError] = {}
        self.held: set[str] = set()
        """Methods that wait until ``release``."""
        self.nodes: dict[str, NodeRow] = {}
        self.runs: dict[str, RunRow] = {}
        self.logs: dict[str, dict[str, str]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.processes: list[ProcessInfo] = []
        self.connect_delay_seconds = 0.05
        self.host_key_known = False
        self._token = secrets.token_hex(8)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._board = ChangeBoard()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    # For the test's thread.

    def start(self) -> FakeEngine:
        """Listen, and say so in ``engine.json``."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="fake-engine")
        self._thread.start()
        assert ready.wait(5)
        text = json.dumps({"port": self._port, "token": self._token, "pid": os.getpid()})
        write_private(self.paths.engine_file, text)
        return self

    def stop(self) -> None:
        """Close every connection at once, as a killed engine does."""
        self.paths.engine_file.unlink(missing_ok=True)
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        if self._thread is not None:
            self._thread.join(5)
            assert not self._thread.is_alive()
            self._thread = None

    def set_nodes(self, rows: list[NodeRow]) -> None:
        """Replace what the engine knows of these nodes."""
        for row in rows:
            self.nodes[row.name] = row
        self._publish("nodes", [(row.name, row) for row in rows])

    def set_runs(self, rows: list[RunRow]) -> None:
        """Replace what the engine knows of these runs."""
        for row in rows:
            self.runs[row.run_id] = row
        self._publish("runs", [(row.run_id, row) for row in rows])

    def set_activity(self, rows: list[ActivityRow]) -> None:
        """Add lines of the activity log."""
        self._publish("activity", [(str(row.id), row) for row in rows])

    def set_task(self, task: TaskRow) -> None:
        """Show something long."""
        self._publish("tasks", [(task.task_id, task)])

    def edit_node(self, name: str, **changes: Any) -> None:
        """Change fields of a node."""
        self.set_nodes([dataclasses.replace(self.nodes[name], **changes)])

    def edit_run(self, run_id: str, **changes: Any) -> None:
        """Change fields of a run."""
        self.set_runs([dataclasses.replace(self.runs[run_id], **changes)])

    def called(self, method: str) -> list[dict[str, Any]]:
        """Params of every call of a method."""
        return [params for name, params in self.calls if name == method]

    def _publish(self, topic: str, rows: list[tuple[str, object]]) -> None:
        def publish() -> None:
            for key, row in rows:
                self._board.publish(topic, key, row)

        self._soon(publish)

    def _soon(self, work: Callable[[], None]) -> None:
        if self._loop is None or threading.current_thread() is self._thread:
            work()
        else:
            self._loop.call_soon_threadsafe(work)

    # In the loop's thread.

    def _run(self, ready: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=16 * 1024 * 1024)
        )
        self._port = server.sockets[0].getsockname()[1]
        self._loop = loop
        self._board.publish("engine", "engine", lab_rows.engine_status(len(self.nodes)))
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(self._wind_up())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    async def _wind_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            writer.write(framing.hello("engine"))
            await reader.readline()
            while line := await reader.readline():
                message = framing.decode(line)
                assert isinstance(message, framing.Request)
                writer.write(framing.encode(await self._answer(message)))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the window went away, or the test stops the engine
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, request: framing.Request) -> framing.Reply | framing.Failure:
        params = request.params
        if request.method == "changes.next":
            changes = await self._board.next(
                params["revision"], params["topics"], params["timeout_seconds"]
            )
            return framing.Reply(request.id, dump(changes))
        self.calls.append((request.method, params))
        while request.method in self.held:
            await asyncio.sleep(0.01)
        try:
            if request.method in self.failures:
                raise self.failures[request.method]
            handler = getattr(self, "_" + request.method.replace(".", "_"))
            return framing.Reply(request.id, dump(handler(params)))
        except LeptonError as error:
            return framing.failure_from(request.id, error)

    def _later(self, work: Callable[[], None]) -> None:
        async def run() -> None:
            await asyncio.sleep(self.connect_delay_seconds)
            work()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Methods of the engine, named after them.

    def _session_open(self, params: dict[str, Any]) -> Any:
        if params["token"] != self._token:
            raise LeptonError("The token is wrong.", code="token")
        return lab_rows.engine_status(len(self.nodes))

    def _engine_status(self, _: dict[str, Any]) -> Any:
        return lab_rows.engine_status(len(self.nodes))

    def _nodes_add(self, params: dict[str, Any]) -> Any:
        spec = load(NodeSpec, params["spec"])
        if spec.name in self.nodes:
            raise LeptonError(f"A node named {spec.name} exists.", "Choose another name.", "name")
        row = lab_rows.node(spec.name, 2, tags=spec.tags)
        row = dataclasses.replace(row, address=f"{spec.user or 'lab'}@{spec.host}:{spec.port}")
        connecting = dataclasses.replace(
            row, state=LinkState.CONNECTING, step="Reaching the host", sample=None, facts=None
        )
        self.set_nodes([connecting])
        key = params.get("accept_key")
        if self.host_key_known or key == lab_rows.KEY_B:
            self._later(lambda: self.set_nodes([row]))
        else:
            self._later(lambda: self.set_nodes([lab_rows.blocked(row, changed=False)]))
        return connecting

    def _nodes_edit(self, params: dict[str, Any]) -> Any:
        row = self._node(params)
        changes = params["changes"]
        kept = {key: changes[key] for key in ("tags", "group", "python") if key in changes}
        row = dataclasses.replace(row, **kept)
        self.set_nodes([row])
        return row

    def _nodes_trust(self, params: dict[str, Any]) -> Any:
        row = self._node(params)
        if row.offered_key != params["fingerprint"]:
            raise LeptonError("The node now shows another key.", "Compare again.", "host_key")
        connecting = dataclasses.replace(
            row, state=LinkState.CONNECTING, step="Logging in", reason="", code="", hint=""
        )
        up = lab_rows.node(row.name, 2, address=row.address, host_key=row.offered_key)
        self.set_nodes([connecting])
        self._later(lambda: self.set_nodes([up]))
        return connecting

    def _nodes_login(self, params: dict[str, Any]) -> Any:
        row = self._node(params)
        if params.get("password") == "wrong":
            raise LeptonError("The node refused the password.", "Try again.", "login_refused")
        up = lab_rows.node(row.name, 2, address=row.address)
        self.set_nodes([dataclasses.replace(row, state=LinkState.CONNECTING, step="Logging in")])
        self._later(lambda: self.set_nodes([up]))
        return self.nodes[row.name]

    def _nodes_reconnect(self, params: dict[str, Any]) -> Any:
        row = dataclasses.replace(self._node(params), state=LinkState.CONNECTING, retry_at=None)
        self.set_nodes([row])
        return row

    def _nodes_drain(self, params: dict[str, Any]) -> Any:
        row = dataclasses.replace(
            self._node(params), drained=True, drain_reason=params.get("reason", "")
        )
        self.set_nodes([row])
        return row

    def _nodes_resume(self, params: dict[str, Any]) -> Any:
        row = dataclasses.replace(self._node(params), drained=False, drain_reason="")
        self.set_nodes([row])
        return row

    def _nodes_remove(self, params: dict[str, Any]) -> Any:
        row = self.nodes.pop(self._node(params).name)
        self._board.remove("nodes", row.name)
        user, _, rest = row.address.partition("@")
        host = rest.partition(":")[0]
        return {"spec": dump(NodeSpec(row.name, host, user=user, tags=row.tags))}

    def _nodes_processes(self, params: dict[str, Any]) -> Any:
        self._node(params)
        return {"processes": self.processes}

    def _nodes_environments(self, params: dict[str, Any]) -> Any:
        return {"environments": self._node(params).environments}

    def _telemetry_series(self, params: dict[str, Any]) -> Any:
        return {"series": lab_rows.telemetry_series(
            params["keys"], params["seconds"], params["width"], params["name"])}  # fmt: skip

    def _telemetry_cluster(self, params: dict[str, Any]) -> Any:
        return {"series": lab_rows.telemetry_series(
            params["keys"], params["seconds"], params["width"], "lab")}  # fmt: skip

    def _runs_plan(self, params: dict[str, Any]) -> Any:
        spec = load(RunSpec, params["spec"])
        if spec.name == "taken":
            raise LeptonError("A run named taken exists.", "Choose another name.", "name")
        nodes = spec.nodes or ["this-computer"]
        ranks = spec.processes_per_node
        head = ["/opt/rl/bin/python", "-m", "torch.distributed.run", "--nnodes", str(len(nodes))]
        return Plan(
            world_size=len(nodes) * ranks,
            backend="gloo",
            master_address="10.4.1.17",
            master_port=0,
            steps=[
                PlanStep(
                    name,
                    rank * ranks,
                    ranks,
                    ["cpu"] * ranks,
                    [*head, "--node-rank", str(rank), "-m", "lepton_desktop.runtime", "train",
                     "{job}/train.json"],
                    {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "eth0"},
                    ["train.json"],
                )
                for rank, name in enumerate(nodes)
            ],
            warnings=["gpu-a-02 has 1 job already."] if "gpu-a-02" in nodes else [],
        )  # fmt: skip

    def _runs_start(self, params: dict[str, Any]) -> Any:
        spec = load(RunSpec, params["spec"])
        number = max((run.number for run in self.runs.values()), default=0) + 1
        row = lab_rows.run(
            number, State.STARTING, 0, name=spec.name, spec=dump(spec), total_steps=spec.total_steps
        )
        self.set_runs([row])
        return row

    def _runs_stop(self, params: dict[str, Any]) -> Any:
        self.edit_run(params["run_id"], state=State.STOPPING)
        self._later(lambda: self.edit_run(
            params["run_id"], state=State.CANCELLED, ended=time.time()))  # fmt: skip
        return self.runs[params["run_id"]]

    def _runs_rerun(self, params: dict[str, Any]) -> Any:
        return self._runs_start({"spec": self.runs[params["run_id"]].spec})

    def _runs_remove(self, params: dict[str, Any]) -> Any:
        self.runs.pop(params["run_id"])
        self._board.remove("runs", params["run_id"])
        return {}

    def _runs_metrics(self, params: dict[str, Any]) -> Any:
        row = self.runs[params["run_id"]]
        return {"series": lab_rows.metric_series(row, params["keys"], params.get("x_from"))}

    def _runs_logs(self, params: dict[str, Any]) -> Any:
        run = self.runs[params["run_id"]]
        texts = self.logs.get(run.run_id, {})
        nodes = {job.job_id: job.node for job in run.jobs}
        return {"logs": [LogText(job, nodes.get(job, ""), text, 0) for job, text in texts.items()]}

    def _runs_events(self, params: dict[str, Any]) -> Any:
        return {"events": self.events.get(params["run_id"], [])}

    def _rewards_list(self, _: dict[str, Any]) -> Any:
        reward = lab_rows.REWARD
        row = RewardRow(reward.name, reward.environment, reward.version, "shipped", dump(reward))
        return {"rewards": [row]}

    def _environments_list(self, _: dict[str, Any]) -> Any:
        return {"environments": [CARTPOLE, PENDULUM]}

    def _activity_list(self, _: dict[str, Any]) -> Any:
        return {"activity": lab_rows.activity()}

    def _node(self, params: dict[str, Any]) -> NodeRow:
        name = params["name"]
        if name not in self.nodes:
            raise LeptonError(f"There is no node {name}.", code="node_unknown")
        return self.nodes[name]
